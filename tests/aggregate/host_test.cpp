// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/coordinate_median.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/aggregate/trimmed_mean.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/plain_rows.hpp>
#include <btard/testing/reference.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

using namespace btard;
using testing::nasty;
using testing::nasty_rows;

namespace {

std::vector<instruction_set> sets() {
    std::vector<instruction_set> here;
    for (auto const set : {instruction_set::baseline, instruction_set::avx2, instruction_set::avx512})
        if (supported(set)) here.push_back(set);
    return here;
}
std::vector<host> hosts() {
    std::vector<host> all;
    for (std::size_t const threads : {1u, 2u, 3u, 8u})
        for (auto const set : sets()) all.push_back({threads, set});
    return all;
}

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

std::vector<nasty> fixtures() {
    std::vector<nasty> all;
    for (std::size_t const n : {1u, 2u, 3u, 5u, 11u, 16u, 17u, 33u})
        for (std::size_t const d : {1u, 7u, 37u, 515u, 2051u})
            for (double const offset : {0.0, 1e4}) all.push_back({.rows = n, .cols = d, .offset = offset});
    return all;
}

/// Rows of small integers: every sum is exact, whatever its order.
template <class T>
std::vector<T> integers(std::size_t n, std::size_t d) {
    random_stream draw(derive({}, "integers", {n, d}));
    std::vector<T> x(n * d);
    for (T& value : x) value = T(draw.below(2001)) - 1000;
    return x;
}
template <class T>
std::vector<T> normals(std::size_t n, std::size_t d) {
    random_stream draw(derive({}, "normals", {n, d}));
    std::vector<T> x(n * d);
    for (T& value : x) value = T(draw.normal());
    return x;
}

/// `unique_ptr`, since vectors of bool have no memory that a span could see.
struct flags {
    explicit flags(std::size_t n) : size(n), memory(std::make_unique<bool[]>(n)) {}
    std::span<bool const> view() const { return {memory.get(), size}; }
    std::size_t size;
    std::unique_ptr<bool[]> memory;
};

} // namespace

TEST_CASE_TEMPLATE("gram: the centred inner products of plain loops, for every instruction set", T, float,
                   double) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        auto const x = fixture.view();
        std::size_t const n = of.rows, d = of.cols;
        CAPTURE(n);
        CAPTURE(d);
        auto const plain = fixture.plain();
        for (auto const middle : {middle::lower, middle::upper, middle::midpoint}) {
            start_point const start = middle == middle::lower   ? start_point::lower_median
                                      : middle == middle::upper ? start_point::upper_median
                                                                : start_point::midpoint;
            auto const median = testing::witness(coordinate_median{middle}, plain);
            std::vector<T> const v0(median.begin(), median.end());
            small_matrix expected(n + 1, n + 1), sizes(n + 1, n + 1);
            for (std::size_t i = 0; i <= n; ++i)
                for (std::size_t j = 0; j <= i; ++j) {
                    long double sum = 0, size = 0;
                    for (std::size_t k = 0; k < d; ++k) {
                        T const zi = i < n ? T(x(i, k) - v0[k]) : v0[k],
                                zj = j < n ? T(x(j, k) - v0[k]) : v0[k];
                        sum += static_cast<long double>(zi) * zj;
                        size += std::abs(static_cast<long double>(zi) * zj);
                    }
                    expected.view()(i, j) = expected.view()(j, i) = double(sum);
                    sizes.view()(i, j) = sizes.view()(j, i) = double(size);
                }
            for (auto const set : sets()) {
                std::vector<T> v(d, T(77));
                small_matrix g(n + 1, n + 1);
                bool const finite = host{1, set}.gram(x, start, products::all, std::span(v), g.view());
                CHECK(finite);
                CHECK(v == v0);
                bool close = true;
                for (std::size_t p = 0; p < g.data.size(); ++p)
                    close = close && std::abs(g.data[p] - expected.data[p]) <= 1e-13 * sizes.data[p];
                CHECK(close);
            }
            if (of.offset != 0) break; // once is enough
        }
    }
}

