// SPDX-License-Identifier: Apache-2.0
#include <btard/attack/moments.hpp>
#include <btard/core/random.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

using namespace btard;

namespace {
constexpr std::size_t row_count = 9, size = 2'600; // two blocks and a part

/// With a large common part, in which a sum of squares minus a square would lose all digits.
std::vector<float> samples() {
    random_stream values({7, 7});
    std::vector<float> x(row_count * size);
    for (float& v : x) v = static_cast<float>(1'000 + values.normal());
    return x;
}
} // namespace

TEST_CASE("moments: mean and deviation of each column are those of a plain loop in long double") {
    auto const x = samples();
    matrix_view<float const> const view(x.data(), row_count, size);
    std::vector<float> out(size);
    for (deviation const kind : {deviation::sample, deviation::population}) {
        std::size_t column = 0, wrong = 0;
        from_moments(view, kind, out, [&](double mean, double sigma) {
            long double sum = 0, squares = 0;
            for (std::size_t i = 0; i < row_count; ++i) sum += view(i, column);
            for (std::size_t i = 0; i < row_count; ++i) squares += std::pow(view(i, column) - sum / row_count, 2.0L);
            long double const right = std::sqrt(squares / (kind == deviation::sample ? row_count - 1 : row_count));
            wrong += std::abs(mean - double(sum / row_count)) > 1e-12;
            wrong += std::abs(sigma / double(right) - 1) > 1e-10; // the mean is known to 1e-13
            ++column;
            return sigma;
        });
        CHECK(column == size);
        CHECK(wrong == 0);
    }
}

TEST_CASE("moments: from_means and from_moments see the same means, in the order of the columns") {
    auto const x = samples();
    matrix_view<float const> const view(x.data(), row_count, size);
    std::vector<float> one(size), other(size);
    from_means(view, one, [](double mean) { return 2 * mean; });
    from_moments(view, deviation::sample, other, [](double mean, double) { return 2 * mean; });
    CHECK(one == other);
}

TEST_CASE("moments: one row has deviation 0, no row is refused, and so is another length") {
    std::vector<float> const x{1, 2};
    std::vector<float> out(2);
    from_moments({x.data(), 1, 2}, deviation::sample, out,
                 [](double mean, double sigma) { return mean + sigma; });
    CHECK(out == x);
    auto const same = [](double mean) { return mean; };
    CHECK_THROWS_WITH_AS(from_means({x.data(), 0, 2}, out, same),
                         "there are no gradients to take the mean of", contract_violation);
    CHECK_THROWS_WITH_AS(from_means({x.data(), 2, 1}, out, same),
                         "the gradients have 1 elements, what is sent has 2", contract_violation);
}
