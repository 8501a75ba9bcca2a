// SPDX-License-Identifier: Apache-2.0
// Members that crash, or fall silent in the middle of a step.
#include "peer_table.hpp"
#include "small_swarm.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

using namespace peer_test;
using small_test::small_swarm;

TEST_CASE("peer: crashes at any event: whoever crashed is absent, comes back after its wait, and nobody pays "
          "for it") {
    std::size_t returned = 0;
    for (std::size_t n : {4, 8}) {
        for (std::uint64_t s = 0; s < 60; ++s) {
            table t({.n = n,
                     .faults = (n - 2) / 2,
                     .validators = 1,
                     .seed = s,
                     .last_step = 9,
                     .in_order = s % 2 == 0,
                     .first_wait = 3});
            auto const bits = philox(seed{s, n}, 3);
            std::size_t const who = bits[0] % n, second = bits[3] % n, crash = 1 + bits[1] % (n == 4 ? 700 : 4'000);
            std::size_t const back = crash + bits[2] % (n == 4 ? 300 : 2'000); // at once, or after a while
            INFO("n ", n, ", seed ", s, ", peer ", who, " at event ", crash, ", back at ", back);
            t.begin();
            bool asked = false;
            while (!t.done()) {
                if (t.events == crash) t.crash(who);
                if (t.events == crash && n > 4 && s % 3 == 0 && second != who)
                    t.crash(second); // two at once, one for good
                if (!asked && t.events >= back && t.events > crash) asked = true, t.restart(who);
                REQUIRE(t.next());
            }
            CHECK(t.wrong_without_absent() == "");
            for (auto const& one : t.verdict()) {
                CHECK_MESSAGE(one.why == offence::absence, concat(enum_names(offence{})[std::size_t(one.why)],
                                                                  " of ", t.numbers.at(one.who)));
                bool const crashed = t.numbers.at(one.who) == who || t.numbers.at(one.who) == second;
                CHECK(crashed);
            }
            CHECK(std::ranges::count(t.verdict(), t.keys[who].key(), &act::removed::who) <= 1); // once back, it stays
            returned += !t.stopped[who] && t.lives[who] > 0;
        }
    }
    CHECK(returned > 30);
    MESSAGE(concat(returned, " came back"));
}

TEST_CASE("peer: when all workers but one do not commit, it owns every part, the step ends, and the others "
          "wait outside") {
    // Four idle ones and the worker are a quorum of eight.
    for (std::uint64_t const s : {0u, 1u, 2u}) {
        table t({.n = 8, .faults = 0, .validators = 4, .seed = s, .last_step = 4, .lone = 1});
        t.begin();
        while (t.peers[0]->membership().step() < 2 && t.next()) {
            auto const& one = *t.peers[0];
            if (t.lone_one && one.state().step() == 1 && one.state().committed)
                for (auto const& part : one.state().record.parts())
                    CHECK(one.state().key(part.owner) == t.keys[*t.lone_one].key());
        }
        while (!t.done()) REQUIRE(t.next());
        CHECK(t.lone_one);
        CHECK(t.peers[*t.lone_one]->membership().members()->size() == 5);
        CHECK(t.aggregates[*t.lone_one].size() == 5);
        std::size_t out = 0;
        for (std::size_t k = 0; k < 8; ++k) {
            out += t.peers[k]->gone();
            CHECK(t.removed[k].size() == 3);
            for (auto const& one : t.removed[k]) CHECK(one.why == offence::absence);
        }
        CHECK(out == 3);
    }
}

namespace {

/// Member 1 dies in step 2 of a run.
struct silent_swarm : small_swarm {
    explicit silent_swarm(std::size_t n, std::size_t f, std::uint64_t first_wait = 20)
        : small_swarm(n, rules_of(f, first_wait)) {
        gradient = 15s;
        watch = [this](std::size_t by, peer_action const& action) {
            auto const* const one = std::get_if<act::removed>(&action);
            if (one && by == 0) removed.emplace_back(number(one->who), one->why);
        };
        change = [this](std::size_t from, std::size_t to, wire::message& message) {
            if (loses_rows && from != 1 && to != 1 && std::holds_alternative<wire::row>(message) &&
                peers[from]->where() == phase::result) {
                if (!lost) lost = {from, to};
                if (lost == std::pair(from, to)) return false;
            }
            if (from != 1 && to != 1) return true;
            auto const* const said = std::get_if<wire::signed_digest>(&message);
            if (from == 1 && peers[1]->where() == silent_in)
                silent = silent || !after_body || (said && said->at.phase == std::uint8_t(*silent_in));
            return !silent;
        };
        step();
        step();
    }
    static run_rules rules_of(std::size_t f, std::uint64_t first_wait) {
        run_rules made{.faults = f};
        made.standing.first_wait = first_wait;
        return made;
    }
    /// Until all but member 1 have done it.
    ///
    /// @return how long it took
    std::chrono::nanoseconds others_step() {
        auto const begun = net.now();
        begin();
        auto const goes_on = [&](auto const& one) {
            return one->key() != keys[1].key() && one->running() && !one->gone();
        };
        while (std::ranges::any_of(peers, goes_on) && run_next()) {}
        return net.now() - begun;
    }
    digest state_after(std::size_t k) const { return hash_of(peers[k]->membership().context()); }

    std::optional<phase> silent_in{};
    bool after_body = false, silent = false, loses_rows = false; ///< those of one sender for one owner
    std::optional<std::pair<std::size_t, std::size_t>> lost{};
    std::vector<std::pair<std::size_t, offence>> removed;
};

} // namespace

TEST_CASE("peer: one that dies in any phase is waited for in that phase, and no more in those after it") {
    auto const absent = std::vector{std::pair(std::size_t{1}, offence::absence)};
    step_timing const t;
    auto const work_in = [&](phase in) {
        if (in == phase::have) return 2 * t.bulk;
        return in == phase::commit ? t.gradient : in == phase::accuse ? t.gradient + t.bulk : t.bulk;
    };
    for (std::size_t const n : {4, 8}) {
        for (phase const in : {phase::commit, phase::result, phase::have, phase::result_again, phase::reveal,
                               phase::testimony, phase::accuse}) {
            bool const complaints = in == phase::have || in == phase::result_again;
            CAPTURE(n);
            CAPTURE(std::size_t(in));
            silent_swarm s(n, n == 4 ? 1 : 3);
            silent_swarm nobody(n, n == 4 ? 1 : 3);
            s.loses_rows = nobody.loses_rows = complaints;
            s.silent_in = in;
            auto const usual = nobody.others_step();
            CHECK(s.others_step() <= usual + work_in(in) + t.body + t.interval + 3 * t.interval + t.bulk);
            CHECK(s.removed == absent);
            CHECK(s.silent);
        }
        for (phase const in : {phase::commit, phase::result, phase::reveal, phase::testimony}) { // two phases pay
            CAPTURE(n);
            CAPTURE(std::size_t(in));
            silent_swarm s(n, n == 4 ? 1 : 3);
            s.silent_in = in;
            s.after_body = true;
            phase const next = in == phase::testimony ? phase::accuse : phase::result;
            auto const relay = std::int64_t(s.setup.rules.faults + 4) * t.interval;
            CHECK(s.others_step() <=
                  s.gradient + work_in(in) + t.body + relay + work_in(next) + t.body + 3 * t.interval);
            CHECK(s.removed == absent);
        }
    }
}

TEST_CASE("peer: one that is late in COMMIT follows the step to its end, is absent, and comes back") {
    for (phase const until : {phase::result, phase::reveal, phase::accuse}) {
        CAPTURE(std::size_t(until));
        silent_swarm s(4, 1, 3);
        s.change = [&](std::size_t from, std::size_t, wire::message&) {
            return from != 1 || s.peers[1]->membership().step() != 2 || s.peers[1]->where() >= until;
        };
        s.step();
        CHECK(s.removed == std::vector{std::pair(std::size_t{1}, offence::absence)});
        CHECK(s.peers[1]->gone());
        for (std::size_t k = 0; k < 4; ++k) CHECK(s.state_after(k) == s.state_after(0));
        s.return_as_newcomer(1, 90s);
        auto const is_in = [&] { return s.peers[0]->membership().members()->find(s.keys[1].key()).has_value(); };
        for (int k = 0; k < 8 && !is_in(); ++k) s.step();
        CHECK(is_in());
    }
}

TEST_CASE("peer: what one says after it was absent changes nothing, whoever gets it") {
    std::vector<digest> ends;
    for (int const speaks : {0, 1, 2}) { // to nobody, to one, to all
        silent_swarm s(5, 1);
        s.silent_in = phase::commit;
        std::size_t said = 0;
        auto const dead = s.change;
        s.change = [&](std::size_t from, std::size_t to, wire::message& message) {
            auto const* const one = std::get_if<wire::signed_body>(&message);
            bool const gets_one = to == 2 ? speaks > 0 : speaks == 2 && to != 1;
            if (one && from == 0 && gets_one && one->at.phase != std::uint8_t(phase::commit)) {
                wire::signed_body forged{one->at, peer_id{1}, one->bytes, {}};
                forged.by_sender =
                    sign_statement(s.keys[1], {s.setup.run, one->at}, statement::body, peer_id{1}, s.setup.members,
                                   sha256_of(forged.bytes), peer_id{1});
                s.net.post(endpoint_id(1), endpoint_id(to), std::make_shared<wire::message const>(std::move(forged)));
                ++said;
            }
            return dead(from, to, message);
        };
        s.others_step();
        CHECK((said > 0) == (speaks > 0));
        CHECK(s.removed == std::vector{std::pair(std::size_t{1}, offence::absence)});
        for (std::size_t const k : {2, 3, 4}) CHECK(s.state_after(k) == s.state_after(0));
        ends.push_back(s.state_after(0));
    }
    CHECK(ends[1] == ends[0]);
    CHECK(ends[2] == ends[0]);
}
