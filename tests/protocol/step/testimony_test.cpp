// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/core/norm.hpp>
#include <btard/protocol/step/testimony.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

using namespace btard;

namespace {

/// A part of some gradients, and what its owner makes of it.
struct part {
    std::size_t n, d;
    std::vector<float> rows, aggregate;
    std::vector<double> weights;

    part(std::size_t n_, std::size_t d_, std::uint64_t number, float spread = 1)
        : n(n_), d(d_), rows(n * d), aggregate(d), weights(n) {
        random_stream random(seed{number, 1});
        for (float& x : rows) x = spread * float(random.normal());
        for (std::size_t i = 0; i < n; ++i) weights[i] = double(1 + i % 3);
    }
    matrix_view<float const> view() const { return {rows.data(), n, d}; }
    template <class A>
    void run(A const& rule) {
        (void)btard::aggregate(host{.threads = 1}, rule, view(), std::span<double const>(weights),
                               std::span(aggregate));
    }
    template <class A>
    std::vector<testimony> said(A const& rule, directions z) const {
        return testify(host{.threads = 1}, rule, view(), std::span<float const>(aggregate), z);
    }
    template <class A>
    sum_check check(A const& rule, std::vector<testimony> const& all, directions z) const {
        return check_sum(rule, all, weights, d, norm_of(z, d), norm(aggregate));
    }
};

directions z_of(std::uint64_t number) { return {.from = seed{number, 2}, .offset = 17}; }

} // namespace

