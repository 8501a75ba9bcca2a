// tests/docs/snippets_test.cpp: the examples of the reference pages, each a region, and what they promise.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace btard;
using doctest::Approx;

namespace {

// [rows]
float const numbers[] = {1.0f, 2.0f,  //
                         1.2f, 1.8f,  //
                         0.8f, 2.2f,  //
                         50.f, -40.f}; // the last peer lies
matrix_view<float const> const rows{numbers, 4, 2};
// [rows]

void check(std::vector<float> const& v, double first, double second) {
    CHECK(v[0] == Approx(first).epsilon(1e-3));
    CHECK(v[1] == Approx(second).epsilon(1e-3));
}

std::vector<float> aggregate_again(auto const& rule, seed public_seed) {
    std::vector<float> out(2);
    aggregate(host{}, rule, rows, std::vector<double>(4, 1), std::span(out), public_seed);
    return out;
}

struct small_swarm {
    std::array<float, 6> gradient{1, 2, 3, 4, 5, 6};
    std::array<std::size_t, 1> accomplices{2};
    std::array<tensor_layout, 2> layout{{{"weight", 0, {2, 2}, 4, true}, {"bias", 4, {2}, 2, false}}};
    attack_context at(std::size_t step) const { return {step, 2, accomplices, {}, seed{1, 2}, layout}; }
};

} // namespace

TEST_CASE("docs: the front door") {
    // [front_door]
    std::vector<double> const weights{1, 1, 0.5, 1}; // such as microbatches; 0: that row is not there
    std::vector<float> out(2);
    auto const rule = centered_clip{.tau = 0.5};
    auto const report = aggregate(host{.threads = 2}, rule, rows, weights, std::span(out)); // 1.199, 1.823
    // [front_door]
    check(out, 1.199, 1.823);
    CHECK(report.rows_used == 4);

    // [short_form]
    auto const [v, about] = aggregate(rule, rows); // all processors, unit weights, a new vector
    // [short_form]
    check(v, 1.127, 1.892);
    CHECK(about.clipped == 1);

    // [other_rows]
    std::vector<std::vector<float>> const gradients{{1, 2}, {1.2f, 1.8f}, {0.8f, 2.2f}, {50, -40}};
    std::array<std::span<float const>, 3> const three{gradients[0], gradients[1], gradients[2]};
    auto const of_all = aggregate(rule, gradients).vector; // 1.127, 1.892
    auto const of_three = aggregate(mean{}, three).vector; // 1, 2
    // [other_rows]
    check(of_all, 1.127, 1.892);
    check(of_three, 1, 2);
}

TEST_CASE("docs: rules") {
    // [mean]
    auto const average = aggregate(mean{}, rows).vector; // 13.25, -8.5
    // [mean]
    check(average, 13.25, -8.5);

    // [centered_clip]
    auto const [v, report] = aggregate(centered_clip{.tau = 0.5}, rows); // v: 1.127, 1.892
    double const trust_in_liar = report.coefficients[3];                 // 0.0026
    // [centered_clip]
    check(v, 1.127, 1.892);
    CHECK(trust_in_liar == Approx(0.0026).epsilon(0.01));

    // [geometric_median]
    auto const middle = aggregate(geometric_median{}, rows).vector; // 1, 2
    // [geometric_median]
    check(middle, 1, 2);

    // [krum]
    auto const row = aggregate(krum{.byzantine = 1}, rows).vector; // 1, 2: a row, bit for bit
    // [krum]
    CHECK(row == std::vector<float>{1, 2});

    // [multi_krum]
    auto const best = aggregate(multi_krum{.byzantine = 1}, rows).vector; // the mean of three rows: 1, 2
    // [multi_krum]
    check(best, 1, 2);

    // [coordinate_median]
    auto const low = aggregate(coordinate_median{.middle = middle::lower}, rows).vector; // 1, 1.8
    auto const mid = aggregate(coordinate_median{}, rows).vector;                        // 1.1, 1.9
    // [coordinate_median]
    check(low, 1, 1.8);
    check(mid, 1.1, 1.9);

    // [trimmed_mean]
    auto const trimmed = aggregate(trimmed_mean{.byzantine = 1}, rows).vector; // 1.1, 1.9
    // [trimmed_mean]
    check(trimmed, 1.1, 1.9);
}