TEST_CASE("gram: a product of two differences of floats is exact, from denormal numbers to the largest") {
    std::vector<float> const values{1e-45f, -1.17e-38f, 0.1f, -3, 16777215, 1e30f, -3.4e38f, 0};
    std::vector<float> const zero{0};
    matrix_view<float const> const x(values.data(), values.size(), 1);
    for (auto const set : sets()) {
        std::vector<float> v = zero;
        small_matrix g(9, 9);
        CHECK(host{1, set}.gram(x, start_point::given, products::all, std::span(v), g.view()));
        for (std::size_t i = 0; i < 8; ++i)
            for (std::size_t j = 0; j < 8; ++j)
                CHECK(g.view()(i, j) == double(values[i]) * double(values[j]));
        CHECK(v == zero);
    }
}

TEST_CASE_TEMPLATE("gram: sums of integers are exact, over many chunks and tasks", T, float, double) {
    std::size_t const n = 6, d = 20'011;
    auto const data = integers<T>(n, d);
    matrix_view<T const> const x(data.data(), n, d);
    for (auto const& on : hosts()) {
        std::vector<T> v(d);
        small_matrix g(n + 1, n + 1);
        CHECK(on.gram(x, start_point::row(2), products::all, std::span(v), g.view()));
        CHECK(std::equal(v.begin(), v.end(), x.row(2).begin()));
        for (std::size_t i = 0; i <= n; ++i)
            for (std::size_t j = 0; j <= i; ++j) {
                double sum = 0;
                for (std::size_t k = 0; k < d; ++k)
                    sum +=
                        (i < n ? x(i, k) - x(2, k) : x(2, k)) * double(j < n ? x(j, k) - x(2, k) : x(2, k));
                CHECK(g.view()(i, j) == sum);
            }
    }
}

TEST_CASE_TEMPLATE("gram: the same bits for any number of threads and every instruction set", T, float,
                   double) {
    for (auto const& [n, d] : {std::pair{11u, 20'011u}, {4u, 9'000u}, {3u, 70'001u}, {1u, 16'385u}}) {
        auto const data = normals<T>(n, d);
        matrix_view<T const> const x(data.data(), n, d);
        small_matrix first(n + 1, n + 1);
        std::vector<T> v_first(d);
        CHECK(host{1, instruction_set::baseline}.gram(x, start_point::midpoint, products::all,
                                                      std::span(v_first), first.view()));
        for (auto const& on : hosts()) {
            small_matrix g(n + 1, n + 1);
            std::vector<T> v(d);
            CHECK(on.gram(x, start_point::midpoint, products::all, std::span(v), g.view()));
            CHECK(same_bits(g.data, first.data));
            CHECK(same_bits(v, v_first));
        }
    }
}

TEST_CASE("gram: many rows, more than one wave of tasks") {
    std::size_t const n = 600, d = 3 * 8192 + 5; // sums of two tasks are held at a time
    std::vector<float> data(n * d);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = i; k < d; k += n) data[i * d + k] = float(i + 1); // rows that do not meet, but
    for (std::size_t i = 0; i < n; ++i) data[i * d + d - 1] = 1;               // in the last column
    matrix_view<float const> const x(data.data(), n, d);
    std::vector<float> v(d);
    small_matrix g(n + 1, n + 1);
    CHECK(host{2}.gram(x, start_point::given, products::rows, std::span(v), g.view()));
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            double expected = 1;
            if (i == j)
                for (std::size_t k = i; k < d - 1; k += n) expected += double(i + 1) * double(i + 1);
            wrong += g.view()(i, j) != expected;
        }
    CHECK(wrong == 0);
}

TEST_CASE("gram: what was not asked for is zero, what was asked for has the same bits") {
    nasty_rows<float> const fixture({.rows = 7, .cols = 100});
    small_matrix all(8, 8), rows(8, 8), diagonal(8, 8);
    std::vector<float> v(100);
    host const on{1};
    CHECK(on.gram(fixture.view(), start_point::lower_median, products::all, std::span(v), all.view()));
    CHECK(on.gram(fixture.view(), start_point::lower_median, products::rows, std::span(v), rows.view()));
    CHECK(on.gram(fixture.view(), start_point::lower_median, products::diagonal, std::span(v),
                  diagonal.view()));
    for (std::size_t i = 0; i < 8; ++i)
        for (std::size_t j = 0; j < 8; ++j) {
            CHECK(rows.view()(i, j) == (i < 7 && j < 7 ? all.view()(i, j) : 0));
            CHECK(diagonal.view()(i, j) == (i < 7 && i == j ? all.view()(i, j) : 0));
        }
}

