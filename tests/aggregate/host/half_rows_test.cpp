// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include <btard/aggregate/coordinate_median.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/aggregate/trimmed_mean.hpp>
#include <btard/core/half.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/plain_rows.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

using namespace btard;
using testing::nasty;
using testing::nasty_rows;

namespace {

/// The same rows in a wider type, exactly.
template <class Wide, class T>
std::vector<Wide> widened(matrix_view<T const> x) {
    std::vector<Wide> wide;
    for (std::size_t i = 0; i < x.rows(); ++i)
        for (T const value : x.row(i)) wide.push_back(Wide(float(value)));
    return wide;
}
template <class T, class Wide>
std::vector<T> rounded(std::vector<Wide> const& wide) {
    std::vector<T> values;
    for (Wide const value : wide) values.push_back(T(value));
    return values;
}
template <class T>
T read(std::uint32_t bits) {
    return T::from_bits(std::uint16_t(bits));
}

struct widest { // not linear
    constexpr rank_range ranks(std::size_t n) const { return {0, n - 1}; }
    template <class F>
    constexpr F column(std::span<F const> sorted) const {
        return sorted.back() / 3 - sorted.front() / 3;
    }
};

} // namespace

TEST_CASE_TEMPLATE("rows of two bytes: gram, add_row and project are those of the rows widened to float", T, bfloat16,
                   float16) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        auto const x = fixture.view();
        std::size_t const n = of.rows, d = of.cols;
        auto const wide = widened<float>(x);
        matrix_view<float const> const y(wide.data(), n, d);
        CAPTURE(n);
        CAPTURE(d);
        for (auto const set : sets()) {
            host const on{2, set};
            for (auto const start : {start_point::lower_median, start_point::upper_median, start_point::row(n / 2)}) {
                std::vector<T> v(d);
                std::vector<float> w(d);
                small_matrix g(n + 1, n + 1), h(n + 1, n + 1);
                CHECK(on.gram(x, start, products::all, std::span(v), g.view()));
                CHECK(on.gram(y, start, products::all, std::span(w), h.view()));
                CHECK(same_bits(v, rounded<T>(w)));
                CHECK(same_bits(g.data, h.data));

                flags everybody(n);
                for (std::size_t i = 0; i < n; ++i) everybody.memory[i] = true;
                small_matrix row(n + 1, n + 1);
                CHECK(on.add_row(x, everybody.view(), n / 2, std::span<T const>(v), row.view()));
                bool equal = true;
                for (std::size_t j = 0; j <= n; ++j) equal = equal && row.view()(n / 2, j) == g.view()(n / 2, j);
                CHECK(equal);

                small_matrix p(n, 2), q(n, 2);
                directions const z{.from = {9, 4}, .offset = 12'345};
                on.project(x, std::span<T const>(v), z, p.view());
                on.project(y, std::span<float const>(w), z, q.view());
                CHECK(same_bits(p.data, q.data));
            }
        }
    }
}

TEST_CASE_TEMPLATE("rows of two bytes: the midpoint that gram starts from is rounded once, and subtracted as rounded",
                   T, bfloat16, float16) {
    nasty_rows<T> const fixture({.rows = 10, .cols = 515});
    auto const wide = widened<double>(fixture.view());
    for (auto const set : sets()) {
        std::vector<T> v(515);
        std::vector<double> w(515);
        small_matrix g(11, 11), h(11, 11);
        CHECK(host{1, set}.gram(fixture.view(), start_point::midpoint, products::rows, std::span(v), g.view()));
        CHECK(host{1, set}.gram(matrix_view<double const>(wide.data(), 10, 515), start_point::midpoint, products::rows,
                                std::span(w), h.view()));
        CHECK(same_bits(v, rounded<T>(w)));
        auto const floats = widened<float>(fixture.view());
        std::vector<float> start(v.begin(), v.end());
        CHECK(host{1, set}.gram(matrix_view<float const>(floats.data(), 10, 515), start_point::given, products::rows,
                                std::span(start), h.view()));
        CHECK(same_bits(g.data, h.data));
    }
}

TEST_CASE_TEMPLATE("rows of two bytes: combine is that of rows of double, rounded once", T, bfloat16, float16) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        std::size_t const n = of.rows, d = of.cols;
        auto const wide = widened<double>(fixture.view());
        random_stream draw(derive({}, "coefficients", {n, d}));
        std::vector<double> a(n + 1);
        for (std::size_t i = 0; i < n; ++i) a[i] = i == 1 ? 0 : draw.uniform() / double(n);
        a[n] = n % 2 ? 0 : -0.5;
        auto const start = normals<T>(1, d);
        for (bool const centred : {true, false})
            for (auto const set : sets()) {
                auto v = start;
                std::vector<double> w(start.begin(), start.end());
                auto const from = centred ? start_point::given : start_point::origin;
                host const on{2, set};
                double const square =
                    on.combine(fixture.view(), std::span<double const>(a), from, std::span(v));
                (void)on.combine(matrix_view<double const>(wide.data(), n, d), std::span<double const>(a), from,
                                 std::span(w));
                CHECK(same_bits(v, rounded<T>(w)));
                double expected = 0;
                for (T const value : v) expected += double(value) * double(value);
                CHECK(square == doctest::Approx(expected).epsilon(1e-12));
            }
    }
}

