// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/any_aggregator.hpp>
#include <btard/testing/aggregator_laws.hpp>
#include <btard/testing/mixing_laws.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace btard;
using testing::broken_laws;
using testing::broken_mixing_laws;

namespace {

any_aggregator any(any_rule const& rule, std::vector<any_mixing> mixings = {}) {
    return {{std::move(mixings)}, rule};
}
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A rule of a user that is right, to be spoilt in one way or another.
struct row_mean {
    bool adds_index = false, scribbles = false, forgets_weights = false, counts = false, grows = false,
         reads_out = false;

    aggregation_report operator()(matrix_view<float const> rows, std::span<double const> weights,
                                  std::span<float> out) const {
        static int calls = 0;
        double sum = 0;
        for (double const w : weights) sum += forgets_weights ? 1 : w;
        for (std::size_t k = 0; k < out.size(); ++k) {
            double value = 0;
            for (std::size_t i = 0; i < rows.rows(); ++i)
                value += (forgets_weights ? 1 : weights[i]) * double(rows(i, k)) *
                         (adds_index && i == 2 ? 1.5 : 1);
            value = value / sum + (reads_out ? double(out[k]) : 0) + (counts ? calls++ : 0);
            out[k] = float(grows ? value * 4 : value);
        }
        if (scribbles) const_cast<float&>(rows(0, 0)) += 1;
        return {};
    }
};
bool says(std::string const& broken, std::string_view sentence) {
    return broken.find(sentence) != std::string::npos;
}

} // namespace

TEST_CASE("laws: every rule keeps them") {
    CHECK(broken_laws(host{}, mean{}) == "");
    CHECK(broken_laws(host{}, centered_clip{}, {.doubled = centered_clip{.tau = 2}}) == "");
    CHECK(broken_laws(host{}, centered_clip{.tau = 0.01}, {.doubled = centered_clip{.tau = 0.02}}) == "");
    CHECK(broken_laws(host{}, centered_clip{.start_at = start_point::given},
                      {.doubled = centered_clip{.tau = 2, .start_at = start_point::given}}) == "");
    CHECK(broken_laws(host{}, centered_clip{.tau = 3, .iterations = 5},
                      {.doubled = centered_clip{.tau = 6, .iterations = 5}, .residual = infinity}) == "");
    CHECK(broken_laws(host{}, any(geometric_median{}), {.doubled = any(geometric_median{.nu = 2e-6})}) == "");
    CHECK(broken_laws(
              host{}, any(geometric_median{.nu = 0.1, .iterations = 3, .start_at = start_point::mean}),
              {.doubled =
                   any(geometric_median{.nu = 0.2, .iterations = 3, .start_at = start_point::mean})}) == "");
    CHECK(broken_laws(host{}, any(krum{.byzantine = 2})) == "");
    CHECK(broken_laws(host{}, any(multi_krum{.byzantine = 2, .selected = 3})) == "");
    CHECK(broken_laws(host{}, coordinate_median{}) == "");
    CHECK(broken_laws(host{}, any(coordinate_median{middle::lower})) == "");
    CHECK(broken_laws(host{}, trimmed_mean{.byzantine = 2}) == "");
}

TEST_CASE("laws: with every mixing before a coefficient rule and a coordinate rule") {
    for (any_rule const& rule :
         {any_rule{mean{}}, any_rule{krum{.byzantine = 1}}, any_rule{coordinate_median{}}}) {
        CAPTURE(to_text(rule));
        CHECK(broken_laws(host{}, any(rule, {nnm{.byzantine = 2}})) == "");
        CHECK(broken_laws(host{}, any(rule, {bucketing{}}), {.any_order = false}) == "");
        CHECK(broken_laws(host{}, any(rule, {clipping{.radius = 5}}),
                          {.keeps_equal_rows = false,
                           .moves_along = false,
                           .doubled = any(rule, {clipping{.radius = 10}})}) == "");
        CHECK(broken_laws(host{}, any(rule, {clipping{.radius = 5}, nnm{.byzantine = 2}}),
                          {.keeps_equal_rows = false,
                           .moves_along = false,
                           .doubled = any(rule, {clipping{.radius = 10}, nnm{.byzantine = 2}})}) == "");
    }
    CHECK(broken_laws(host{}, any(centered_clip{}, {nnm{.byzantine = 2}}),
                      {.doubled = any(centered_clip{.tau = 2}, {nnm{.byzantine = 2}})}) == "");
}