TEST_CASE_TEMPLATE("gram, columns, add_row: notice one value that is not finite, wherever it stands", T,
                   float, double) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    std::size_t const n = 5, d = 1061;
    for (T const bad : {infinity, -infinity, std::numeric_limits<T>::quiet_NaN()})
        for (std::size_t const k : {0u, 1u, 8u, 511u, 512u, 1055u, 1056u, 1060u})
            for (auto const set : sets()) {
                auto data = normals<T>(n, d);
                data[3 * d + k] = bad;
                matrix_view<T const> const x(data.data(), n, d);
                std::vector<T> v(d);
                small_matrix g(n + 1, n + 1);
                host const on{1, set};
                CHECK_FALSE(on.gram(x, start_point::lower_median, products::rows, std::span(v), g.view()));
                CHECK_FALSE(on.gram(x, start_point::midpoint, products::diagonal, std::span(v), g.view()));
                std::fill(v.begin(), v.end(), T(0));
                CHECK_FALSE(on.gram(x, start_point::given, products::rows, std::span(v), g.view()));
                CHECK(v == std::vector<T>(d)); // given, and left alone
                CHECK_FALSE(on.columns(x, {}, trimmed_mean{1}, std::span(v)));
                flags const nobody(n);
                CHECK_FALSE(on.add_row(x, nobody.view(), 3, std::span<T const>(v), g.view()));
                CHECK(on.add_row(x, nobody.view(), 2, std::span<T const>(v), g.view()));
                std::vector<double> const a{0.2, 0.2, 0.2, 0.2, 0.2, 0};
                CHECK_FALSE(std::isfinite(
                    on.combine(x, std::span<double const>(a), start_point::origin, std::span(v))));
            }
}

TEST_CASE_TEMPLATE("add_row: rows that come one by one, in any order, give the bits of all at once", T, float,
                   double) {
    for (auto const& [n, d] : {std::pair{1u, 37u}, {5u, 2051u}, {16u, 9'001u}, {17u, 515u}}) {
        nasty_rows<T> const fixture({.rows = n, .cols = d, .offset = 10});
        auto const v0 = normals<T>(1, d);
        for (auto const& on : {host{1}, host{2}, host{3, instruction_set::baseline}}) {
            auto v = v0;
            small_matrix expected(n + 1, n + 1), g(n + 1, n + 1);
            CHECK(on.gram(fixture.view(), start_point::given, products::all, std::span(v), expected.view()));
            std::vector<std::size_t> order(n);
            for (std::size_t i = 0; i < n; ++i) order[i] = i;
            random_stream draw(derive({on.threads, 0}, "order"));
            for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[draw.below(std::uint32_t(i))]);
            flags arrived(n);
            for (std::size_t const i : order) {
                CHECK(on.add_row(fixture.view(), arrived.view(), i, std::span<T const>(v0), g.view()));
                arrived.memory[i] = true;
            }
            CHECK(same_bits(g.data, expected.data));
        }
    }
}

TEST_CASE_TEMPLATE("combine: v0 + sum of a_i (x_i - v0), rounded once", T, float, double) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        auto const x = fixture.view();
        std::size_t const n = of.rows, d = of.cols;
        random_stream draw(derive({}, "coefficients", {n, d}));
        std::vector<double> a(n + 1);
        for (std::size_t i = 0; i < n; ++i) a[i] = i == 1 ? 0 : draw.uniform() / double(n);
        if (n > 5) a[5] *= 1e-30;
        if (n > 7) a[7] *= 1e-30;
        a[n] = n % 2 ? 0 : -0.5;
        auto const v0 = normals<T>(1, d);
        for (bool const centred : {true, false})
            for (auto const set : sets()) {
                auto v = v0;
                double const square =
                    host{1, set}.combine(x, std::span<double const>(a),
                                         centred ? start_point::given : start_point::origin, std::span(v));
                bool close = true;
                long double expected_square = 0;
                for (std::size_t k = 0; k < d; ++k) {
                    long double const from = centred ? v0[k] : 0;
                    long double sum = (1 + static_cast<long double>(a[n])) * from, size = std::abs(sum);
                    for (std::size_t i = 0; i < n; ++i) {
                        sum += a[i] * (x(i, k) - from);
                        size += std::abs(a[i] * (x(i, k) - from));
                    }
                    auto const unit = static_cast<long double>(std::numeric_limits<T>::epsilon()) / 2;
                    long double const tolerance =
                        unit * std::abs(sum) + 40 * 0x1p-53L * size + std::numeric_limits<T>::denorm_min();
                    close = close && std::abs(v[k] - sum) <= tolerance;
                    expected_square += static_cast<long double>(v[k]) * v[k];
                }
                CHECK(close);
                CHECK(square == doctest::Approx(double(expected_square)).epsilon(1e-12));
            }
    }
}

