// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/attack/any_attack.hpp>
#include <btard/attack/any_conduct.hpp>
#include <btard/attack/concept.hpp>
#include <btard/protocol/verified_swarm.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

using namespace btard;

namespace {

/// Something else at every place, by chance, and late by chance.
struct anything {
    double rate = 0.3;      ///< of a body or a message that one of the attacks changes
    double late = 0.1;      ///< of a message that is late
    std::uint64_t from = 0; ///< the draws

    static constexpr auto name = "anything";
    static constexpr void describe(auto& self, auto&& field) {
        field("rate", self.rate, "of what is changed");
        field("late", self.late, "of messages that are late");
        field("from", self.from, "the draws");
    }

    template <class P>
    void shape_part(deed<P> const& at, part_id part, std::vector<float>& aggregate) const {
        random_stream draw(stream(at, 100));
        if (draw.uniform() >= rate / 3) return;
        std::visit(
            [&](auto const& a) {
                if constexpr (requires { a.shape_part(at, part, aggregate); })
                    a.shape_part(at, part, aggregate);
            },
            pick(draw));
    }
    template <class P, class Body>
    [[nodiscard]] bool shape(deed<P> const& at, Body& body) const {
        random_stream draw(stream(at, std::uint64_t(at.self.where())));
        if (draw.uniform() >= rate) return true;
        return std::visit(
            [&](auto const& a) {
                if constexpr (requires { a.shape(at, body); }) return a.shape(at, body);
                else return true;
            },
            pick(draw));
    }
    template <class P>
    [[nodiscard]] std::vector<wire::evidence> forge(deed<P> const& at) const {
        auto all = slander{}.forge(at);
        for (auto const of : {slander_of::testimony, slander_of::result})
            for (auto& one : slander{.of = of, .by_validators = true}.forge(at)) all.push_back(std::move(one));
        return all;
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        random_stream draw(
            stream(at, 200 + message.index(),
                   std::to_integer<std::uint64_t>(to.bytes[3]) + std::uint64_t(at.self.where()) * 256));
        fate goes;
        if (draw.uniform() < rate)
            goes = std::visit(
                [&](auto const& a) -> fate {
                    if constexpr (requires { a.pass(at, to, message); }) return a.pass(at, to, message);
                    else return {};
                },
                pick(draw));
        if (draw.uniform() < late) goes.delay = std::chrono::milliseconds(draw.below(40'000));
        return goes;
    }

private:
    template <class P>
    [[nodiscard]] seed stream(deed<P> const& at, std::uint64_t what, std::uint64_t more = 0) const {
        return derive(at.with.shared, name, {from, at.step(), std::uint64_t(at.self.state().self), what, more});
    }
    /// Of three that a run has drawn.
    [[nodiscard]] conduct_choice pick(random_stream& draw) const {
        random_stream mine(derive({from, 0}, name, {draw.below(3)}));
        std::array<conduct_choice, 20> const all{
            lying_aggregator{.error = 0.1, .cover = cover::accomplices},
            lying_aggregator{.error = 10, .cover = cover::own},
            lying_aggregator{},
            false_testimony{},
            false_testimony{.to_accomplices = true},
            slander{},
            slander{.of = slander_of::testimony, .by_validators = true},
            slander{.of = slander_of::result, .by_validators = true},
            slander{.of = slander_of::gradient, .by_validators = true},
            slander{.shows = shown_to::some, .favoured = 2},
            garbage{garbage_in::rows},
            garbage{garbage_in::aggregates},
            deny_have_bits{},
            withhold_parts{},
            withhold_parts{.after_complaints = false, .favoured = draw.below(4)},
            result_to_some{draw.below(5)},
            withhold_audit_data{.until_vote = false},
            false_complaints{.victims = draw.below(4)},
            false_complaints{.choose = true},
            false_demands{}};
        return all[mine.below(std::uint32_t(all.size()))];
    }
};
template <class... As>
any_conduct_of<std::variant<As..., anything>> more(any_conduct_of<std::variant<As...>> const&);
using liars = decltype(more(any_conduct()));

using liars_swarm = verified_swarm<quadratic, centered_clip, any_attack, liars, testing::counting_signer>;

std::vector<testing::counting_signer> keys(std::size_t n) {
    std::vector<testing::counting_signer> all;
    for (std::size_t k = 0; k < n; ++k) all.emplace_back(k);
    return all;
}

/// What became of a run.
struct outcome {
    std::map<std::size_t, std::set<std::string>> why; // of liars that were removed
    std::size_t honest_out = 0, steps = 0, first = 0; // first: the step of the first removal, from 1
    double loss = 0;
    std::set<std::string> all; // reasons
};

struct cast {
    std::size_t peers = 8;
    std::vector<std::size_t> liars = {1, 4, 6};
    std::size_t steps = 12;
    std::optional<double> far = {};
    std::uint64_t most_delay = 10'000'000;
    any_attack gradient = honest{};
    float tau = 1;
};

outcome play(liars conduct, std::uint64_t seed, cast const& of = {}) {
    verification checks;
    checks.far = of.far;
    checks.network.most_delay = of.most_delay;
    liars_swarm run(quadratic{.dimension = 100, .noise = 0.1f}, centered_clip{.tau = of.tau}, of.gradient, conduct,
                    {.peers = of.peers,
                     .byzantine = of.liars,
                     .seed = seed,
                     .threads = 1,
                     .optimizer = sgd{.learning_rate = 0.1f},
                     .bans = bans::validators},
                    checks, keys(of.peers));
    outcome seen;
    seen.steps = run.train(of.steps, [&](step_report const& report) {
        for (auto const& [peer, why, banned] : report.removed) {
            if (seen.first == 0) seen.first = report.step + 1;
            bool const liar = std::ranges::find(of.liars, peer) != of.liars.end();
            if (!liar) {
                ++seen.honest_out;
                MESSAGE("honest peer ", peer, " removed in step ", report.step, ": ", std::string(why));
                continue;
            }
            seen.why[peer].insert(std::string(why));
            seen.all.insert(std::string(why));
        }
    });
    seen.loss = run.evaluate();
    return seen;
}
std::string text(outcome const& of) {
    std::string all = "first " + std::to_string(of.first) + " loss " + std::to_string(of.loss) + ":";
    for (auto const& [who, why] : of.why) {
        all += " " + std::to_string(who) + "=";
        for (auto const& one : why) all += one + ",";
    }
    return all;
}

using reasons = std::set<std::string>;

/// Every liar is removed, for these reasons and no others, and for each of `always`; nobody else is, and the run goes on.
void check_removed(liars const& conduct, reasons const& always, reasons const& also = {}, cast const& of = {},
                   std::optional<std::size_t> in_step = 1) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        auto const seen = play(conduct, seed, of), right = play(upright{}, seed, of);
        INFO(to_text(conduct), " seed ", seed, " ", text(seen));
        CHECK(seen.honest_out == 0);
        CHECK(seen.steps == of.steps);
        CHECK(seen.why.size() == of.liars.size());
        CHECK(seen.loss < 1.2 * right.loss);
        if (in_step) CHECK(seen.first == *in_step);
        for (auto const& [who, why] : seen.why) {
            std::size_t const peer = who; // clang 14 captures no bindings
            INFO("peer ", peer);
            CHECK(std::ranges::includes(why, always));
            reasons rest;
            std::ranges::set_difference(why, always, std::inserter(rest, rest.end()));
            CHECK(std::ranges::includes(also, rest));
        }
    }
}
/// As above, but how many liars are removed is left to the draws of validators.
void check_some_removed(liars const& conduct, reasons const& may, std::size_t least, cast const& of) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        auto const seen = play(conduct, seed, of), right = play(upright{}, seed, of);
        INFO(to_text(conduct), " seed ", seed, " ", text(seen));
        CHECK(seen.honest_out == 0);
        CHECK(seen.steps == of.steps);
        CHECK(seen.why.size() >= least);
        CHECK(seen.loss < 1.2 * right.loss);
        CHECK(std::ranges::includes(may, seen.all));
    }
}
/// Nobody is removed, and the parameters are those of a run without liars.
void check_harmless(liars const& conduct, cast const& of = {}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        auto const seen = play(conduct, seed, of), right = play(upright{}, seed, of);
        INFO(to_text(conduct), " seed ", seed, " ", text(seen));
        CHECK(seen.honest_out == 0);
        CHECK(seen.why.empty());
        CHECK(seen.steps == of.steps);
        CHECK(seen.loss == right.loss);
    }
}
} // namespace