TEST_CASE("laws: every mixing keeps its own") {
    CHECK(broken_mixing_laws(host{}, nnm{.byzantine = 2}) == "");
    CHECK(broken_mixing_laws(host{}, nnm{}) == "");
    for (std::size_t const s : {1u, 2u, 3u, 11u})
        CHECK(broken_mixing_laws(host{}, bucketing{.bucket = s}) == "");
    for (double const radius : {0.1, 20.0, 1e9})
        CHECK(broken_mixing_laws(host{}, clipping{.radius = radius}, {.averages = radius > 1e3}) == "");
    CHECK(broken_mixing_laws(host{}, composed{nnm{.byzantine = 2}, bucketing{}}) == "");
    CHECK(broken_mixing_laws(host{}, composed{clipping{.radius = 20}, nnm{.byzantine = 2}},
                             {.averages = false}) == "");
    CHECK(broken_mixing_laws(host{}, mixing_list{{clipping{.radius = 20}, bucketing{}, nnm{.byzantine = 1}}},
                             {.averages = false}) == "");
    CHECK(broken_mixing_laws(host{}, mixing_list{}) == "");
}

TEST_CASE("laws: a rule of a user, too, and each law notices the rule that breaks it") {
    CHECK(broken_laws(host{}, row_mean{}) == "");
    CHECK(says(broken_laws(host{}, row_mean{.adds_index = true}),
               "the same rows in another order give another result"));
    CHECK(says(broken_laws(host{}, row_mean{.adds_index = true}), "equal rows do not give that row"));
    CHECK(says(broken_laws(host{}, row_mean{.adds_index = true}),
               "rows that all move do not move the result along"));
    CHECK(says(broken_laws(host{}, row_mean{.scribbles = true}), "it changes its input"));
    CHECK(says(broken_laws(host{}, row_mean{.counts = true}), "the same call gives other bits"));
    CHECK(says(broken_laws(host{}, row_mean{.counts = true}), "threads or instruction sets change the bits"));
    CHECK(says(broken_laws(host{}, row_mean{.grows = true}), "the result is not finite"));
    CHECK(says(broken_laws(host{}, row_mean{.grows = true}), "a single row is not the result"));
    CHECK(says(broken_laws(host{}, row_mean{.reads_out = true}), "what the result holds before changes it"));
    CHECK(broken_laws(host{}, row_mean{.forgets_weights = true}) == ""); // is allowed to
    CHECK(says(broken_laws(host{}, centered_clip{.tau = 12}), "twice as long"));
    CHECK(says(broken_laws(host{}, any(coordinate_median{}, {bucketing{}})), "another order"));
    CHECK(says(broken_laws(host{}, centered_clip{.iterations = 2},
                           {.doubled = centered_clip{.tau = 2, .iterations = 2}}),
               "its residual is not zero"));
}

namespace {

struct boastful : centered_clip { // reports less than there is
    aggregation_report coefficients(gram_matrix const& g, std::span<double> c) const {
        auto report = centered_clip{.tau = 1, .iterations = 1}.coefficients(g, c);
        report.residual = 0;
        return report;
    }
};
struct lopsided { // a coordinate rule that ignores what it should: weight zero is the engine's, not its own
    rank_range ranks(std::size_t n) const { return {0, n - 1}; }
    template <class T>
    T column(std::span<T const> sorted) const {
        return sorted.back() - sorted.front();
    }
};
struct wasteful { // a mixing that leaves its matrix as it was, and weighs nothing
    static std::size_t size(std::size_t n) { return n; }
    static void mix(gram_matrix const&, matrix_view<double> out, std::span<double>) { out(0, 0) = 1; }
};
struct greedy { // asks for nothing and reads all
    static std::size_t size(std::size_t n) { return n; }
    static products needs() { return products::none; }
    static void mix(gram_matrix const& g, matrix_view<double> out, std::span<double> weights) {
        for (std::size_t i = 0; i < out.rows(); ++i)
            for (std::size_t j = 0; j < out.cols(); ++j) out(i, j) = i == j ? 1 + g.products(i, i) : 0;
        std::copy(g.weights.begin(), g.weights.end(), weights.begin());
    }
};

} // namespace

TEST_CASE("laws: notice residuals that are too good, rules that do not move along, mixings that do not mix") {
    CHECK(says(broken_laws(host{}, boastful{}), "its residual is larger than it says"));
    CHECK(says(broken_laws(host{}, lopsided{}), "rows that all move do not move the result along"));
    CHECK(says(broken_mixing_laws(host{}, wasteful{}), "it leaves out an element"));
    CHECK(says(broken_mixing_laws(host{}, wasteful{}), "a mixed row has no weight"));
    CHECK(says(broken_mixing_laws(host{}, greedy{}), "reads products that it did not ask for"));
    CHECK(says(broken_mixing_laws(host{}, greedy{}), "a mixed row is no average"));
}
