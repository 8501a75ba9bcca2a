// SPDX-License-Identifier: Apache-2.0
// Rows that come through a third member, among whole peers.
#include "../peer_table.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace peer_test;

TEST_CASE("peer: rows that one member does not give to another one come through a third after some complaints, "
          "and no step is longer for them") {
    table t({.n = 6, .faults = 2, .validators = 0, .last_step = 14, .liars = {1}});
    t.keep = [&](std::size_t from, std::size_t to, wire::message const& message) {
        auto const* const row = std::get_if<wire::row>(&message);
        return !row || from != 1 || to != 0;
    };
    std::set<std::uint64_t> complained;
    t.begin();
    while (!t.done() && t.next())
        if (auto const& here = t.peers[2]->state(); !here.record.complaints().empty()) complained.insert(here.step());
    CHECK(t.wrong() == "");
    CHECK(t.verdict().empty());
    CHECK(complained == std::set<std::uint64_t>{0, 1, 2, 3}); // c = 3, and one more
    auto const& last = t.peers[2]->state().record;
    CHECK(t.peers[2]->state().context.disputes == std::vector{dispute{peer_id{0}, peer_id{1}}});
    CHECK(last.detours().size() == 2);
    for (auto const& part : last.parts()) CHECK(part.rows.count() == 6);
}

TEST_CASE("peer: who does not pass a row on is complained about by the owner, and who does not get it complains "
          "itself") {
    for (bool const sender_withholds : {false, true}) {
        CAPTURE(sender_withholds);
        table t({.n = 6, .faults = 2, .validators = 0, .last_step = 12, .liars = {1}});
        std::map<std::tuple<std::uint64_t, part_id, std::size_t>, int> pushed;
        std::size_t const after = 4; // until then 1 gives 0 no row; then it is 1, or a third one, that does not
        t.keep = [&](std::size_t from, std::size_t to, wire::message const& message) {
            auto const* const row = std::get_if<wire::row>(&message);
            if (!row) return true;
            auto const& here = t.peers[from]->state();
            if (row->step != here.step() || here.record.detours().empty()) return from != 1 || to != 0;
            auto const* const way = here.record.detour_of(row->part, row->sender);
            if (from == 1 && here.part(row->part).complained) ++pushed[{here.step(), row->part, to}];
            if (!way || row->sender != peer_id{1} || here.step() < after) return true;
            return sender_withholds ? from != 1 || here.part(row->part).complained : from != 5 || to != 0;
        };
        if (!sender_withholds) t.with.liars.push_back(5);
        std::set<std::pair<peer_id, peer_id>> blamed;
        std::uint64_t seen = 0;
        t.begin();
        while (!t.done() && t.next()) {
            auto const& here = t.peers[2]->state();
            if (here.step() < after || here.step() == seen || here.record.complaints().empty()) continue;
            seen = here.step();
            auto const via = here.record.detour_of(here.record.complaints()[0].part, peer_id{1})->via;
            for (auto const& one : here.record.blames()) {
                blamed.emplace(one.owner, one.sender);
                CHECK((one.sender == (sender_withholds ? peer_id{1} : peer_id{5})));
                CHECK((one.owner == (sender_withholds ? via : peer_id{0})));
            }
        }
        CHECK(t.wrong() == "");
        CHECK(!blamed.empty());
        CHECK(!pushed.empty());
        for (auto const& [row, times] : pushed) CHECK(times == 1); // though two complain about it
        for (auto const& one : t.verdict()) CHECK(one.why == offence::quarrels); // of liars, as `wrong` says
    }
}

TEST_CASE("peer: where nobody is left to pass rows on they go to all, and count") {
    table t({.n = 4, .faults = 1, .validators = 0, .last_step = 9, .liars = {3}});
    t.keep = [&](std::size_t from, std::size_t to, wire::message const& message) {
        auto const& here = t.peers[from]->state();
        return !std::holds_alternative<wire::row>(message) || from != 3 || to != 0 || !here.record.complaints().empty();
    };
    t.begin();
    t.pass_to(0, 5);
    t.crash(1);
    t.pass_to(0, 7);
    t.crash(2); // the last third member
    std::uint64_t seen = 6;
    while (!t.done() && t.next()) {
        auto const& here = t.peers[0]->state();
        if (here.step() == seen || !here.resulted) continue;
        seen = here.step();
        CHECK(here.record.detours().empty());
        CHECK(here.record.complaints().size() == here.record.parts().size());
        CHECK(here.record.blames().empty());
        for (auto const& part : here.record.parts()) CHECK(part.rows.count() == 2);
    }
    CHECK(seen == 9);
    CHECK(t.wrong_without_absent() == "");
    for (auto const& one : t.verdict()) CHECK(one.why == offence::absence);
    CHECK(t.verdict().size() == 2);
}