TEST_CASE("a peer that does what it should is never removed") { check_harmless(upright{}, {.steps = 40}); }

// ---- checks

TEST_CASE("VB: a wrong result without any cover-up is caught in the same step") {
    check_removed(lying_aggregator{.error = 1}, {"wrong_result"});
    check_removed(lying_aggregator{.error = 1000, .in = error_unit::rounding}, {"wrong_result"});
    check_removed(huge_values{.value = 9e14f, .in_aggregates = true}, {"wrong_result"});
}
TEST_CASE("VB: a cover-up that the bounds of a testimony do not allow is opened: owner and reporters are banned") {
    check_some_removed(lying_aggregator{.error = 5, .cover = cover::own},
                       {"wrong_result", "false_testimony", "cover_up"}, 3, {.steps = 60});
}
TEST_CASE("the audit includes RESULT: an error that the sum check cannot see is found by the owner's validator") {
    check_some_removed(lying_aggregator{.error = 0.5, .in = error_unit::rounding}, {"wrong_result"}, 3,
                       {.steps = 60});
}
TEST_CASE("the audit includes RESULT: a lying owner is found whoever covers it up") {
    check_some_removed(lying_aggregator{.error = 0.05, .cover = cover::own}, {"wrong_result", "false_testimony"}, 3,
                       {.steps = 60});
    check_some_removed(lying_aggregator{.error = 0.05, .cover = cover::accomplices},
                       {"wrong_result", "false_testimony", "cover_up"}, 3, {.steps = 60});
}
TEST_CASE("VC: an error that accomplices cover up is opened when all rows are far from the part") {
    check_some_removed(lying_aggregator{.error = 1000, .cover = cover::accomplices},
                       {"wrong_result", "false_testimony", "cover_up"}, 3, {.steps = 12, .far = 50});
    check_harmless(upright{}, {.far = 50});
}
TEST_CASE("VA: the owner accuses a false testimony, and its evidence convicts") {
    check_removed(false_testimony{}, {"false_testimony"});
    check_removed(false_testimony{.what = falsehood::distance}, {"false_testimony"});
}
TEST_CASE("VB: an owner that saw a false testimony and did not accuse is banned with the reporter") {
    check_removed(false_testimony{.to_accomplices = true}, {"false_testimony", "cover_up"});
}
TEST_CASE("a testimony that no row leads to is malformed") {
    check_removed(false_testimony{.what = falsehood::not_finite}, {"malformed"});
    check_removed(false_testimony{.what = falsehood::huge}, {"malformed"});
}
TEST_CASE("a false accusation of a worker bans the accuser: the row shows it, however few get it at first") {
    check_removed(slander{}, {"slander"});
    check_removed(slander{.of = slander_of::shape}, {"slander"});
    check_removed(slander{.shows = shown_to::some, .favoured = 1}, {"slander"});
}
TEST_CASE("a validator that slanders its target is banned, whatever it accuses it of") {
    for (auto const of : {slander_of::testimony, slander_of::result, slander_of::gradient})
        check_some_removed(slander{.of = of, .by_validators = true}, {"slander"}, 2, {.steps = 40});
}
TEST_CASE("an accusation whose evidence is not shown costs a point, and a budget of them the place") {
    check_removed(slander{.shows = shown_to::nobody}, {"points"}, {}, {}, {});
}
TEST_CASE("a row that holds what no gradient has bans its sender, and its validator only confirms that") {
    check_removed(huge_values{}, {"absence", "malformed"});
    check_removed(huge_values{.value = std::numeric_limits<float>::quiet_NaN()}, {"absence", "malformed"});
}
TEST_CASE("the largest row that is allowed moves a part no further than any other") {
    check_removed(huge_values{.value = 9e14f}, {"cover_up", "false_testimony", "wrong_result"}, {"wrong_gradient"});
}
TEST_CASE("a part that is no vector of numbers stands nowhere: a strike") {
    check_removed(huge_values{.value = 1e30f, .in_aggregates = true}, {"no_part"});
    check_removed(huge_values{.value = std::numeric_limits<float>::quiet_NaN(), .in_aggregates = true}, {"no_part"});
}
TEST_CASE("bytes that do not match their signed hash prove nothing and count as not received") {
    check_removed(garbage{garbage_in::rows}, {"absence"});
    check_removed(garbage{garbage_in::aggregates}, {"no_part"});
    check_removed(garbage{garbage_in::bodies}, {"absence"});
}
TEST_CASE("more microbatches than the quota are malformed, and none of a gradient that is not zero are found "
          "by an audit") {
    check_removed(declare_wrong_quota{2}, {"malformed"});
    check_some_removed(declare_wrong_quota{0}, {"wrong_gradient"}, 3, {.steps = 60});
}