TEST_CASE("norm_of: the length of the direction") {
    auto const z = z_of(1);
    double sum = 0;
    for (std::uint64_t k = 0; k < 3'000; ++k) sum += double(z.at(k)) * double(z.at(k));
    CHECK(norm_of(z, 3'000) == std::sqrt(sum));
    CHECK(norm_of(z, 0) == 0);
}

TEST_CASE("norm_of: is found on the way where a row is projected, by all instruction sets, bit for bit") {
    for (std::size_t const d : {1, 9, 1'000, 1'030, 33'000}) {
        std::vector<float> const row(d, 0.5f), v(d);
        matrix_view<float const> const alone(row.data(), 1, d);
        for (auto const set : {instruction_set::baseline, instruction_set::avx2, instruction_set::avx512}) {
            if (!supported(set)) continue;
            double found = 0;
            (void)testify(host{1, set}, centered_clip{}, alone, std::span<float const>(v), z_of(d), &found);
            CHECK(found == norm_of(z_of(d), d));
        }
    }
}

TEST_CASE("directions: many at a time are what they are one by one, wherever they begin") {
    std::vector<double> out(700 + 8);
    for (std::uint64_t const offset : {0, 1, 5, 17}) {
        directions const z{.from = seed{3, 4}, .offset = offset};
        for (std::size_t const length : {0, 1, 8, 255, 256, 300, 700})
            for (std::uint64_t const first : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{1} << 35}) {
                std::size_t const place = host_kernels::write_directions(z, first, length, out.data());
                for (std::size_t k = 0; k < length; ++k) REQUIRE(out[place + k] == z.at(first + k));
            }
    }
}

TEST_CASE("testimony: the same bits for a row alone and among others, in parts of any length") {
    centered_clip const rule{.tau = 2};
    for (std::size_t const d : {1, 7, 1'000, 5'001}) {
        part one(5, d, d);
        one.run(rule);
        auto const all = one.said(rule, z_of(d));
        for (std::size_t i = 0; i < one.n; ++i) {
            matrix_view<float const> const alone(one.rows.data() + i * d, 1, d);
            CHECK(testify(host{.threads = 2}, rule, alone, std::span<float const>(one.aggregate), z_of(d))
                      .front() == all[i]);
        }
    }
}

TEST_CASE("testimony: the projection is that of the pulled difference") {
    centered_clip const rule{.tau = 2};
    part one(3, 100, 5);
    one.run(rule);
    auto const all = one.said(rule, z_of(9));
    for (std::size_t i = 0; i < one.n; ++i) {
        double dot = 0, square = 0;
        for (std::size_t k = 0; k < one.d; ++k) {
            double const difference = double(one.rows[i * one.d + k] - one.aggregate[k]);
            dot += double(z_of(9).at(k)) * difference;
            square += difference * difference;
        }
        CHECK(all[i].distance == doctest::Approx(std::sqrt(square)));
        CHECK(all[i].projection == doctest::Approx(dot * std::min(1.0, 2 / std::sqrt(square))));
    }
}

TEST_CASE_TEMPLATE("sum: an honest result passes, whatever the rows and weights", Rule, centered_clip, mean) {
    double worst = 0;
    for (std::uint64_t k = 0; k < 60; ++k) {
        Rule rule;
        if constexpr (std::is_same_v<Rule, centered_clip>) rule.tau = k % 3 == 0 ? 0.01f : k % 3 == 1 ? 1.0f : 100.0f;
        part one(k % 2 == 0 ? 16 : 7, k % 5 == 0 ? 3 : 400 + k, k);
        if (k % 4 == 1)
            for (std::size_t i = 0; i < 3 * one.d; ++i) one.rows[i] *= -1'000; // attackers
        if (k % 4 == 2)
            for (std::size_t i = 0; i < one.d; ++i) one.rows[i] = 9e14f; // the largest that is let in
        one.run(rule);
        auto const said = one.said(rule, z_of(k));
        auto const check = one.check(rule, said, z_of(k));
        CAPTURE(k);
        CHECK(check.passed());
        if (one.d > 64)
            worst = std::max(worst, check.sum / check.tolerance); // shorter: the bound of Cauchy and Schwarz
        for (auto const& row : said) CHECK(!malformed(row, rule, norm_of(z_of(k), one.d)));
    }
    CHECK(worst > 0);
    CHECK(worst < 0.3); // of the tolerance
}

TEST_CASE("sum: an honest result near zero passes, of parts of any length") {
    centered_clip const rule{.tau = 2};
    for (std::size_t const d : {1, 4, 16, 100}) {
        for (std::uint64_t k = 0; k < 100; ++k) {
            part one(64, d, k);
            for (std::size_t i = 0; i < 64 * d; ++i) // rows far longer than their mean
                one.rows[i] = float(random_stream(derive({k, 0}, "near zero", {i, 0})).uniform() * 2 - 1);
            one.run(rule);
            CAPTURE(d);
            CHECK(one.check(rule, one.said(rule, z_of(k)), z_of(k)).passed());
        }
    }
}

TEST_CASE("sum: a result that was moved does not pass, by however little beyond the tolerance") {
    centered_clip const rule{.tau = 1};
    for (std::uint64_t k = 0; k < 20; ++k) {
        part one(16, 1'000, k);
        one.run(rule);
        for (float& v : one.aggregate) v += 1e-3f;
        CHECK(!one.check(rule, one.said(rule, z_of(k)), z_of(k)).passed());
    }
    part one(16, 1'000, 99);
    one.run(rule);
    one.aggregate[500] += 0.01f; // z has no zeros: one coordinate is enough
    CHECK(!one.check(rule, one.said(rule, z_of(3)), z_of(3)).passed());
}

TEST_CASE("sum: a row left out is missed, and rows that all lie beyond tau pass") {
    centered_clip const rule{.tau = 1e-3f};
    part one(9, 500, 3, 100);
    one.run(rule);
    auto said = one.said(rule, z_of(1));
    for (auto const& row : said) CHECK(row.distance > 1e-3);
    CHECK(one.check(rule, said, z_of(1)).passed());
    said.pop_back();
    auto const weights = std::span<double const>(one.weights).first(8);
    CHECK(!check_sum(rule, said, weights, one.d, norm_of(z_of(1), one.d), norm(one.aggregate)).passed());
}

TEST_CASE("malformed: what no row could lead to") {
    centered_clip const rule{.tau = 2};
    double const nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    CHECK(!malformed({0, 0}, rule, 10));
    CHECK(!malformed({20, 5}, rule, 10)); // tau |z|, just
    CHECK(!malformed({-10, 1}, rule, 10));
    CHECK(malformed({20.1, 5}, rule, 10));
    CHECK(malformed({10.1, 1}, rule, 10));
    CHECK(malformed({1e-300, 0}, rule, 10));
    CHECK(malformed({0, -1}, rule, 10));
    for (double const bad : {nan, inf, -inf}) {
        CHECK(malformed({bad, 1}, rule, 10));
        CHECK(malformed({0, bad}, rule, 10));
    }
    CHECK(malformed({1e300, 1}, rule, 10));
    CHECK(malformed({-1e300, 1e300}, rule, 10));
    CHECK(!malformed({1e300, 1e300}, mean{}, 10)); // the mean has no bound: any distance can be
}

TEST_CASE("distances: too many are far, when fewer than f could be lying") {
    std::vector<testimony> said(10);
    auto const far = [&](std::size_t count) {
        for (std::size_t k = 0; k < said.size(); ++k) said[k].distance = k < count ? 5 : 1;
        return too_many_far(said, 4, 3);
    };
    CHECK(!far(0));
    CHECK(!far(6));
    CHECK(far(7));
    CHECK(far(10));
    CHECK(!too_many_far({}, 4, 3));
    CHECK(!too_many_far(std::span(said).first(1), 5, 3)); // not beyond
}