TEST_CASE_TEMPLATE("combine: the same bits for any number of threads and every instruction set", T, float,
                   double) {
    std::size_t const n = 7, d = 50'003;
    auto const data = normals<T>(n, d), v0 = normals<T>(1, d);
    std::vector<double> const a{0.1, 0.2, 0, -0.3, 1.5, 1e-9, 0.25, -0.125};
    for (auto const start : {start_point::given, start_point::origin}) {
        auto first = v0;
        matrix_view<T const> const x(data.data(), n, d);
        double const square = host{1, instruction_set::baseline}.combine(x, std::span<double const>(a), start,
                                                                         std::span(first));
        for (auto const& on : hosts()) {
            auto v = v0;
            CHECK(on.combine(x, std::span<double const>(a), start, std::span(v)) == square);
            CHECK(same_bits(v, first));
        }
    }
}

TEST_CASE_TEMPLATE("combine: a single coefficient of one is a copy, bit for bit", T, float, double) {
    std::size_t const d = 1035;
    nasty_rows<T> const fixture({.rows = 6, .cols = d});
    std::vector<std::vector<T>> rows;
    for (std::size_t i = 0; i < 6; ++i)
        rows.emplace_back(fixture.view().row(i).begin(), fixture.view().row(i).end());
    rows[1][17] = T(-0.0);
    rows[1][1034] = T(-0.0);
    std::vector<T const*> table;
    for (auto const& row : rows) table.push_back(row.data());
    for (auto const set : sets())
        for (std::size_t i = 0; i < 6; ++i) {
            std::vector<double> a(7);
            a[i] = 1;
            std::vector<T> v(d, T(1e10));
            (void)host{2, set}.combine(matrix_view<T const>(std::span<T const* const>(table), d),
                                       std::span<double const>(a), start_point::given, std::span(v));
            CHECK(same_bits(v, rows[i]));
        }
}

TEST_CASE("combine: a row with coefficient zero is skipped, not multiplied") {
    float const nan = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> const x{1, 2, nan, nan};
    std::vector<double> const a{0.5, 0, 0};
    std::vector<float> v{0, 0};
    (void)host{1}.combine(matrix_view<float const>(x.data(), 2, 2), std::span<double const>(a),
                          start_point::given, std::span(v));
    CHECK(v == std::vector<float>{0.5, 1});
}

TEST_CASE("combine: rows of double beyond 1e140 move v no further than the products said") {
    std::vector<double> const x{1e300, -1e300, 1.7e308, 5};
    for (auto const set : sets()) {
        std::vector<double> const a{1e-140, 1e-140, 1e-140, 0, 0};
        std::vector<double> v{1};
        CHECK(std::isfinite(host{1, set}.combine(matrix_view<double const>(x.data(), 4, 1),
                                                 std::span<double const>(a), start_point::given,
                                                 std::span(v))));
        CHECK(v[0] == doctest::Approx(2));
        std::vector<double> const average{0.25, 0.25, 0.25, 0.25,
                                          0}; // around the origin there are no products
        CHECK(std::isfinite(host{1, set}.combine(matrix_view<double const>(x.data(), 4, 1),
                                                 std::span<double const>(average), start_point::origin,
                                                 std::span(v))));
        CHECK(v[0] == 1.7e308 * 0.25);
    }
}

