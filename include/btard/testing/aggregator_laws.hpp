// btard/testing/aggregator_laws.hpp: what must hold for every aggregator, yours too, on every backend.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/law_subject.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace btard::testing {

/// What a rule promises, beyond what all do.  The laws are tried on 11 rows.
template <class A>
struct law_options {
    bool any_order = true;         ///< it does not matter who sends which row
    bool keeps_equal_rows = true;  ///< where all rows are equal, that row is the result
    bool moves_along = true;       ///< rows that all move by a vector move the result by it
    bool scales = true;            ///< rows that are twice as long make the result twice as long,
    std::optional<A> doubled = {}; ///< by this rule, where the rule holds a length
    double residual = 1e-9;        ///< of a verifiable rule, relative; infinity: it stops before
    double tolerance = 1e-6;       ///< relative to the largest coordinate
};

namespace detail {

/// Equal bits: a NaN equals itself.
[[nodiscard]] inline bool same_bits(std::vector<float> const& a, std::vector<float> const& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
[[nodiscard]] inline bool same_bits(law_subject::outcome const& a, law_subject::outcome const& b) {
    return same_bits(a.v, b.v) && a.report == b.report;
}
template <class T>
[[nodiscard]] bool close(std::vector<float> const& a, std::vector<T> const& b, double tolerance) {
    double most = 0, error = 0;
    for (std::size_t k = 0; k < b.size(); ++k) {
        most = std::max(most, std::abs(double(b[k])));
        error = std::max(error, std::abs(double(a[k]) - double(b[k])));
    }
    return error <= tolerance * std::max(1.0, most);
}

/// Multiples of 1/256 within 8, so that sums of a few are exact.
[[nodiscard]] inline law_subject::samples law_samples(std::size_t n, std::size_t d) {
    random_stream draw(derive({}, "aggregator laws", {n, d}));
    std::vector<std::vector<float>> x(n, std::vector<float>(d));
    for (auto& row : x)
        for (float& value : row) value = float(std::round(256 * std::clamp(draw.normal(), -8.0, 8.0))) / 256;
    return {x};
}

struct law_flags {
    bool any_order, keeps_equal_rows, moves_along, scales;
    double residual, tolerance;
};

[[nodiscard]] inline std::string broken_laws(law_subject const& rule, law_flags const& promised) {
    using which = law_subject::which;
    constexpr std::size_t n = 11, d = 77;
    std::string broken;
    auto const law = [&broken](bool holds, std::string_view sentence) {
        if (!holds && broken.find(sentence) == std::string::npos) broken += concat(sentence, "\n");
    };
    auto const kept = [&](law_subject::samples from) { // as the type of the rows holds them
        for (auto& row : from.x)
            for (float& value : row) value = rule.stored(value);
        return from;
    };
    auto const run = [&](law_subject::samples const& given, which w = which::itself, std::size_t variant = 0) {
        auto const before = kept(given), from = before;
        auto result = rule.run(from, w, variant);
        bool untouched = before.w == from.w;
        for (std::size_t i = 0; i < from.x.size(); ++i)
            untouched = untouched && same_bits(before.x[i], from.x[i]);
        law(untouched, "it changes its input");
        law(result.v.back() == 77, "it writes beyond the end");
        result.v.pop_back();
        auto const& c = result.report.coefficients;
        law(c.empty() || c.size() == from.x.size(), "there are coefficients, but not one for each row");
        for (std::size_t i = 0; i < c.size(); ++i)
            law(c[i] == 0 || (from.w[i] > 0 && std::isfinite(c[i])),
                "a row that does not count has a coefficient");
        return result;
    };
    auto const samples = kept(law_samples(n, d));
    auto const usual = run(samples);
    law(usual.report.rows_used == n && usual.report.not_finite.empty(), "it does not use all rows");
    law(same_bits(run(samples), usual), "the same call gives other bits");

    if (!rule.reads_given()) {
        auto other = samples;
        other.given.assign(d, 12345);
        law(same_bits(run(other), usual), "what the result holds before changes it");
    }

    if (promised.any_order) {
        auto other = samples;
        std::reverse(other.x.begin(), other.x.end());
        std::rotate(other.x.begin(), other.x.begin() + 3, other.x.end());
        auto const v = run(other).v;
        law(rule.orders_columns() ? same_bits(v, usual.v) : close(v, usual.v, promised.tolerance),
            "the same rows in another order give another result");
    }
    if (promised.keeps_equal_rows) {
        auto other = samples;
        std::fill(other.x.begin(), other.x.end(), samples.x[4]);
        law(close(run(other).v, samples.x[4], promised.tolerance), "equal rows do not give that row");
    }
    if (promised.moves_along) {
        auto other = samples;
        auto expected = usual.v;
        for (std::size_t k = 0; k < d; ++k) {
            float const move = float(k % 13) - 6;
            for (auto& row : other.x) row[k] += move;
            expected[k] += move;
            other.given[k] += move;
        }
        law(close(run(other).v, expected, promised.tolerance),
            "rows that all move do not move the result along");
    }
    if (promised.scales) {
        auto other = samples;
        auto expected = usual.v;
        for (auto& row : other.x)
            for (float& value : row) value *= 2;
        for (float& value : expected) value *= 2;
        law(close(run(other, which::doubled).v, expected, promised.tolerance),
            "rows that are twice as long do not make the result twice as long");
    }

    // A row of weight zero is not there, and neither is a row that is not finite.
    for (std::size_t const absent : {0u, 5u, 11u}) {
        auto without = samples, zero = samples, broken_row = samples;
        auto const begin = static_cast<std::ptrdiff_t>(absent);
        if (absent == 0) { // one of the rows leaves: the rule expects one Byzantine row less
            without.x.erase(without.x.begin());
            without.w.pop_back();
            zero.w[0] = 0;
            broken_row.x[0][d - 1] = std::numeric_limits<float>::infinity();
        } else { // one row more
            zero.x.insert(zero.x.begin() + begin, std::vector<float>(d, 1e9f));
            zero.w.insert(zero.w.begin() + begin, 0.0);
            broken_row.x.insert(broken_row.x.begin() + begin, std::vector<float>(d, 1));
            broken_row.x[absent][d / 2] = std::numeric_limits<float>::quiet_NaN();
            broken_row.w.push_back(1);
        }
        auto const expected = run(without, which::without_one);
        auto const of_zero = run(zero), of_broken = run(broken_row);
        law(same_bits(of_zero.v, expected.v), "a row of weight zero changes the result");
        law(same_bits(of_broken.v, expected.v), "a row that is not finite changes the result");
        law(of_zero.report.not_finite.empty() && of_zero.report.rows_used == without.x.size(),
            "a row of weight zero is counted");
        law(of_broken.report.not_finite == std::vector{absent} &&
                of_broken.report.rows_used == without.x.size(),
            "a row that is not finite is not named");
    }
    {
        auto alone = samples;
        alone.w.assign(n, 0);
        alone.w[6] = 0.5;
        if (promised.keeps_equal_rows)
            law(close(run(alone).v, samples.x[6], promised.tolerance), "a single row is not the result");
    }

    // Whatever the rows hold, the result is finite.
    constexpr float infinity = std::numeric_limits<float>::infinity();
    float const most = rule.largest();
    for (float const value : {0.0f, 1e-40f, 1e30f, most, -most, infinity, -infinity, infinity - infinity}) {
        for (std::size_t const bad : {1u, 3u, 11u}) {
            auto other = samples;
            std::vector<std::size_t> names;
            for (std::size_t i = 0; i < bad; ++i) {
                for (std::size_t k = i; k < d; k += 1 + i) other.x[i][k] = i % 2 ? -value : value;
                if (!std::isfinite(rule.stored(value))) names.push_back(i);
            }
            auto const result = run(other);
            law(std::all_of(result.v.begin(), result.v.end(), [](float x) { return std::isfinite(x); }),
                "the result is not finite");
            law(result.report.not_finite == names && result.report.rows_used == n - names.size(),
                "a row that is not finite is not named");
            if (names.size() == n)
                law(std::all_of(result.v.begin(), result.v.end(), [](float x) { return x == 0; }),
                    "with no row left, the result is not zeros");
        }
    }

    if (auto const f = rule.residual(samples, usual.v)) {
        double const slack = 1e-8 * double(f->scale); // the distances, too, are those of rounded differences
        law(double(f->norm) <= usual.report.residual + usual.report.rounding + slack,
            "its residual is larger than it says");
        law(usual.report.residual <= promised.residual * double(f->scale), "its residual is not zero");
    }
    if (auto const v = rule.run_in_double(samples))
        law(close(usual.v, *v, std::max(promised.tolerance, 1e-6)), "rows of double give another result");

    auto const wide = law_samples(n, 40'003); // several tasks of each kernel
    auto const first = run(wide);
    for (std::size_t variant = 1; variant < rule.variants(); ++variant)
        law(same_bits(run(wide, which::itself, variant), first),
            "threads or instruction sets change the bits");
    return broken;
}

} // namespace detail

/// The laws that an aggregator breaks, one sentence a line; "" is what you want:
/// `CHECK(broken_laws(host{}, my_rule{}) == "")`.
///
/// With a length: `broken_laws(host{}, centered_clip{.tau = 1}, {.doubled = centered_clip{.tau = 2}})`.
/// On rows of another type, with the tolerance that it needs: `broken_laws<float16>(host{}, mean{}, {.tolerance = 2e-3})`.
template <class T = float, std::copy_constructible B, aggregator<T> A>
    requires backend<B, T>
[[nodiscard]] std::string broken_laws(B const& on, A const& rule, law_options<A> const& promised = {}) {
    detail::law_flags const flags{promised.any_order, promised.keeps_equal_rows, promised.moves_along,
                                  promised.scales,    promised.residual,         promised.tolerance};
    return detail::broken_laws(law_subject_of<B, A, T>(on, rule, promised.doubled), flags);
}

} // namespace btard::testing