TEST_CASE("docs: mixings") {
    // [nnm]
    auto const near = aggregate(mixed{nnm{.byzantine = 1}, coordinate_median{}}, rows).vector; // 1, 2
    // [nnm]
    check(near, 1, 2);

    // [bucketing]
    std::vector<double> const weights(4, 1);
    std::vector<float> out(2);
    auto const rule = mixed{bucketing{.bucket = 2}, geometric_median{}};
    seed const public_seed{2024, 1}; // shuffles the rows: the same for all peers, another at each step
    aggregate(host{}, rule, rows, weights, std::span(out), public_seed);
    // [bucketing]
    CHECK(out == aggregate_again(rule, public_seed));
    CHECK(out != aggregate_again(rule, seed{2024, 2}));

    // [clipping]
    auto const clipped = aggregate(mixed{clipping{.radius = 3}, mean{}}, rows).vector; // 1.336, 1.031
    // [clipping]
    check(clipped, 1.336, 1.031);

    // [nested]
    auto const rest = mixed{nnm{.byzantine = 1}, krum{.byzantine = 1}};
    auto const both = aggregate(mixed{clipping{.radius = 3}, rest}, rows).vector; // clipped, then mixed: 1, 2
    // [nested]
    check(both, 1, 2);
}

TEST_CASE("docs: attacks") {
    small_swarm const peers;
    auto const changed = [&](auto attack, std::size_t step = 0) {
        auto g = peers.gradient;
        corrupt_gradient(attack, peers.at(step), g);
        return g;
    };
    // [honest]
    swarm calm{quadratic{}, mean{}, honest{}, {.peers = 4}}; // nobody attacks: the control experiment
    // [honest]
    CHECK(calm.train(3) == 3);

    // [sign_flip]
    auto const g = changed(sign_flip{.scale = 10}); // {1, 2, 3, ...} becomes {-10, -20, -30, ...}
    // [sign_flip]
    CHECK(g == std::array<float, 6>{-10, -20, -30, -40, -50, -60});

    // [constant_direction]
    auto const first = changed(constant_direction{.scale = 1}, 0); // as long as the own gradient is,
    auto const later = changed(constant_direction{.scale = 1}, 9); // and the same at every step
    // [constant_direction]
    CHECK(first == later);
    CHECK(norm(std::span(first).first(4)) == Approx(norm(std::span(peers.gradient).first(4))));

    // [label_flip]
    std::vector<std::int64_t> labels{0, 1, 9, -100}; // of ten classes; -100 means: none
    label_flip{.map = label_map::reverse}.corrupt_labels(peers.at(0), labels, 10); // 9, 8, 0, -100
    // [label_flip]
    CHECK(labels == std::vector<std::int64_t>{9, 8, 0, -100});

    // [scheduled]
    auto const attack = scheduled{sign_flip{.scale = 10}, {.start = 100, .stop = 200, .every = 10}};
    // [scheduled]
    CHECK(changed(attack, 109) == peers.gradient);
    CHECK(changed(attack, 110) != peers.gradient);
}

// [learnable]
struct parabola { // loss = |x|^2 / 2, for two parameters
    static std::size_t size() { return 2; }
    static std::vector<tensor_layout> layout() { return {{.name = "x", .shape = {2}, .size = 2}}; }
    static bool labelled() { return false; }
    static void initialize(seed from, std::span<float> out) {
        random_stream values(from);
        for (float& x : out) x = float(values.normal());
    }
    static double gradient(std::span<float const> x, seed, labels_hook, std::span<float> out) {
        std::copy(x.begin(), x.end(), out.begin());
        return evaluate(x);
    }
    static double evaluate(std::span<float const> x) { return squared_norm(x) / 2; }
};
static_assert(learnable<parabola>);
// [learnable]

