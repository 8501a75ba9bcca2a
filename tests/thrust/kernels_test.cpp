// SPDX-License-Identifier: Apache-2.0
#include "threads.hpp"

#include <btard/aggregate/coordinate_median.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/aggregate/trimmed_mean.hpp>
#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/plain_rows.hpp>
#include <btard/thrust/thrust_on.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

using namespace btard;
using testing::nasty;
using testing::nasty_rows;

namespace {

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Small ones, with every remainder of a group; several tasks of each kernel; more rows than fit on a stack.
std::vector<nasty> fixtures() {
    std::vector<nasty> all;
    for (std::size_t const n : {1u, 2u, 3u, 5u, 11u, 16u, 17u, 33u})
        for (std::size_t const d : {1u, 7u, 37u, 515u, 2051u})
            for (double const offset : {0.0, 1e4}) all.push_back({.rows = n, .cols = d, .offset = offset});
    all.push_back({.rows = 11, .cols = 70'001});
    all.push_back({.rows = 600, .cols = 130});
    return all;
}

template <class T>
std::vector<T> normals(std::size_t count) {
    random_stream draw(derive({}, "normals", {count}));
    std::vector<T> x(count);
    for (T& value : x) value = T(draw.normal());
    return x;
}
template <class T>
using view_of = matrix_view<T const>;

/// A rule with an arithmetic of its own.
struct half_range {
    constexpr rank_range ranks(std::size_t n) const { return {0, n - 1}; }
    template <class T>
    constexpr T column(std::span<T const> sorted) const {
        return sorted.back() / 2 - sorted.front() / 2;
    }
};
static_assert(coordinate_rule<half_range> && !linear_coordinate_rule<half_range>);

/// What a kernel did: all that it returned and wrote.
template <class T>
struct outcome {
    outcome(std::size_t n, std::vector<T> before) : v(std::move(before)), small(n + 1, n + 1) {}
    double returned = 0;
    std::vector<T> v;
    small_matrix small;

    friend bool operator==(outcome const& a, outcome const& b) {
        return a.returned == b.returned && same_bits(a.v, b.v) && same_bits(a.small.data, b.small.data);
    }
};

/// The same kernel on the host.
template <class T, class Kernel>
bool as_on_host(std::size_t n, std::vector<T> const& before, Kernel const& kernel) {
    outcome<T> expected(n, before), found(n, before);
    kernel(host{}, expected);
    kernel(thrust_on{}, found);
    return expected == found;
}

template <class T, class Check>
void for_every_kernel(view_of<T> x, Check const& check) {
    std::size_t const n = x.rows();
    for (auto const start : {start_point::given, start_point::lower_median, start_point::upper_median,
                             start_point::midpoint, start_point::row(n / 2)})
        for (auto const need : {products::diagonal, products::rows, products::all})
            check([&](auto const& on, outcome<T>& is) {
                is.returned = on.gram(x, start, need, std::span(is.v), is.small.view());
            });
    auto a = normals<double>(n + 1);
    for (std::size_t i = 0; i < n; i += 3) a[i] = 0;
    std::vector<double> one(n + 1);
    one[n / 2] = 1;
    for (auto const& coefficients : {a, one})
        for (auto const start : {start_point::given, start_point::origin})
            check([&](auto const& on, outcome<T>& is) {
                is.returned = on.combine(x, std::span<double const>(coefficients), start, std::span(is.v));
            });
    small_matrix mix(n / 2 + 1, n);
    mix.data = normals<double>(mix.data.size());
    for (std::size_t p = 0; p < mix.data.size(); p += 2) mix.data[p] = 0;
    for (auto const& by : {view_of<double>{}, std::as_const(mix).view()}) {
        auto const columns = [&](auto const& rule) {
            check([&](auto const& on, outcome<T>& is) { is.returned = on.columns(x, by, rule, std::span(is.v)); });
        };
        for (auto const middle : {middle::lower, middle::upper, middle::midpoint}) columns(coordinate_median{middle});
        columns(trimmed_mean{(by.rows() ? by.rows() : n) / 4});
        columns(half_range{});
    }
    check([&](auto const& on, outcome<T>& is) {
        on.project(x, std::span<T const>(is.v), directions{.from = {9, 4}, .offset = 12'345},
                   matrix_view<double>(is.small.data.data(), n, 2));
    });
}

} // namespace

TEST_CASE_TEMPLATE("thrust_on: every kernel has the bits of the host", T, float, double, bfloat16,
                   float16) {
    CAPTURE(thrust_on::system);
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        CAPTURE(of.rows);
        CAPTURE(of.cols);
        auto const before = normals<T>(of.cols);
        std::size_t number = 0;
        for_every_kernel<T>(fixture.view(), [&](auto const& kernel) {
            CAPTURE(number);
            CHECK(as_on_host<T>(of.rows, before, kernel));
            ++number;
        });
    }
}

TEST_CASE_TEMPLATE("thrust_on: the same bits for any number of threads", T, float, double, bfloat16,
                   float16) {
    std::size_t const n = 9, d = 70'001;
    auto const data = normals<T>(n * d), before = normals<T>(d);
    with_threads([&](std::size_t threads) {
        CAPTURE(threads);
        for_every_kernel<T>(view_of<T>(data.data(), n, d),
                            [&](auto const& kernel) { CHECK(as_on_host<T>(n, before, kernel)); });
    });
}

TEST_CASE_TEMPLATE("thrust_on: rows that arrive one at a time give the matrix of all at once", T, float, double,
                   bfloat16, float16) {
    for (std::size_t const n : {1u, 2u, 5u, 8u}) {
        nasty_rows<T> const fixture({.rows = n, .cols = 9'001});
        auto const v0 = normals<T>(9'001);
        auto v = v0;
        small_matrix expected(n + 1, n + 1), g(n + 1, n + 1);
        CHECK(thrust_on{}.gram(fixture.view(), start_point::given, products::all, std::span(v), expected.view()));
        CHECK(v == v0);
        std::array<bool, 8> arrived{};
        for (std::size_t step = 0; step < n; ++step) {
            std::size_t const i = (step * 3 + 1) % n; // n is no multiple of 3
            CHECK(thrust_on{}.add_row(fixture.view(), std::span<bool const>(arrived).first(n), i,
                                      std::span<T const>(v0), g.view()));
            arrived[i] = true;
        }
        CHECK(same_bits(g.data, expected.data));
    }
}

TEST_CASE_TEMPLATE("thrust_on: a value that is not finite is noticed wherever it stands", T, float, double) {
    std::size_t const n = 5, d = 20'003;
    auto const before = normals<T>(d);
    for (T const bad : {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(),
                        std::numeric_limits<T>::quiet_NaN()})
        for (std::size_t const k : {0u, 6u, 511u, 8'191u, 16'384u, 20'000u, 20'002u}) {
            CAPTURE(k);
            auto data = normals<T>(n * d);
            data[3 * d + k] = bad;
            view_of<T> const x(data.data(), n, d);
            small_matrix g(n + 1, n + 1), mix(1, n);
            mix.data.assign(n, 1.0);
            auto v = before;
            CHECK(!thrust_on{}.gram(x, start_point::lower_median, products::all, std::span(v), g.view()));
            CHECK(!thrust_on{}.gram(x, start_point::row(3), products::rows, std::span(v), g.view()));
            CHECK(!thrust_on{}.columns(x, {}, coordinate_median{}, std::span(v)));
            CHECK(!thrust_on{}.columns(x, std::as_const(mix).view(), coordinate_median{}, std::span(v)));
            v = before;
            CHECK(!thrust_on{}.gram(x, start_point::given, products::diagonal, std::span(v), g.view()));
            CHECK(v == before);
            std::vector<double> a(n + 1, 0.2);
            CHECK(!std::isfinite(thrust_on{}.combine(x, std::span<double const>(a), start_point::origin, std::span(v))));
            v = before;
            a[3] = 0; // skipped, not multiplied
            CHECK(std::isfinite(thrust_on{}.combine(x, std::span<double const>(a), start_point::given, std::span(v))));
            std::array<bool, n> const arrived{true};
            CHECK(thrust_on{}.add_row(x, arrived, 2, std::span<T const>(before), g.view()));
            CHECK(!thrust_on{}.add_row(x, arrived, 3, std::span<T const>(before), g.view()));
        }
}

TEST_CASE("thrust_on: rows anywhere in memory, also none of their columns") {
    auto const first = normals<float>(100), second = normals<float>(101);
    std::vector<float const*> const table{second.data(), first.data(), second.data() + 1};
    view_of<float> const x(std::span<float const* const>(table), 100);
    for_every_kernel<float>(x, [&](auto const& kernel) { CHECK(as_on_host<float>(3, first, kernel)); });
    view_of<float> const empty(std::span<float const* const>(table), 0);
    for_every_kernel<float>(empty, [&](auto const& kernel) { CHECK(as_on_host<float>(3, {}, kernel)); });
}

TEST_CASE_TEMPLATE("thrust_on: a zero is a zero, whatever its sign and its place", T, float, double) {
    std::size_t const n = 3, d = 37;
    std::vector<T> data(n * d);
    for (std::size_t p = 0; p < data.size(); p += 2) data[p] = -data[p];
    auto const before = normals<T>(d);
    for_every_kernel<T>(view_of<T>(data.data(), n, d),
                        [&](auto const& kernel) { CHECK(as_on_host<T>(n, before, kernel)); });
    std::vector<T> v(d, T(1));
    CHECK(thrust_on{}.columns(view_of<T>(data.data(), n, d), {}, least_value{}, std::span(v)));
    for (T const value : v) CHECK((value == 0 && !std::signbit(value)));
}

TEST_CASE("thrust_on: combine begins at the given vector or the origin, and says so") {
    std::vector<float> v{1};
    std::vector<double> const a{1, 0};
    view_of<float> const x(v.data(), 1, 1);
    CHECK_THROWS_WITH_AS((void)thrust_on{}.combine(x, std::span<double const>(a), start_point::lower_median, std::span(v)),
                         "combine starts from the given vector or from the origin, not from lower_median",
                         contract_violation);
}
