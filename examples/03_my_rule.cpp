// examples/03_my_rule.cpp: three rules of one's own, one of each kind, held to the laws of the shipped ones.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>
#include <btard/testing/aggregator_laws.hpp>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <span>
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
static_assert(coordinate_rule<midhinge>);
// [coordinate]

// A coefficient rule sees inner products alone, and says how much of each row goes into the result.
// [coefficient]
struct near_median { // the mean of the half that is nearest to the median
    static constexpr start_point start() { return start_point::lower_median; }
    static constexpr products needs() { return products::diagonal; } // the distances to the start
    static aggregation_report coefficients(gram_matrix const& g, std::span<double> a) {
        std::vector<std::size_t> order(g.rows());
        std::iota(order.begin(), order.end(), 0);
        std::ranges::stable_sort(order, {}, [&](std::size_t i) { return g.products(i, i); });
        order.resize((g.rows() + 1) / 2);
        double sum = 0;
        for (std::size_t const i : order) sum += g.weights[i];
        std::ranges::fill(a, 0);
        for (std::size_t const i : order) a[i] = g.weights[i] / sum;
        return {};
    }
};
static_assert(coefficient_rule<near_median>);
// [coefficient]

// A row rule does everything itself, on the host: the price is that no mixing can be put before it.
// [row]
auto const shortest = [](matrix_view<float const> rows, std::span<double const>, std::span<float> out) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i)
        if (norm(rows.row(i)) < norm(rows.row(best))) best = i;
    std::ranges::copy(rows.row(best), out.begin());
    return aggregation_report{};
};
static_assert(row_rule<decltype(shortest)>);
// [row]

void judge(char const* name, aggregator auto rule) {
    swarm run{quadratic{}, rule, sign_flip{.scale = 1'000}, {.peers = 16, .byzantine = {1, 4, 7}}};
    run.train(200);
    std::string const broken = testing::broken_laws(rule);
    std::printf("%s: final loss %.2g, broken laws: %s\n", name, run.evaluate(), broken.empty() ? "none" : broken.c_str());
}

int main() {
    judge("midhinge", midhinge{});
    judge("near_median", near_median{});
    judge("shortest", shortest);
    judge("nnm, then near_median", mixed{nnm{.byzantine = 3}, near_median{}});
}
