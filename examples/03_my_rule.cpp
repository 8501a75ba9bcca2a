// examples/03_my_rule.cpp: three rules of one's own, one of each kind, held to the laws of the shipped ones.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>
#include <btard/testing/aggregator_laws.hpp>

#include <algorithm>
#include <cstdio>
#include <vector>

using namespace btard;

// A coordinate rule sees the sorted values of one coordinate at a time, and says which of them it reads.
// [coordinate]
struct midhinge { // the mean of the two quartiles
    static constexpr rank_range ranks(std::size_t n) { return {n / 4, n - 1 - n / 4}; }
    template <class T>
    static constexpr T column(std::span<T const> sorted) {
        auto const [low, high] = ranks(sorted.size());
        return T((double(sorted[low]) + double(sorted[high])) / 2);
    }
};
// [coordinate]

// A coefficient rule sees inner products alone, and says how much of each row goes into the result.
// [coefficient]
struct near_median { // the mean of the half that is nearest to the median
    static constexpr start_point start() { return start_point::lower_median; }
    static constexpr products needs() { return products::diagonal; } // the distances to the start
    static aggregation_report coefficients(gram_matrix const& g, std::span<double> a) {
        std::vector<std::size_t> order(g.rows());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::ranges::stable_sort(order, {}, [&](std::size_t i) { return g.products(i, i); });
        order.resize((order.size() + 1) / 2);
        std::ranges::fill(a, 0);
        double sum = 0;
        for (std::size_t const i : order) sum += a[i] = g.weights[i];
        for (double& share : a) share /= sum;
        return {};
    }
};
// [coefficient]

// A row rule does everything itself, on the host, and no mixing can be put before it.
// [row]
auto const shortest = [](matrix_view<float const> rows, std::span<double const>, std::span<float> out) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i)
        if (norm(rows.row(i)) < norm(rows.row(best))) best = i;
    std::ranges::copy(rows.row(best), out.begin());
    return aggregation_report{};
};
// [row]

// [laws]
static_assert(coordinate_rule<midhinge> && coefficient_rule<near_median> && row_rule<decltype(shortest)>);
template <aggregator A>
void judge(char const* name, A const& rule, testing::law_options<A> const& promised = {}) {
    swarm run{quadratic{}, rule, sign_flip{.scale = 1'000}, {.peers = 16, .byzantine = {1, 4, 7}}};
    run.train(200);
    std::string const broken = testing::broken_laws(host{}, rule, promised); // a sentence for each
    std::printf("%-22s final loss %.2g\n%s", name, run.evaluate(), broken.c_str());
}

int main() {
    judge("midhinge", midhinge{});
    judge("near_median", near_median{});
    judge("shortest", shortest, {.moves_along = false}); // moved rows have other lengths
    judge("nnm, then near_median", mixed{nnm{.byzantine = 3}, near_median{}});
}
// [laws]