// ---- one step

TEST_CASE("have-bits that are denied change nothing") { check_harmless(deny_have_bits{}); }
TEST_CASE("rows that are withheld and pushed when complained about put liars in dispute with more than f: a strike") {
    check_removed(withhold_parts{}, {"quarrels"}, {}, {}, {});
    check_removed(withhold_parts{.after_complaints = false, .favoured = 2}, {"quarrels"}, {}, {}, {});
}
TEST_CASE("senders whose rows most members do not have after a complaint are absent") {
    check_removed(withhold_parts{.after_complaints = false}, {"absence"});
}
TEST_CASE("a part that most members do not have is a strike, and zero in that step") {
    check_removed(result_to_some{}, {"no_part"});
}
TEST_CASE("a part that few have reaches all: who lacks it pulls it from a holder") {
    check_harmless(result_to_some{1});
    check_harmless(result_to_some{2});
}
TEST_CASE("a part that two honest members of a large roster have reaches all, though f others say falsely "
          "that they have it") {
    cast large{.peers = 32, .liars = {}, .steps = 3};
    for (std::size_t k = 0; k < 15; ++k) large.liars.push_back(k);
    check_harmless(result_to_some{2}, large);
}
TEST_CASE("rows that a validator does not get are shown to all: to hide them is to be banned") {
    check_harmless(withhold_audit_data{});
    check_some_removed(withhold_audit_data{.until_vote = false}, {"hidden_row"}, 1, {.steps = 40});
}
TEST_CASE("rows that a validator demands without need cost time and nothing else") {
    check_harmless(false_demands{});
}
TEST_CASE("a complaint costs time, never a row or a slice: an owner cannot choose its rows") {
    check_harmless(false_complaints{.victims = 1});
    check_harmless(false_complaints{.victims = 2, .choose = true}, {.steps = 9});
}
TEST_CASE("who never stops complaining is removed with a strike, however few it complains about at first") {
    check_removed(false_complaints{.victims = 2}, {"quarrels"}, {}, {.steps = 30}, {});
    check_removed(false_complaints{.victims = 2, .choose = true}, {"quarrels"}, {}, {.steps = 30}, {});
}
TEST_CASE("who complains about everybody is removed with a strike, none of those it complains about") {
    check_removed(false_complaints{}, {"quarrels"}, {}, {}, {});
    check_removed(false_complaints{.choose = true}, {"quarrels"}, {}, {}, {});
}
TEST_CASE("a sleeper does nothing but cover its accomplices until it is time") {
    check_harmless(liars(lying_aggregator{}, schedule{.start = 12}));
    check_removed(liars(lying_aggregator{}, schedule{.start = 5}), {"wrong_result"}, {}, {}, 6);
    check_harmless(liars(false_complaints{}, schedule{.start = 3, .every = 8}));
}

