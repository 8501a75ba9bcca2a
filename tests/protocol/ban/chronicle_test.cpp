// SPDX-License-Identifier: Apache-2.0
// What peers have kept when somebody is banned at an awkward time.
#include "../peer_table.hpp"

#include <btard/protocol/ban/ban_check.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

using namespace peer_test;

TEST_CASE("peer: two statements in the last broadcast before a change of the roster, seen after it, ban "
          "whoever made them") {
    table t({.n = 6, .faults = 1, .validators = 1, .last_step = 1});
    t.peers[2]->leave(); // who is 3 becomes 2
    t.begin();
    for (std::size_t const k : {0, 1, 3, 4, 5})
        while (t.peers[k]->state().step() < 1 || t.peers[k]->where() == phase::commit) REQUIRE(t.next());
    place const slot{0, 0, std::uint8_t(phase::accuse), 0};
    auto const bytes = encode(wire::said<wire::accuse>{{}, {.demands = {part_id{0}}}});
    auto const hash = sha256_of(bytes);
    auto const by = sign_statement(t.keys[3], {t.setup.run, slot}, statement::body, peer_id{3},
                                   t.setup.members, hash, peer_id{3});
    t.peers[5]->handle_message(t.keys[3].key(), wire::signed_body{slot, peer_id{3}, bytes, by}, t.now);
    for (std::size_t const k : {0, 1, 4, 5})
        while (t.peers[k]->running()) REQUIRE(t.next());
    for (std::size_t const k : {0, 1, 4, 5}) {
        CHECK(t.removed[k] == std::vector{act::removed{0, t.keys[2].key(), offence::leave},
                                          act::removed{1, t.keys[3].key(), offence::equivocation}});
        auto const record = t.peers[k]->record_of(t.keys[3].key(), offence::equivocation);
        REQUIRE(record);
        CHECK(!verify_ban(*record, t.keys[0], t.peers[k]->bench(), t.setup.rules, {t.setup.run, t.setup.members}));
    }
    CHECK(t.peers[3]->gone());
}

TEST_CASE("peer: a record of a ban holds, too, where the liar has the last broadcast of the step end in a "
          "relay: all wait until a quorum has signed it") {
    constexpr std::size_t liar = 5,
                          favoured =
                              3; // of the others; with the liar as many as without, and no quorum of five
    table t({.n = 8, .faults = 3, .validators = 1, .last_step = 0});
    t.with.liars = {liar};
    t.falsify = [](std::size_t k, std::uint64_t, std::vector<float>& gradient) {
        for (float& x : gradient) x = k == liar ? -x : x;
    };
    message_pointer vote; // shown to some members only, when the others do not ask any more
    t.keep = [&](std::size_t from, std::size_t, wire::message const& message) {
        auto const* const body = std::get_if<wire::signed_body>(&message);
        if (from != liar || !body || body->at.phase != std::uint8_t(phase::vote)) return true;
        if (!vote || *vote != message) vote = std::make_shared<wire::message const>(message);
        return false;
    };
    auto const pass_step = [&] {
        for (std::size_t k = 0; k < 8; ++k)
            if (!t.peers[k]->running() && !t.peers[k]->gone()) t.begin(k);
        std::array<std::optional<place>, favoured> shown;
        while (!t.done()) {
            REQUIRE(t.next());
            for (std::size_t k = 0; k < favoured; ++k) {
                auto const& logs = t.peers[k]->logs();
                if (!vote || shown[k] == logs.at() || std::get<wire::signed_body>(*vote).at != logs.at()) continue;
                shown[k] = logs.at();
                t.post(liar, k, vote, logs.current().deadline() + t.setup.rules.timing.interval / 2 - t.now);
            }
        }
    };
    for (; t.with.last_step < 60; ++t.with.last_step) {
        pass_step();
        if (!t.verdict().empty()) break;
    }
    auto const step = t.with.last_step++;
    INFO(t.told(0));
    REQUIRE(std::ranges::count(t.verdict(), act::removed{step, t.keys[liar].key(), offence::wrong_gradient}) == 1);
    std::vector<std::optional<ban_record>> records(8);
    std::size_t relayed = 0;
    for (std::size_t k = 0; k < 8; ++k) {
        if (k == liar) continue;
        relayed += t.peers[k]->logs().current().relayed();
        records[k] = t.peers[k]->record_of(t.keys[liar].key(), offence::wrong_gradient);
        REQUIRE(records[k]);
        CHECK(records[k]->steps.back().logs.back().certificate.signatures.size() >= 5);
    }
    CHECK(relayed > 0);
    pass_step();
    for (std::size_t k = 0; k < 8; ++k) {
        if (!records[k]) continue;
        records[k]->next = t.peers[k]->confirmation_of(step);
        auto const wrong =
            verify_ban(*records[k], t.keys[0], t.bench(), t.setup.rules, {t.setup.run, t.setup.members});
        CHECK(wrong.value_or("verified") == "verified");
    }
}