TEST_CASE_TEMPLATE("rows of two bytes: columns are sorted as floats, and the result is rounded once", T, bfloat16,
                   float16) {
    for (nasty const& of : fixtures()) {
        nasty_rows<T> const fixture(of);
        std::size_t const n = of.rows, d = of.cols;
        auto const doubles = widened<double>(fixture.view());
        auto const floats = widened<float>(fixture.view());
        matrix_view<double const> const y(doubles.data(), n, d);
        matrix_view<float const> const z(floats.data(), n, d);
        small_matrix mix(n, n);
        random_stream draw(derive({}, "mix", {n, d}));
        for (double& entry : mix.data) entry = draw.uniform() / double(n);
        for (auto const set : sets()) {
            host const on{1, set};
            std::vector<T> v(d);
            std::vector<double> w(d);
            std::vector<float> u(d);
            CHECK(on.columns(fixture.view(), {}, coordinate_median{}, std::span(v)));
            CHECK(on.columns(y, {}, coordinate_median{}, std::span(w)));
            CHECK(same_bits(v, rounded<T>(w)));
            CHECK(on.columns(fixture.view(), {}, trimmed_mean{(n - 1) / 3}, std::span(v)));
            CHECK(on.columns(y, {}, trimmed_mean{(n - 1) / 3}, std::span(w)));
            CHECK(same_bits(v, rounded<T>(w)));
            CHECK(on.columns(fixture.view(), {}, widest{}, std::span(v)));
            CHECK(on.columns(z, {}, widest{}, std::span(u)));
            CHECK(same_bits(v, rounded<T>(u)));
            CHECK(on.columns(fixture.view(), std::as_const(mix).view(), least_value{}, std::span(v)));
            CHECK(on.columns(z, std::as_const(mix).view(), least_value{}, std::span(u)));
            CHECK(same_bits(v, rounded<T>(u)));
        }
    }
}

TEST_CASE_TEMPLATE("rows of two bytes: each of the 65,536 values passes through the kernels, or is noticed", T,
                   bfloat16, float16) {
    constexpr std::size_t d = 65536;
    std::vector<T> all(d);
    for (std::uint32_t b = 0; b < d; ++b) all[b] = read<T>(b);
    matrix_view<T const> const x(all.data(), 1, d);
    for (auto const set : sets()) {
        std::vector<T> v(d);
        CHECK_FALSE(host{1, set}.columns(x, {}, least_value{}, std::span(v))); // there are NaN among them
        std::vector<double> const half{0.5, 0};
        (void)host{1, set}.combine(x, std::span<double const>(half), start_point::origin, std::span(v));
        std::uint32_t wrong = 0;
        for (std::uint32_t b = 0; b < d; ++b) {
            float const value = read<T>(b);
            T const expected(0.0 + double(value) / 2); // of -0, +0
            wrong += std::isnan(value) ? !std::isnan(float(v[b])) : v[b].bits() != expected.bits();
        }
        CHECK(wrong == 0);
        for (std::uint32_t b = 0; b < d; b += 97) { // in columns of their own
            std::vector<T> one(37, read<T>(b)), out(37);
            float const value = one[0];
            bool const finite = host{1, set}.columns(matrix_view<T const>(one.data(), 1, 37), {}, least_value{},
                                                     std::span(out));
            wrong += finite != std::isfinite(value);
            if (finite) wrong += float(out[0]) != value || float(out[36]) != value;
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE_TEMPLATE("rows of two bytes: the same bits for any number of threads and every instruction set", T, bfloat16,
                   float16) {
    std::size_t const n = 11, d = 20'011;
    auto const data = normals<T>(n, d);
    matrix_view<T const> const x(data.data(), n, d);
    small_matrix first(n + 1, n + 1);
    std::vector<T> v_first(d), w_first(d), u_first(d);
    std::vector<double> const a{0.1, 0.2, 0, -0.3, 1.5, 1e-9, 0.25, -0.125, 0.5, 0.5, 0.5, -0.1};
    auto const run = [&](host const& on, small_matrix& g, std::vector<T>& v, std::vector<T>& w, std::vector<T>& u) {
        CHECK(on.gram(x, start_point::midpoint, products::all, std::span(v), g.view()));
        w = v;
        (void)on.combine(x, std::span<double const>(a), start_point::given, std::span(w));
        CHECK(on.columns(x, {}, trimmed_mean{3}, std::span(u)));
    };
    run(host{1, instruction_set::baseline}, first, v_first, w_first, u_first);
    for (auto const& on : hosts()) {
        small_matrix g(n + 1, n + 1);
        std::vector<T> v(d), w(d), u(d);
        run(on, g, v, w, u);
        CHECK(same_bits(g.data, first.data));
        CHECK(same_bits(v, v_first));
        CHECK(same_bits(w, w_first));
        CHECK(same_bits(u, u_first));
    }
}