// ---- all of them

TEST_CASE("none of them has an honest peer removed where seven of sixteen lie") {
    std::vector<liars> const all{
        lying_aggregator{},
        lying_aggregator{.error = 1, .cover = cover::accomplices},
        false_testimony{},
        false_testimony{.to_accomplices = true},
        slander{.shows = shown_to::some, .favoured = 2},
        slander{.of = slander_of::result, .by_validators = true},
        huge_values{},
        huge_values{.value = 9e14f},
        garbage{garbage_in::aggregates},
        deny_have_bits{},
        withhold_parts{},
        withhold_parts{.after_complaints = false, .favoured = 1},
        result_to_some{1},
        withhold_audit_data{.until_vote = false},
        false_complaints{.choose = true},
        false_demands{},
    };
    cast const half{.peers = 16, .liars = {0, 2, 3, 7, 8, 12, 15}, .steps = 10};
    for (auto const& conduct : all) {
        auto const seen = play(conduct, 7, half);
        INFO(to_text(conduct), " ", text(seen));
        CHECK(seen.honest_out == 0);
        CHECK(seen.steps == half.steps);
    }
}
TEST_CASE("an attack on the protocol is written as it is read") {
    for (any_conduct const& one : {any_conduct(), any_conduct(lying_aggregator{.error = 2, .cover = cover::own}),
                                   any_conduct(slander{.of = slander_of::gradient, .by_validators = true}),
                                   any_conduct(false_complaints{.victims = 3}, schedule{.start = 5, .every = 2})})
        CHECK(parse<any_conduct>(to_text(one)) == one);
    CHECK(parse<any_conduct>("result_to_some{.favoured = 2}") == any_conduct(result_to_some{2}));
}

TEST_CASE("false gradients that make all others distant cost each of these a point in a window, not its place") {
    cast half{.peers = 16, .liars = {0, 2, 3, 7, 8, 12, 15}, .steps = 14, .far = 1.04}; // 4 times an honest distance
    half.gradient = constant_direction{};
    half.tau = 3;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        auto const seen = play(upright{}, seed, half);
        INFO(text(seen));
        CHECK(seen.honest_out == 0);
        CHECK(seen.steps == half.steps);
        CHECK(seen.all == reasons{"wrong_gradient"});
    }
}
TEST_CASE("distances that are too short for everybody remove nobody") {
    check_harmless(upright{}, {.steps = 4, .far = 0.01});
}

TEST_CASE("who does something else at every place has no honest peer removed") {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        cast of{.steps = 10};
        if (seed % 3 == 1) of = {.peers = 16, .liars = {0, 2, 3, 7, 8, 12, 15}, .steps = 8};
        if (seed % 3 == 2) of = {.peers = 10, .liars = {0, 1, 2, 3}, .steps = 10, .most_delay = 400'000'000};
        auto const seen = play(
            anything{.rate = seed % 2 ? 0.3 : 1.0, .late = seed % 5 ? 0.02 : 0.3, .from = seed}, seed, of);
        INFO("seed ", seed, " ", text(seen));
        CHECK(seen.honest_out == 0);
        CHECK(seen.steps == of.steps);
    }
}
