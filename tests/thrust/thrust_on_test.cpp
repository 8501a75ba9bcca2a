// SPDX-License-Identifier: Apache-2.0
#include "threads.hpp"

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/any_aggregator.hpp>
#include <btard/aggregate/presets.hpp>
#include <btard/testing/aggregator_laws.hpp>
#include <btard/testing/plain_rows.hpp>
#include <btard/thrust/thrust_on.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

using namespace btard;
using testing::broken_laws;
using testing::nasty_rows;

namespace {

any_aggregator any(any_rule const& rule, std::vector<any_mixing> mixings = {}) {
    return {{std::move(mixings)}, rule};
}

/// For eleven rows, of which three or four may be anything.
std::vector<any_aggregator> every_rule() {
    std::vector<any_rule> const rules{mean{},
                                      centered_clip{},
                                      centered_clip{.tau = 0.1, .start_at = start_point::given},
                                      presets::byzfl::centered_clip(2, 5),
                                      geometric_median{},
                                      presets::byzfl::geometric_median(),
                                      krum{.byzantine = 3},
                                      multi_krum{.byzantine = 3, .selected = 4},
                                      coordinate_median{},
                                      coordinate_median{middle::lower},
                                      trimmed_mean{.byzantine = 3}};
    std::vector<any_aggregator> all;
    for (auto const& rule : rules) all.push_back(any(rule));
    for (any_rule const& rule : {any_rule{mean{}}, any_rule{centered_clip{}}, any_rule{coordinate_median{}}}) {
        all.push_back(any(rule, {nnm{.byzantine = 3}}));
        all.push_back(any(rule, {bucketing{}}));
        all.push_back(any(rule, {clipping{}}));
        all.push_back(any(rule, {clipping{}, nnm{.byzantine = 2}}));
    }
    return all;
}

template <class T>
struct result {
    std::vector<T> v;
    aggregation_report report;
    friend bool operator==(result const& a, result const& b) {
        return std::memcmp(a.v.data(), b.v.data(), a.v.size() * sizeof(T)) == 0 && a.report == b.report;
    }
};
template <class T, class B>
result<T> run(B const& on, any_aggregator const& rule, nasty_rows<T> const& rows) {
    result<T> is{std::vector<T>(rows.view().cols(), T(0.5)), {}};
    is.report = aggregate(on, rule, rows.view(), std::span<double const>(rows.weights), std::span(is.v), seed{7, 7});
    return is;
}

} // namespace

TEST_CASE_TEMPLATE("thrust_on: every rule has the bits and the report of the host", T, float, double) {
    for (bool const not_finite : {false, true})
        for (std::size_t const d : {37u, 20'011u}) {
            nasty_rows<T> const rows({.rows = 11, .cols = d, .offset = 1, .not_finite = not_finite});
            for (auto const& rule : every_rule()) {
                CAPTURE(to_text(rule));
                CHECK(run<T>(thrust_on{}, rule, rows) == run<T>(host{}, rule, rows));
            }
        }
}

TEST_CASE("thrust_on: every rule, the same bits for any number of threads") {
    nasty_rows<float> const rows({.rows = 11, .cols = 20'011});
    for (auto const& rule : every_rule()) {
        auto const expected = run<float>(host{}, rule, rows);
        with_threads([&](std::size_t threads) {
            CAPTURE(to_text(rule));
            CAPTURE(threads);
            CHECK(run<float>(thrust_on{}, rule, rows) == expected);
        });
    }
}

TEST_CASE("laws: every rule keeps them on Thrust") {
    thrust_on const on{};
    CHECK(broken_laws(on, any(mean{})) == "");
    CHECK(broken_laws(on, centered_clip{}, {.doubled = centered_clip{.tau = 2}}) == "");
    CHECK(broken_laws(on, any(geometric_median{}), {.doubled = any(geometric_median{.nu = 2e-6})}) == "");
    CHECK(broken_laws(on, any(krum{.byzantine = 2})) == "");
    CHECK(broken_laws(on, any(multi_krum{.byzantine = 2, .selected = 3})) == "");
    CHECK(broken_laws(on, any(coordinate_median{})) == "");
    CHECK(broken_laws(on, any(coordinate_median{middle::lower})) == "");
    CHECK(broken_laws(on, any(trimmed_mean{.byzantine = 2})) == "");
    for (any_rule const& rule : {any_rule{mean{}}, any_rule{krum{.byzantine = 1}}, any_rule{coordinate_median{}}}) {
        CAPTURE(to_text(rule));
        CHECK(broken_laws(on, any(rule, {nnm{.byzantine = 2}})) == "");
        CHECK(broken_laws(on, any(rule, {bucketing{}}), {.any_order = false}) == "");
        CHECK(broken_laws(on, any(rule, {clipping{.radius = 5}}),
                          {.keeps_equal_rows = false,
                           .moves_along = false,
                           .doubled = any(rule, {clipping{.radius = 10}})}) == "");
    }
}