TEST_CASE("combine: starts from the given vector or from the origin") {
    std::vector<float> const x{1};
    std::vector<double> const a{1, 0};
    std::vector<float> v{0};
    CHECK_THROWS_WITH_AS(
        (void)host{1}.combine(matrix_view<float const>(x.data(), 1, 1), std::span<double const>(a),
                              start_point::midpoint, std::span(v)),
        "combine starts from the given vector or from the origin, not from midpoint", contract_violation);
}

namespace {

/// A rule of a user, which is not linear: half the range, when there is one.
struct half_range {
    constexpr rank_range ranks(std::size_t n) const { return {0, n - 1}; }
    template <class T>
    constexpr T column(std::span<T const> sorted) const {
        return sorted.back() / 2 - sorted.front() / 2;
    }
};
static_assert(coordinate_rule<half_range> && !linear_coordinate_rule<half_range>);

} // namespace

TEST_CASE_TEMPLATE("columns: medians bit for bit, means of ranks rounded once", T, float, double) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        auto const plain = fixture.plain();
        std::size_t const d = of.cols;
        CAPTURE(of.rows);
        CAPTURE(d);
        for (auto const set : sets()) {
            host const on{1, set};
            std::vector<T> v(d);
            auto const is = [&](auto const& rule, double tolerance) {
                CHECK(on.columns(fixture.view(), {}, rule, std::span(v)));
                auto const expected = testing::witness(rule, plain);
                bool close = true;
                for (std::size_t k = 0; k < d; ++k)
                    close = close && std::abs(double(v[k]) - double(T(expected[k]))) <=
                                         tolerance * std::abs(expected[k]);
                return close;
            };
            CHECK(is(coordinate_median{middle::lower}, 0));
            CHECK(is(coordinate_median{middle::upper}, 0));
            CHECK(is(coordinate_median{middle::midpoint}, std::numeric_limits<T>::epsilon()));
            CHECK(on.columns(fixture.view(), {}, half_range{}, std::span(v)));
            bool equal = true;
            for (std::size_t k = 0; k < d; ++k) {
                auto const s = plain.sorted_column(k);
                equal = equal && v[k] == T(s.back()) / 2 - T(s.front()) / 2;
            }
            CHECK(equal);
            if (of.rows < 5) continue;
            std::size_t const f =
                std::min<std::size_t>(2, (of.rows - 1) / 2); // no row of 1e30 is in the mean
            CHECK(on.columns(fixture.view(), {}, trimmed_mean{f}, std::span(v)));
            auto const expected = testing::witness(trimmed_mean{f}, plain);
            bool close = true;
            for (std::size_t k = 0; k < d; ++k)
                close = close && std::abs(double(v[k]) - expected[k]) <= 1e-6 * (1 + std::abs(expected[k]));
            CHECK(close);
        }
    }
}