TEST_CASE("docs: training") {
    // [swarm]
    swarm run{quadratic{}, centered_clip{.tau = 4}, sign_flip{.scale = 1'000},
              {.peers = 16,
               .byzantine = {3, 7, 11},
               .optimizer = lamb{.learning_rate = 0.02f},
               .schedule = linear_decay{.warm_up = 20, .total = 200},
               .clip_gradient = 5.0f}};
    run.train(200, [](step_report const& now) { return now.loss < 1e6; }); // false ends it early
    // [swarm]
    CHECK(run.step() == 200);

    // [fork]
    swarm shared{quadratic{}, centered_clip{.tau = 4}, any_attack{}, {.byzantine = {0, 1, 2, 3, 4}}};
    shared.train(100); // any_attack{} is honest
    auto attacked = shared, defended = shared; // each goes on by itself
    attacked.set_attack(sign_flip{.scale = 1'000});
    defended.set_attack(sign_flip{.scale = 1'000});
    defended.set_bans(bans::simulated);
    attacked.train(100);
    defended.train(100);
    // [fork]
    CHECK(attacked.byzantine().size() == 5);
    CHECK(defended.byzantine().size() < 5);
    CHECK(defended.evaluate() < attacked.evaluate());

    // [quadratic]
    quadratic const bowl{.dimension = 100, .noise = 0, .problem = 7};
    std::vector<float> x(bowl.size()), slope(bowl.size());
    bowl.optimum(x);
    double const loss = bowl.gradient(x, seed{1, 2}, {}, slope); // 0, and a slope of zeros
    // [quadratic]
    CHECK(loss == 0);
    CHECK(norm(slope) == 0);

    swarm own{parabola{}, mean{}, honest{}, {.peers = 2}};
    own.train(100);
    CHECK(own.evaluate() < 1e-6);
}

TEST_CASE("docs: backends") {
    std::vector<float> v0{1, 2};
    // [add_row]
    host const on{.threads = 2};
    small_matrix g(4 + 1, 4 + 1);
    std::array<bool, 4> arrived{};
    for (std::size_t const i : {2u, 0u, 3u, 1u}) { // whatever the order
        bool const finite = on.add_row(rows, arrived, i, std::span<float const>(v0), g.view());
        arrived[i] = finite;
    }
    // [add_row]
    small_matrix whole(4 + 1, 4 + 1);
    CHECK(on.gram(rows, start_point::given, products::all, std::span(v0), whole.view()));
    CHECK(g.data == whole.data);

    // [testimony]
    centered_clip const rule{.tau = 0.5};
    auto const v = aggregate(rule, rows).vector;
    small_matrix testimony(4, 2); // for each row: <z, x_i - v> and |x_i - v|
    on.project(rows, std::span<float const>(v), directions{.from = {3, 4}}, testimony.view());
    double sum = 0; // ends near zero, unless v is not the aggregate
    for (std::size_t i = 0; i < 4; ++i) sum += rule.pull(testimony.view()(i, 1)) * testimony.view()(i, 0);
    // [testimony]
    CHECK(std::abs(sum) < 65'535 * 1e-6);
}

// [quantile]
struct quantile { // the value below which a part of the values lies
    double at = 0.5;

    static constexpr auto name = "quantile";
    static constexpr auto summary = "a quantile of each coordinate";
    static constexpr void describe(auto& self, auto&& field) {
        field("at", self.at, "from 0, the least value, to 1, the greatest");
    }
    friend bool operator==(quantile const&, quantile const&) = default;
    void validate() const { expects(at >= 0 && at <= 1, "at is ", at, ", it must be from 0 to 1"); }

    constexpr rank_range ranks(std::size_t n) const {
        auto const rank = std::size_t(at * double(n - 1));
        return {rank, rank};
    }
    constexpr float column(std::span<float const> sorted) const { return sorted[ranks(sorted.size()).first]; }
};
// [quantile]
static_assert(coordinate_rule<quantile>);

TEST_CASE("docs: a rule with a text") {
    // [parse_quantile]
    auto const rule = parse<quantile>("quantile{.at = 0.25}"); // to_text(rule) gives it back
    auto const v = aggregate(rule, rows).vector;                // 0.8, -40
    // [parse_quantile]
    CHECK(to_text(rule) == "quantile{.at = 0.25}");
    check(v, 0.8, -40);
    CHECK_THROWS_WITH((void)aggregate(quantile{.at = 2}, rows), "at is 2, it must be from 0 to 1");
}

TEST_CASE("docs: texts") {
    // [texts]
    auto rule = parse<any_aggregator>("mixed{nnm{.byzantine = 7}, centered_clip{.tau = 1}}");
    set_field(rule.rule, "tau", "0.5");
    std::string const text = to_text(rule); // what parse reads: the same policy
    // [texts]
    CHECK(parse<any_aggregator>(text) == rule);
    CHECK(std::get<centered_clip>(rule.rule).tau == 0.5);

    // [bad_text]
    try {
        rule = parse<any_aggregator>("centered_clip{.tua = 1}");
    } catch (environment_error const& error) { // error.code() == errc::bad_text
        std::puts(error.what());
    }
    // [bad_text]
    CHECK_THROWS_WITH_AS((void)parse<any_aggregator>("centered_clip{.tua = 1}"),
                         "'centered_clip{.tua = 1}', column 15: centered_clip has no field 'tua'; "
                         "did you mean 'tau'? (known: tau, iterations, step, start_at, rtol)",
                         environment_error);
}

TEST_CASE("docs: what goes wrong") {
    // [contract]
    std::vector<float> too_short(1);
    try {
        aggregate(host{}, mean{}, rows, std::vector<double>(4, 1), std::span(too_short));
    } catch (contract_violation const& mistake) {
        std::puts(mistake.what()); // out has 1 elements, the rows have 2
    }
    // [contract]
    CHECK_THROWS_WITH((void)aggregate(host{}, mean{}, rows, std::vector<double>(4, 1), std::span(too_short)),
                      "out has 1 elements, the rows have 2");

    // [not_finite]
    float bad[] = {1, 2, 3, std::numeric_limits<float>::quiet_NaN(), 5, 6};
    auto const [v, report] = aggregate(mean{}, matrix_view{bad, 3, 2}); // 3, 4: the mean of two rows
    // [not_finite]
    CHECK(v == std::vector<float>{3, 4});
    CHECK(report.not_finite == std::vector<std::size_t>{1});
    CHECK(report.rows_used == 2);
}
