// SPDX-License-Identifier: Apache-2.0
// Runs that lose many members at once: how the others show it.
#include "../small_swarm.hpp"

#include <btard/protocol/ban/transcript_check.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;
using small_test::small_swarm;

namespace {

/// Members that fall silent, each in a step and a phase of its own.
struct shrinking_swarm : small_swarm {
    struct end {
        std::size_t who;
        std::uint64_t step;
        phase in;
    };
    shrinking_swarm(std::size_t n, std::size_t f, std::vector<end> those)
        : small_swarm(n, rules_of(f)), ends(std::move(those)), silent(n), dead(n) {
        change = [this](std::size_t from, std::size_t to, wire::message&) {
            for (auto const& [who, step, in] : ends)
                if (!dead[who] && peers[who]->where() == in && peers[who]->membership().step() == step)
                    dead[who] = silent[who] = true;
            return !silent[from] && !silent[to];
        };
    }
    static run_rules rules_of(std::size_t f) {
        run_rules made{.faults = f};
        made.standing.first_wait = 2;
        return made;
    }
    /// Of those that are there.
    void others_step() {
        begin();
        auto const goes_on = [&](std::size_t k) { return !dead[k] && peers[k]->running() && !peers[k]->gone(); };
        for (std::size_t k = 0; k < dead.size();)
            if (!goes_on(k)) ++k;
            else if (k = 0; !run_next()) return;
    }
    std::vector<end> ends;
    std::vector<bool> silent, dead; ///< one that is back speaks as a newcomer
};

} // namespace

TEST_CASE("newcomer: a run that has lost so many in a step or two that no quorum of them is left lets them come "
          "back") {
    using ends = std::vector<shrinking_swarm::end>;
    struct lot {
        std::size_t n, f;
        ends of;
        std::size_t leave;
    };
    for (auto const& one :
         {lot{4, 1, ends{{2, 2, phase::result}, {3, 2, phase::testimony}}, 0},
          lot{4, 1, ends{{2, 2, phase::testimony}, {3, 3, phase::commit}}, 0},
          lot{7, 2, ends{{3, 2, phase::result}, {4, 2, phase::result}, {5, 2, phase::testimony}}, 0},
          lot{4, 1, ends{}, 2}}) {
        std::size_t const n = one.n, f = one.f;
        ends const& of = one.of;
        shrinking_swarm s(n, f, of);
        s.gradient = 15s;
        s.others_step();
        s.others_step();
        for (std::size_t k = 0; k < one.leave; ++k) s.peers[n - 1 - k]->leave();
        for (int k = 0; k < 3; ++k) s.others_step();
        auto const last = s.peers[0]->introduction();
        CAPTURE(n);
        CAPTURE(of.size());
        REQUIRE(last);
        CHECK(s.peers[0]->membership().members()->size() < quorum_of(n, f));
        CHECK(std::ranges::any_of(last->epochs, [](auto const& link) { return link.end.has_value(); }));
        epoch_rosters rosters;
        CHECK(check_epochs(std::span<epoch_link const>(last->epochs), s.keys[0], s.setup.rules,
                           {s.setup.run, s.setup.members}, rosters) == wrong{});
        CHECK(rosters.back() == s.peers[0]->membership().context().roster);

        std::size_t const who = n - 1;
        s.silent[who] = false;
        s.return_as_newcomer(who, 90s);
        auto const is_in = [&] { return s.peers[0]->membership().members()->find(s.keys[who].key()).has_value(); };
        for (int k = 0; k < 9 && !is_in(); ++k) s.others_step();
        CHECK(is_in());
    }
}

TEST_CASE("check_epochs: who says that many are gone must show it by logs that a quorum has signed") {
    shrinking_swarm s(4, 1, {{2, 2, phase::result}, {3, 2, phase::testimony}});
    for (int k = 0; k < 5; ++k) s.others_step();
    auto const all = s.peers[0]->introduction()->epochs;
    auto const says = [&](auto&& change) {
        auto links = all;
        change(*links.back().end);
        epoch_rosters rosters;
        return check_epochs(std::span<epoch_link const>(links), s.keys[0], s.setup.rules,
                            {s.setup.run, s.setup.members}, rosters)
            .value_or("nothing");
    };
    REQUIRE(all.back().end);
    CHECK(says([](auto&) {}) == "nothing");
    CHECK(says([](auto& end) { ++end.context.step; }).find("is not the epoch before") != std::string::npos);
    CHECK(says([](auto& end) { end.logs.clear(); }).find("is not the epoch before") != std::string::npos);
    CHECK(says([](auto& end) { end.logs.erase(end.logs.begin() + 1, end.logs.end()); }).find("a quorum is 3") !=
          std::string::npos); // nobody was missing yet
    CHECK(says([](auto& end) { end.logs.back().certificate.signatures.resize(1); }).find("a quorum is 2") !=
          std::string::npos);
    CHECK(says([](auto& end) { end.logs.erase(end.logs.begin()); }) != "nothing");
    auto links = all;
    links.back().end.reset();
    epoch_rosters rosters;
    CHECK(check_epochs(std::span<epoch_link const>(links), s.keys[0], s.setup.rules, {s.setup.run, s.setup.members},
                       rosters)
              .has_value());
}
