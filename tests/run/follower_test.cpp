// SPDX-License-Identifier: Apache-2.0
#include "../protocol/small_swarm.hpp"
#include "small_run.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;

namespace {

sgd const with_momentum{.learning_rate = 0.1f, .momentum = 0.9f, .weight_decay = 0.01f};

/// It has what the members have, bit for bit.
void check_current(small_run const& run) {
    REQUIRE(run.who->is_current());
    REQUIRE(run.who->known()->step == run.context.step);
    REQUIRE(flat(*run.who->state()) == flat(run.state));
    REQUIRE(*run.who->state() == run.state);
}

/// Members of `run` before `liars` say what `made` makes of it.
void let_lie(small_run& run, std::size_t liars, small_run::lie const& made) {
    for (std::size_t k = 0; k < liars; ++k) run.lies[key_of(k)] = made;
}

/// What one kind of message becomes.
template <class M, class F>
small_run::lie about(F&& change) {
    return [change](small_run::message m) -> std::optional<small_run::message> {
        if (auto* const one = std::get_if<M>(&m); one && !change(*one)) return {};
        return m;
    };
}

digest const other = tagged_hash("other");
shared_floats spoiled(shared_floats values) {
    if (values.empty()) return {1};
    values.edit([](std::vector<float>& all) { all[all.size() / 2] += 1; });
    return values;
}
std::map<std::string, small_run::lie> all_lies() {
    auto const flips = std::make_shared<random_stream>(seed{11, 1});
    auto const flipped = [flips](small_run::message m) -> std::optional<small_run::message> {
        auto bytes = encode_run_frame(m);
        std::size_t const bit = flips->below(static_cast<std::uint32_t>(8 * bytes.size()));
        bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        return decode_run_frame(bytes);
    };
    return {
        {"another step", about<wire::progress>([](wire::progress& m) { return m.context.step += 7, true; })},
        {"another context", about<wire::progress>([](wire::progress& m) { return m.context.banned = 1, true; })},
        {"another run", about<wire::progress>([](wire::progress& m) { return m.context.run = other, true; })},
        {"steps before the first", about<wire::progress>([](wire::progress& m) {
             return m.applied.assign(1'000, other), true;
         })},
        {"other hashes of what moved", about<wire::progress>([](wire::progress& m) {
             for (auto& one : m.applied) one = other;
             return true;
         })},
        {"another state", about<wire::progress>([](wire::progress& m) {
             if (m.snapshot) m.snapshot->root = other;
             return true;
         })},
        {"a state of another step", about<wire::progress>([](wire::progress& m) {
             m.snapshot = wire::snapshot_head{m.context.step, other};
             return true;
         })},
        {"other hashes of chunks", about<wire::leaves>([](wire::leaves& m) {
             return m.hashes.back() = other, true;
         })},
        {"too few chunks", about<wire::leaves>([](wire::leaves& m) { return m.hashes.pop_back(), true; })},
        {"too many chunks", about<wire::leaves>([](wire::leaves& m) { return m.hashes.resize(9'000), true; })},
        {"other chunks", about<wire::chunk>([](wire::chunk& m) { return m.values = spoiled(m.values), true; })},
        {"empty chunks", about<wire::chunk>([](wire::chunk& m) { return m.values = {}, true; })},
        {"chunks under other numbers", about<wire::chunk>([](wire::chunk& m) { return m.index ^= 1, true; })},
        {"chunks beyond the last", about<wire::chunk>([](wire::chunk& m) { return m.index += 1u << 30, true; })},
        {"other floats", about<wire::applied>([](wire::applied& m) { return m.values = spoiled(m.values), true; })},
        {"too few floats", about<wire::applied>([](wire::applied& m) {
             return m.values = m.values.slice(1, m.values.size() - 1), true;
         })},
        {"floats of another step", about<wire::applied>([](wire::applied& m) { return m.step += 1, true; })},
        {"no answer but that it is missing", [](small_run::message m) -> std::optional<small_run::message> {
             if (auto const* const a = std::get_if<wire::leaves>(&m))
                 return wire::missing{{wire::fetched::leaves, a->step, 0}};
             if (auto const* const a = std::get_if<wire::chunk>(&m))
                 return wire::missing{{wire::fetched::chunk, a->step, a->index}};
             if (auto const* const a = std::get_if<wire::applied>(&m))
                 return wire::missing{{wire::fetched::applied, a->step, 0}};
             return m;
         }},
        {"a flipped bit", flipped},
        {"no floats", about<wire::applied>([](wire::applied&) { return false; })},
        {"no state", about<wire::chunk>([](wire::chunk&) { return false; })},
        {"nothing", [](small_run::message) { return std::optional<small_run::message>(); }},
        {"only that it goes on", [](small_run::message m) -> std::optional<small_run::message> {
             if (std::holds_alternative<wire::progress>(m)) return m;
             return {};
         }},
    };
}

} // namespace

TEST_CASE("follower: from the first step on it has the parameters and the optimizer of the members") {
    for (optimizer const& method : {optimizer(sgd{}), optimizer(with_momentum), optimizer(lamb{})}) {
        small_run run(4, 1, method);
        run.follow(run.state);
        run.deliver();
        check_current(run);
        CHECK(run.who->progress_text() == "state of step 0");
        for (int k = 0; k < 40; ++k) {
            run.step();
            run.deliver();
            check_current(run);
        }
        CHECK(run.who->begun_anew() == 0);
        std::size_t most = 0, sum = 0;
        for (auto const& [key, asks] : run.asked) {
            sum += asks.at(wire::fetched::applied);
            most = std::max(most, asks.at(wire::fetched::applied));
        }
        CHECK(sum == 40); // each once
        CHECK(most <= 12); // by turns
    }
}

TEST_CASE("follower: one that comes late fetches a state from several members while the steps go on") {
    for (optimizer const& method : {optimizer(with_momentum), optimizer(lamb{})}) {
        small_run run(5, 2, method, 300'000);
        for (int k = 0; k < 3; ++k) run.step();
        run.follow();
        run.deliver();
        CHECK(run.who->state() == nullptr);
        CHECK(run.who->progress_text() == "waits for members to keep a state, at step 3");
        while (run.context.step < 7) {
            run.step();
            run.deliver();
        }
        run.step();
        run.deliver(3);
        std::size_t const chunks = chunks_of(flat_size(method, run.size));
        CHECK(run.who->chunks_total() == chunks);
        CHECK(run.who->progress_text().starts_with("state of step 8: 0 of " + std::to_string(chunks) + " chunks"));
        for (std::size_t k = 0; k < 3; ++k) {
            run.step();
            run.deliver(6); // about one thing beside what they tell
        }
        run.deliver();
        check_current(run);
        CHECK(run.who->begun_anew() == 0);
        std::size_t members = 0;
        for (auto const& [key, asks] : run.asked) members += asks.contains(wire::fetched::chunk);
        CHECK(members >= 2);
        // What they kept for it is dropped when it has it.
        for (int k = 0; k < 8; ++k) run.step();
        for (auto const& [key, one] : run.keepers) CHECK(one.snapshots() == 0);
    }
}

TEST_CASE("follower: whatever f members say or send, it has the state of the others") {
    for (auto const& one : all_lies()) {
        CAPTURE(one.first);
        small_run run(7, 3, with_momentum, 150'000); // two chunks
        let_lie(run, 3, one.second);
        run.follow();
        for (int k = 0; k < 14; ++k) {
            run.step();
            run.wait(20s); // the silent ones are waited for
        }
        run.wait(10min);
        check_current(run);
    }
}

TEST_CASE("follower: lies about what it follows from the start on") {
    for (auto const& one : all_lies()) {
        CAPTURE(one.first);
        small_run run(4, 1, with_momentum);
        let_lie(run, 1, one.second);
        run.follow(run.state);
        for (int k = 0; k < 20; ++k) {
            run.step();
            run.wait(20s);
        }
        check_current(run);
        CHECK(run.who->begun_anew() == 0);
    }
}

TEST_CASE("follower: who sent other bytes is not asked for a while, and then is") {
    small_run run(4, 1, sgd{});
    let_lie(run, 1, all_lies().at("other floats"));
    run.follow(run.state);
    auto& asks = run.asked[key_of(0)][wire::fetched::applied];
    for (int k = 0; k < 8; ++k) {
        run.step();
        run.deliver();
        check_current(run);
    }
    CHECK(asks == 1);
    run.wait(3min);
    for (int k = 0; k < 8; ++k) {
        run.step();
        run.deliver();
        check_current(run);
    }
    CHECK(asks == 2);
}

TEST_CASE("follower: what one member is slow to send is asked of another") {
    small_run run(4, 1, sgd{});
    let_lie(run, 1, all_lies().at("no floats"));
    run.follow(run.state);
    for (int k = 0; k < 4; ++k) {
        run.step();
        run.deliver();
        if (!run.who->is_current()) run.wait(8s); // an eighth of its patience
        check_current(run);
    }
}

TEST_CASE("follower: f members alone are not believed, f + 1 are") {
    small_run run(5, 2, sgd{});
    run.follow(run.state);
    run.deliver();
    auto said = wire::progress{run.context, {}, {}, {}};
    said.context.step = 1'000;
    run.who->handle_message(key_of(0), said, run.now);
    run.who->handle_message(key_of(1), said, run.now);
    run.who->handle_message(key_of(1), said, run.now);  // one voice each
    run.who->handle_message(key_of(77), said, run.now); // no member
    CHECK(run.who->known()->step == 0);
    run.who->handle_message(key_of(2), said, run.now);
    CHECK(run.who->known()->step == 1'000);
}

TEST_CASE("follower: a link that is down for a few steps costs nothing, for many a new state") {
    small_run run(4, 1, lamb{});
    run.follow(run.state);
    run.step();
    run.deliver();
    check_current(run);
    auto const away = [&](int steps) {
        for (std::size_t k = 0; k < 4; ++k) run.lose(key_of(k));
        for (auto& [key, one] : run.keepers) // else they keep nothing
            one.handle_message(key_of(201), wire::follow{}, run.now);
        for (int k = 0; k < steps; ++k) run.step();
        for (std::size_t k = 0; k < 4; ++k) run.link(key_of(k));
        run.deliver();
    };
    away(20);
    check_current(run);
    CHECK(run.who->begun_anew() == 0);
    away(60);
    CHECK(run.who->begun_anew() == 1);
    CHECK(run.who->state() == nullptr);
    for (int k = 0; k < 10; ++k) {
        run.step();
        run.deliver();
    }
    check_current(run);
    CHECK(run.who->begun_anew() == 1);
}

TEST_CASE("follower: when members keep nothing of what it lacks, it fetches a state at once") {
    small_run run(4, 1, sgd{});
    run.follow(run.state);
    run.deliver();
    for (std::size_t k = 0; k < 4; ++k) run.lose(key_of(k));
    for (int k = 0; k < 9; ++k) run.step(); // nobody follows
    for (auto const& [key, one] : run.keepers) CHECK(one.applied_kept() == 1);
    for (std::size_t k = 0; k < 4; ++k) run.link(key_of(k));
    run.deliver();
    CHECK(run.who->begun_anew() == 1);
    for (int k = 0; k < 8; ++k) {
        run.step();
        run.deliver();
    }
    check_current(run);
}

TEST_CASE("follower: members that hold a state no more make it fetch another one") {
    small_run run(4, 1, lamb{}, 100'000);
    run.follow();
    for (int k = 0; k < 7; ++k) {
        run.step();
        run.deliver();
    }
    run.step();
    run.deliver(2);
    REQUIRE(run.who->chunks_total() > 0);
    for (auto& [key, one] : run.keepers) one.handle_message(key_of(200), wire::follow{}, run.now);
    for (int k = 0; k < 20; ++k) {
        run.step();
        run.deliver();
    }
    run.wait(2min);
    for (int k = 0; k < 10; ++k) {
        run.step();
        run.deliver();
    }
    check_current(run);
    CHECK(run.who->begun_anew() >= 1);
}

TEST_CASE("follower: what a new member has to know comes with its floats, whoever sends others") {
    using held = wire::held;
    std::map<std::string, small_run::lie> lies{
        {"nothing else", [](small_run::message m) { return std::optional(std::move(m)); }},
        {"another state", about<held>([](held& m) { return m.state.context.banned += 1, true; })},
        {"other floats", about<held>([](held& m) { return m.floats.given = spoiled(m.floats.given), true; })},
        {"other floats before", about<held>([](held& m) {
             return m.floats.before = spoiled(m.floats.before), true;
         })},
        {"no floats", about<held>([](held& m) { return m.floats = {}, true; })},
        {"too many floats", about<held>([](held& m) { return m.floats.fallen.assign(3, {0, {}, {1, 2}}), true; })},
        {"silence", about<held>([](held&) { return false; })},
        {"another hash", about<wire::progress>([](wire::progress& m) { return m.held = other, true; })},
    };
    for (auto const& one : lies)
        for (bool const fall : {false, true}) {
            CAPTURE(one.first);
            CAPTURE(fall);
            small_run run(5, 2, sgd{}, 20);
            let_lie(run, 2, one.second);
            run.parts_fall = fall;
            run.follow(run.state);
            for (int k = 0; k < 6; ++k) {
                step_context const last = run.context;
                run.step();
                run.who->fetch_held(run.context.step, run.now);
                run.deliver();
                if (!run.who->held()) run.wait(1min);
                REQUIRE(run.who->held());
                CHECK(run.who->held()->state == run.member(last));
                CHECK(run.who->held()->floats.given == run.v0);
                CHECK(run.who->held()->floats.before == run.before);
                check_current(run);
            }
        }
}

TEST_CASE("follower: what a peer cannot be made of is fetched from somebody else") {
    small_run run(4, 1, sgd{}, 20);
    run.follow(run.state);
    run.step();
    run.step();
    run.who->fetch_held(2, run.now);
    run.deliver();
    REQUIRE(run.who->held());
    run.who->refuse_held(run.now);
    CHECK(!run.who->held());
    run.deliver();
    CHECK(run.who->held());
    std::size_t members = 0;
    for (auto const& [key, asks] : run.asked) members += asks.contains(wire::fetched::held);
    CHECK(members == 2);
}

TEST_CASE("follower: one that was stopped for long blames nobody") {
    small_run run(4, 1, sgd{});
    run.follow(run.state);
    run.step();
    run.deliver(4);
    REQUIRE(run.asked.size() == 1);
    public_key const waited_for = run.asked.begin()->first;
    run.now += 1h;
    run.who->handle_timeout(run.now);
    run.deliver();
    check_current(run);
    for (int k = 0; k < 8; ++k) {
        run.step();
        run.deliver();
        check_current(run);
    }
    CHECK(run.asked[waited_for][wire::fetched::applied] >= 2);
}

TEST_CASE("follower: a member that comes in counts, one that has gone does not") {
    small_run run(4, 1, sgd{});
    run.follow(run.state);
    run.step();
    run.deliver();
    run.keepers.emplace(key_of(9), keeper());
    run.context.roster.erase(run.context.roster.begin());
    run.context.roster.push_back({key_of(9), {}});
    run.link(key_of(9));
    for (int k = 0; k < 9; ++k) {
        run.step();
        run.deliver();
        check_current(run);
    }
    CHECK(run.asked[key_of(9)][wire::fetched::applied] > 0);
    CHECK(run.asked[key_of(0)][wire::fetched::applied] <= 2);
}

TEST_CASE("follower: states of another size or optimizer, and waits of no time, are refused") {
    small_run run(4, 1, lamb{});
    auto setup = run.setup(first_state(sgd{}, std::vector<float>(60)));
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup.state = first_state(lamb{}, std::vector<float>(61));
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup.state = first_state(lamb{}, std::vector<float>(60));
    std::get<lamb::state>(setup.state->memory).means.pop_back();
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup.state.reset();
    CHECK_NOTHROW(follower{setup});
    setup.most_steps = 1'000;
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup.most_steps = 64;
    setup.patience = 0s;
    CHECK_THROWS_AS(follower{setup}, contract_violation);
    setup = run.setup();
    setup.size = 0;
    CHECK_THROWS_AS(follower{setup}, contract_violation);
}

TEST_CASE("follower: what peers hand on, through keepers, is what a peer can be made of") {
    run_rules rules;
    rules.faults = 1;
    small_test::small_swarm swarm(4, rules);
    constexpr std::size_t size = small_test::small_swarm::size;
    std::vector<shared_floats> applied(4);
    swarm.watch = [&](std::size_t by, peer_action const& action) {
        if (auto const* const one = std::get_if<act::apply>(&action)) applied[by] = one->aggregate;
    };
    follower_setup setup{.run = swarm.setup.run, .rules = rules, .size = size};
    setup.layout = {{"all", 0, {size}, size, true}};
    auto truth = first_state(setup.optimizer, std::vector<float>(size));
    setup.state = truth;
    follower who(setup);
    std::vector<keeper> keepers(4);
    who.set_context(swarm.peers[0]->membership().context(), swarm.net.now());
    for (std::size_t k = 0; k < 4; ++k) who.handle_linked(swarm.keys[k].key(), swarm.net.now());
    auto const deliver = [&] {
        time_point const now = swarm.net.now();
        for (bool more = true; more;) {
            more = false;
            for (; auto const next = who.poll_message(); more = true)
                keepers[swarm.number(next->first)].handle_message(key_of(200), next->second, now);
            for (std::size_t k = 0; k < 4; ++k)
                for (; auto const next = keepers[k].poll_message(); more = true)
                    who.handle_message(swarm.keys[k].key(), *decode_run_frame(encode_run_frame(next->second)), now);
        }
    };
    deliver();
    for (std::uint64_t step = 1; step < 8; ++step) {
        swarm.step();
        btard::step(setup.optimizer, truth.memory, setup.layout, applied[0], truth.parameters, 1, 1);
        truth.step = step;
        for (std::size_t k = 0; k < 4; ++k)
            keepers[k].begin_step(swarm.peers[k]->membership().context(), applied[k],
                                  swarm.peers[k]->state_for_newcomer(), swarm.peers[k]->floats_for_newcomer(), truth,
                                  swarm.net.now());
        who.fetch_held(step, swarm.net.now());
        deliver();
        REQUIRE(who.is_current());
        CHECK(*who.state() == truth);
        REQUIRE(who.held());
        auto const bad = check_state(who.held()->state, who.held()->floats, swarm.keys[1], swarm.peers[1]->bench(),
                                     rules, setup.run, swarm.keys[1].key());
        CHECK_MESSAGE(!bad, bad.value_or(""));
        CHECK(who.held()->floats == swarm.peers[1]->floats_for_newcomer());
    }
}

TEST_CASE("follower: members that have forgotten it hear again that it follows them") {
    small_run run{4, 1, sgd{}};
    run.follow(run.state);
    run.step();
    run.deliver();
    CHECK(run.who->is_current());
    for (auto& [key, one] : run.keepers) one.handle_lost(key_of(200));
    run.step();
    run.deliver();
    CHECK(run.who->known()->step == 1);
    run.wait(25s);
    CHECK(run.who->known()->step == 2);
    CHECK(run.who->is_current());
}

TEST_CASE("follower: who does not answer because it has forgotten it is told again when it is asked") {
    small_run run{4, 1, sgd{}};
    run.follow(run.state);
    run.deliver();
    auto& forgets = run.keepers.at(key_of(0));
    auto& asks = run.asked[key_of(0)][wire::fetched::applied];
    std::size_t const before = asks;
    while (asks == before) {
        run.step();
        forgets.handle_lost(key_of(200)); // it has told of this step
        run.deliver();
        if (asks == before) forgets.handle_message(key_of(200), wire::follow{}, run.now);
        run.deliver();
    }
    CHECK(forgets.followers() == 1);
    CHECK(run.who->is_current());
    CHECK(run.who->begun_anew() == 0);
}