TEST_CASE_TEMPLATE("columns: of rows that are mixed on the way", T, float, double) {
    std::size_t const n = 9, m = 4;
    for (std::size_t const d : {1u, 37u, 515u, 8'200u}) {
        auto const data = normals<T>(n, d);
        matrix_view<T const> const x(data.data(), n, d);
        small_matrix mix(m, n);
        random_stream draw(derive({}, "mix"));
        for (double& entry : mix.data) entry = draw.below(3) ? draw.normal() : 0;
        std::vector<T> y(m * d);
        for (std::size_t j = 0; j < m; ++j)
            for (std::size_t k = 0; k < d; ++k) {
                double sum = 0;
                for (std::size_t i = 0; i < n; ++i) sum += mix.view()(j, i) * double(x(i, k));
                y[j * d + k] = T(sum);
            }
        std::vector<T> expected(d), v(d);
        CHECK(host{1}.columns(matrix_view<T const>(y.data(), m, d), {}, coordinate_median{},
                              std::span(expected)));
        for (auto const set : sets()) {
            CHECK(host{2, set}.columns(x, std::as_const(mix).view(), coordinate_median{}, std::span(v)));
            bool close = true;
            for (std::size_t k = 0; k < d; ++k) // a rounding of y may fall to the other side
                close = close && std::abs(double(v[k]) - double(expected[k])) <=
                                     4 * std::numeric_limits<T>::epsilon() * 4;
            CHECK(close);
        }
    }
}

TEST_CASE_TEMPLATE("columns: the same bits for any number of threads and every instruction set", T, float,
                   double) {
    std::size_t const n = 10, d = 20'011;
    auto const data = normals<T>(n, d);
    matrix_view<T const> const x(data.data(), n, d);
    small_matrix mix(n, n);
    random_stream draw(derive({}, "mix"));
    for (double& entry : mix.data) entry = draw.uniform();
    auto const compare = [&](auto const& rule, matrix_view<double const> by) {
        std::vector<T> first(d);
        CHECK(host{1, instruction_set::baseline}.columns(x, by, rule, std::span(first)));
        for (auto const& on : hosts()) {
            std::vector<T> v(d);
            CHECK(on.columns(x, by, rule, std::span(v)));
            CHECK(same_bits(v, first));
        }
    };
    compare(trimmed_mean{3}, {});
    compare(coordinate_median{}, std::as_const(mix).view());
    compare(half_range{}, {});
}

TEST_CASE("columns: a zero is a zero, whatever its sign and its place") {
    for (bool const swapped : {false, true}) {
        std::vector<float> x(2 * 39); // whole vectors, and a rest
        std::fill_n(x.begin() + (swapped ? 39 : 0), 39, -0.0f);
        std::vector<float> v(39, 1);
        matrix_view<float const> const rows(x.data(), 2, 39);
        auto const positive = [&] {
            return std::none_of(v.begin(), v.end(), [](float zero) { return std::signbit(zero); });
        };
        for (auto const set : sets()) {
            CHECK(host{1, set}.columns(rows, {}, least_value{}, std::span(v)));
            CHECK(positive());
            CHECK(host{1, set}.columns(rows, {}, coordinate_median{middle::upper}, std::span(v)));
            CHECK(positive());
            small_matrix g(3, 3);
            CHECK(host{1, set}.gram(rows, start_point::lower_median, products::rows, std::span(v), g.view()));
            CHECK(positive());
        }
    }
}

TEST_CASE_TEMPLATE("project: plain sums over the directions and the distances", T, float, double) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        auto const x = fixture.view();
        std::size_t const n = of.rows, d = of.cols;
        auto const v = normals<T>(1, d);
        directions const z{.from = {9, 4}, .offset = 12'345};
        for (auto const set : sets()) {
            small_matrix out(n, 2);
            host{1, set}.project(x, std::span<T const>(v), z, out.view());
            for (std::size_t i = 0; i < n; ++i) {
                long double dot = 0, size = 0, square = 0;
                for (std::size_t k = 0; k < d; ++k) {
                    long double const difference = T(x(i, k) - v[k]);
                    dot += z.at(k) * difference;
                    size += std::abs(z.at(k) * difference);
                    square += difference * difference;
                }
                CHECK(std::abs(out.view()(i, 0) - dot) <= 1e-13 * size);
                CHECK(out.view()(i, 1) == doctest::Approx(double(std::sqrt(square))).epsilon(1e-13));
            }
        }
    }
}

TEST_CASE_TEMPLATE("project: exact for integers, over many tasks, with the same bits on every host", T, float,
                   double) {
    std::size_t const n = 3, d = 70'001;
    auto const data = integers<T>(n, d), v = integers<T>(1, d);
    directions const z{.from = {1, 2}, .offset = 3};
    matrix_view<T const> const x(data.data(), n, d);
    for (auto const& on : hosts()) {
        small_matrix out(n, 2);
        on.project(x, std::span<T const>(v), z, out.view());
        for (std::size_t i = 0; i < n; ++i) {
            double dot = 0, square = 0;
            for (std::size_t k = 0; k < d; ++k) {
                double const difference = double(x(i, k)) - double(v[k]);
                dot += z.at(k) * difference;
                square += difference * difference;
            }
            CHECK(out.view()(i, 0) == dot);
            CHECK(out.view()(i, 1) == std::sqrt(square));
        }
    }
}

TEST_CASE("instruction_set: the baseline is always there, and `best` is one of those that are") {
    CHECK(supported(instruction_set::baseline));
    CHECK(supported(instruction_set::best));
    CHECK(!sets().empty());
}
