// SPDX-License-Identifier: Apache-2.0
// Logs are written by hand: whatever agreement let through, a record makes the same of it on every peer.
#include <btard/protocol/step/step_record.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

using namespace btard;

namespace step_record_tests { // other tests of its batch have helpers of the same names

namespace {

constexpr peer_id p0{0}, p1{1}, p2{2}, p3{3}, p4{4}, p5{5};
constexpr std::size_t n = 6;

template <class Body>
log_entry<Body> said(Body body) {
    return {log_entry<Body>::kind::present, std::move(body)};
}
digest some(std::uint64_t k) { return tagged_hash("test", k); }
mprng_share share_of(std::size_t k) { return {some(k).bytes, some(100 + k).bytes}; }

std::vector<log_member> roster() {
    std::vector<log_member> all;
    for (std::size_t k = 0; k < n; ++k) all.push_back({public_key{some(200 + k).bytes}, {}});
    return all;
}

/// A step in which peer 2 is idle: part j of five belongs to the j-th of 0, 1, 3, 4, 5.
struct honest_step {
    step_record record{0, roster(), std::vector{p2}, some(1), {.quota = 4, .validators = 1}};
    agreed_log<wire::commit> commits;
    agreed_log<wire::result> results;
    agreed_log<wire::reveal> reveals;

    honest_step() {
        for (std::size_t k = 0; k < n; ++k) {
            wire::commit one;
            if (k != 2) one.root = some(300 + k);
            if (k != 2) one.microbatches = static_cast<std::uint32_t>(1 + k % 3);
            commits.push_back(said(one));
            wire::result made;
            made.share = commitment_to(share_of(k), {some(7), 3, 0, 0}, roster()[k].key);
            results.push_back(said(made));
            wire::reveal open;
            open.opened = share_of(k);
            open.aggregates = member_set(5);
            open.aggregates.fill();
            reveals.push_back(said(open));
        }
        std::size_t part = 0;
        for (std::size_t const k : {0, 1, 3, 4, 5})
            results[k].body.parts = {{part_id(part), some(400 + part)}}, ++part;
    }
    offences reveal() { return record.read(reveals, some(7), 3); }
};

step_record disputed(std::vector<dispute> between) {
    return {0, roster(), std::vector{p2}, some(1), {.quota = 4, .validators = 1}, {}, {}, std::move(between)};
}

using found = std::vector<std::pair<peer_id, offence>>;

} // namespace

TEST_CASE("record: a step in which everybody is honest") {
    honest_step s;
    CHECK(s.record.read(s.commits).empty());
    CHECK(s.record.committed().count() == 5);
    CHECK(s.record.weight(p2) == 0);
    CHECK(s.record.weight(p5) == 3);
    CHECK(s.record.read(s.results).empty());
    CHECK(s.reveal().empty());
    REQUIRE(s.record.value());
    CHECK(s.record.standing_parts().size() == 5);
    for (auto const& part : s.record.parts()) CHECK(part.rows.count() == 5);
    REQUIRE(s.record.pairs().size() == 1);
    CHECK(s.record.pairs()[0].target != p2); // it has nothing to check
}

TEST_CASE("record: who does not commit has no row, and its part goes to somebody who did") {
    honest_step s;
    s.commits[3] = {};
    CHECK(s.record.read(s.commits) == found{{p3, offence::absence}});
    CHECK(s.record.parts().size() == 5);
    for (auto const& part : s.record.parts()) {
        CHECK(part.owner != p3);
        CHECK(part.owner != p2);
        CHECK(!part.rows.contains(3));
    }
}

TEST_CASE("record: a commitment that nobody can send by mistake") {
    using change = void (*)(wire::commit&);
    for (change const wrong : {change([](wire::commit& c) { c.microbatches = 5; }), // above the quota
                               change([](wire::commit& c) { c.root.reset(); })}) {
        honest_step s;
        wrong(s.commits[4].body);
        CHECK(s.record.read(s.commits) == found{{p4, offence::malformed}});
        CHECK(!s.record.committed().contains(4));
    }
    honest_step idle;
    idle.commits[2].body.root = some(9);
    CHECK(idle.record.read(idle.commits) == found{{p2, offence::malformed}});
    honest_step twice;
    twice.commits[0].is = log_entry<wire::commit>::kind::equivocated;
    twice.commits[1].is = log_entry<wire::commit>::kind::garbled;
    CHECK(twice.record.read(twice.commits) == found{{p0, offence::equivocation}, {p1, offence::malformed}});
}

TEST_CASE("record: a worker without a good gradient commits to a row of weight zero, which no part uses") {
    honest_step s;
    s.commits[1].body.microbatches = 0;
    CHECK(s.record.read(s.commits).empty());
    CHECK(s.record.committed().contains(1));
    for (auto const& part : s.record.parts()) CHECK(!part.rows.contains(1));
}

TEST_CASE("record: an owner speaks of its own part, once, and complains of rows that there are") {
    using change = void (*)(wire::result&);
    for (change const wrong :
         {change([](wire::result& r) { r.parts[0].part = part_id{1}; }),
          change([](wire::result& r) { r.parts[0].part = part_id{99}; }),
          change([](wire::result& r) { r.parts.push_back(r.parts[0]); }),
          change([](wire::result& r) { r.complaints = {{part_id{0}, p1}}; }),       // and a result
          change([](wire::result& r) { r = {{}, r.share, {{part_id{0}, p2}}}; }),   // which has no row
          change([](wire::result& r) { r = {{}, r.share, {{part_id{0}, p0}}}; }),   // itself
          change([](wire::result& r) { r = {{}, r.share, {{part_id{0}, peer_id{6}}}}; }),
          change([](wire::result& r) { r = {{}, r.share, {{part_id{1}, p1}}}; }),
          change([](wire::result& r) { r = {{}, r.share, {{part_id{0}, p1}, {part_id{0}, p1}}}; })}) {
        honest_step s;
        (void)s.record.read(s.commits);
        wrong(s.results[0].body);
        CHECK(s.record.read(s.results) == found{{p0, offence::absence}});
        CHECK(!s.record.parts()[0].aggregate);
        CHECK(s.record.complaints().empty());
    }
}

TEST_CASE("record: a row that most hold is used, however its owner complains; one that most lack is not") {
    for (std::size_t const holders : {3, 4}) {
        honest_step s;
        (void)s.record.read(s.commits);
        s.results[0].body.parts.clear();
        s.results[0].body.complaints = {{part_id{0}, p4}};
        CHECK(s.record.read(s.results).empty());
        REQUIRE(s.record.complaints().size() == 1);
        CHECK(s.record.complaints()[0] == missing_row{p0, p4, part_id{0}});
        agreed_log<wire::have> have;
        for (std::size_t k = 0; k < n; ++k) {
            member_set rows(1);
            if (k < holders) rows.insert(0);
            have.push_back(said(wire::have{rows}));
        }
        auto const against = s.record.read(have);
        bool const counts = holders > 3; // of six present
        CHECK(against == (counts ? found{} : found{{p4, offence::absence}}));
        CHECK(s.record.parts()[0].rows.contains(4) == counts);
        CHECK(s.record.parts()[1].rows.contains(4)); // other parts have it
        agreed_log<wire::result_again> again(n, said(wire::result_again{}));
        again[0].body.parts = {{part_id{0}, some(5)}};
        CHECK(s.record.read(again).empty());
        CHECK(s.record.parts()[0].aggregate == some(5));
    }
}

TEST_CASE("record: only owners that complained have a second try") {
    honest_step s;
    (void)s.record.read(s.commits);
    (void)s.record.read(s.results);
    agreed_log<wire::result_again> again(n, said(wire::result_again{}));
    again[0].body.parts = {{part_id{0}, some(5)}};
    CHECK(s.record.read(again) == found{{p0, offence::absence}});
    CHECK(s.record.parts()[0].aggregate == some(400));
    agreed_log<wire::have> have(n, said(wire::have{member_set(1)}));
    CHECK(s.record.read(have).size() == n); // bits for complaints that nobody made
}

TEST_CASE("record: a row between two in dispute goes through a third one, in dispute with neither, who answers "
          "for it") {
    honest_step s;
    s.record = disputed({{p0, p1}, {p0, p3}, {p0, p4}, {p3, p5}});
    (void)s.record.read(s.commits);
    auto const* const way = s.record.detour_of(part_id{0}, p4); // part 0 is of p0
    REQUIRE(way);
    bool const third = way->via == p2 || way->via == p5; // an idle one may
    CHECK(third);
    CHECK(s.record.detour_of(part_id{4}, p3)->via != p0);
    CHECK(s.record.detour_of(part_id{1}, p0)->via != p3);
    CHECK(!s.record.detour_of(part_id{1}, p4)); // they get on
    CHECK(s.record.detours().size() == 8);
    for (auto const& part : s.record.parts()) CHECK(part.rows.count() == 5);

    auto const via = std::size_t(way->via);
    auto const complaints = [&](std::vector<std::size_t> const& by) {
        honest_step one;
        one.record = disputed({{p0, p1}, {p0, p3}, {p0, p4}, {p3, p5}});
        (void)one.record.read(one.commits);
        for (std::size_t const k : by) {
            if (k == 0) one.results[0].body.parts.clear();
            one.results[k].body.complaints = {{part_id{0}, p4}};
        }
        if (by.empty()) {
            one.results[0].body.parts.clear(), one.results[0].body.complaints = {{part_id{0}, p4}};
            one.results[via] = {};
        }
        auto const against = one.record.read(one.results);
        CHECK(against.size() == by.empty());
        return one.record.blames();
    };
    using blamed = std::vector<missing_row>;
    CHECK(complaints({0}) == blamed{{p0, way->via, part_id{0}, true}}); // the owner had to get it from that one
    CHECK(complaints({via}) == blamed{{way->via, p4, part_id{0}, true}});
    CHECK(complaints({0, via}) == blamed{{way->via, p4, part_id{0}, true}}); // which has said why it does not come
    CHECK(complaints({}).empty());                                      // which is not there any more
    honest_step other;
    other.record = disputed({{p0, p4}});
    (void)other.record.read(other.commits);
    for (auto const& one : other.record.detours()) CHECK(one.via != p0);
    std::size_t const none = other.record.detour_of(part_id{0}, p4)->via == p2 ? 5 : 2;
    other.results[none].body.complaints = {{part_id{0}, p4}}; // it was not to pass it on
    CHECK(other.record.read(other.results) == found{{peer_id(none), offence::absence}});
}

TEST_CASE("record: who does not get a row to pass on has the part made again only where most lack the row") {
    for (std::size_t const holders : {3, 4}) {
        honest_step s;
        s.record = disputed({{p0, p4}});
        (void)s.record.read(s.commits);
        auto const via = std::size_t(s.record.detour_of(part_id{0}, p4)->via);
        s.results[via].body.complaints = {{part_id{0}, p4}};
        CHECK(s.record.read(s.results).empty());
        CHECK(!s.record.lacks_result(part_id{0})); // its owner got the row all the same
        agreed_log<wire::have> have;
        for (std::size_t k = 0; k < n; ++k) {
            member_set rows(1);
            if (k < holders) rows.insert(0);
            have.push_back(said(wire::have{rows}));
        }
        bool const counts = holders > 3;
        CHECK(s.record.read(have) == (counts ? found{} : found{{p4, offence::absence}}));
        CHECK(s.record.parts()[0].aggregate.has_value() == counts); // else it was made with a row that does not count
        agreed_log<wire::result_again> again(n, said(wire::result_again{}));
        again[0].body.parts = {{part_id{0}, some(5)}};
        CHECK(s.record.read(again) == (counts ? found{{p0, offence::absence}} : found{}));
        CHECK(s.record.parts()[0].aggregate == (counts ? some(400) : some(5)));
    }
}

TEST_CASE("record: a row that nobody may pass on is in no part, and nobody may complain about it") {
    honest_step s;
    s.record = disputed({{p0, p1}, {p0, p2}, {p0, p4}, {p3, p4}, {p4, p5}});
    (void)s.record.read(s.commits);
    CHECK(!s.record.detour_of(part_id{0}, p4)); // p1 and p2 quarrel with p0, the rest with p4
    CHECK(!s.record.parts()[0].rows.contains(4));
    CHECK(s.record.parts()[1].rows.contains(4));
    s.results[0].body.parts.clear();
    s.results[0].body.complaints = {{part_id{0}, p4}};
    CHECK(s.record.read(s.results) == found{{p0, offence::absence}});
}

TEST_CASE("record: where too few have spoken for a third member to be sure, a row that nobody may pass on goes to "
          "all, and nobody pays for it") {
    std::vector<dispute> const between{{p0, p1}, {p0, p2}, {p0, p4}, {p3, p4}, {p4, p5}};
    for (std::size_t const kind : {0, 1, 2, 3}) {
        bool const banned = kind % 2 == 1, all_there = kind < 2; // two of three liars are gone
        CAPTURE(kind);
        honest_step s;
        step_rules const rules{.quota = 4, .validators = 1, .faults = banned ? 3u : 2u, .lost = banned ? 2u : 0u};
        s.record = {0, roster(), std::vector{p2}, some(1), rules, {}, {}, between};
        if (!all_there) s.commits[5] = {};
        (void)s.record.read(s.commits);
        CHECK(s.record.goes_to_all(part_id{0}, p4) == !all_there);
        CHECK(s.record.goes_to_all(part_id{3}, p0) == !all_there); // of p4
        CHECK(!s.record.goes_to_all(part_id{1}, p4));
        CHECK(s.record.parts()[0].rows.contains(4) == !all_there);
        if (all_there) continue;
        auto const to_all = s.record.complaints().size();
        for (auto const& one : s.record.complaints()) CHECK(one.owner == (one.sender == p0 ? p4 : p0));
        for (std::size_t k = 0; k < n; ++k) s.results[k].body.parts.clear();
        s.results[5] = {};
        auto early = s.results, also = s.results;
        early[0].body.parts = {{part_id{0}, some(5)}}; // it lacks a row
        auto one = s.record;
        CHECK(one.read(early) == found{{p0, offence::absence}, {p5, offence::absence}});
        also[0].body.complaints = {{part_id{0}, p3}};
        CHECK(s.record.read(also) == found{{p5, offence::absence}});
        CHECK(s.record.blames() == std::vector{missing_row{p0, p3, part_id{0}}}); // of the others nobody complained
        REQUIRE(s.record.complaints().size() == to_all + 1);
        agreed_log<wire::have> have(n, said(wire::have{member_set(to_all + 1)}));
        for (std::size_t k = 0; k < 5; ++k) have[k].body.rows.fill();
        CHECK(s.record.read(have).empty());
        agreed_log<wire::result_again> again(n, said(wire::result_again{}));
        again[0].body.parts = {{part_id{0}, some(5)}};
        CHECK(s.record.read(again).empty());
        CHECK(s.record.parts()[0].aggregate == some(5));
        CHECK(s.record.parts()[0].rows.contains(4));
    }
}

TEST_CASE("record: who leaves may do so without a gradient: no row, no part, nothing to check, and no absence") {
    honest_step s;
    s.commits[3].body = {.leaves = true};
    CHECK(s.record.read(s.commits).empty());
    CHECK(!s.record.committed().contains(3));
    CHECK(s.record.weight(p3) == 0);
    for (auto const& part : s.record.parts()) {
        CHECK(part.owner != p3);
        CHECK(!part.rows.contains(3));
    }
    for (auto const& part : s.record.parts()) s.results[std::size_t(part.owner)].body.parts.clear();
    s.results[3].body.parts.clear();
    for (std::size_t j = 0; j < s.record.parts().size(); ++j)
        s.results[std::size_t(s.record.parts()[j].owner)].body.parts.push_back({part_id(j), some(400 + j)});
    CHECK(s.record.read(s.results).empty());
    CHECK(s.reveal().empty()); // its share counts
    REQUIRE(s.record.pairs().size() == 1);
    CHECK(s.record.pairs()[0].target != p3);

    honest_step stays, claims;
    stays.commits[3].body.root.reset();
    CHECK(stays.record.read(stays.commits) == found{{p3, offence::malformed}});
    claims.commits[3].body = {.microbatches = 1, .leaves = true};
    CHECK(claims.record.read(claims.commits) == found{{p3, offence::malformed}});
}

TEST_CASE("record: a part stands when more than half of those who reveal have it; if not, a present owner is "
          "struck") {
    for (std::size_t const holders : {3, 4}) {
        honest_step s;
        (void)s.record.read(s.commits);
        (void)s.record.read(s.results);
        for (std::size_t k = holders; k < n; ++k) s.reveals[k].body.aggregates.erase(4);
        auto const against = s.reveal();
        CHECK(s.record.parts()[4].stands == (holders > 3));
        CHECK(against == (holders > 3 ? found{} : found{{p5, offence::no_part}}));
        CHECK(s.record.standing_parts().size() == (holders > 3 ? 5 : 4));
    }
    honest_step silent; // no result at all
    (void)silent.record.read(silent.commits);
    silent.results[3].body.parts.clear();
    CHECK(silent.record.read(silent.results).empty());
    CHECK(silent.reveal() == found{{p3, offence::no_part}});
    honest_step gone; // then absent: no strike
    (void)gone.record.read(gone.commits);
    gone.results[3] = {};
    CHECK(gone.record.read(gone.results) == found{{p3, offence::absence}});
    gone.reveals[3] = {};
    CHECK(gone.reveal() == found{{p3, offence::absence}});
    CHECK(!gone.record.parts()[2].stands);
    CHECK(gone.record.value()); // it has no share to miss
}

TEST_CASE("record: who does not open its share voids the draw, and all that committed are checked, itself too") {
    honest_step s;
    (void)s.record.read(s.commits);
    (void)s.record.read(s.results);
    s.reveals[5] = {};
    CHECK(s.reveal() == found{{p5, offence::absence}});
    CHECK(!s.record.value());
    CHECK(s.record.draw() == 1);
    CHECK(std::vector(s.record.drawing().begin(), s.record.drawing().end()) == std::vector{p0, p1, p2, p3, p4});
    CHECK(s.record.pairs().empty());

    agreed_log<wire::share> shares(n);
    agreed_log<wire::reveal> reveals(n);
    for (std::size_t k = 0; k < 5; ++k) {
        shares[k] = said(wire::share{commitment_to(share_of(10 + k), {some(7), 3, 0, 1}, roster()[k].key)});
        reveals[k] = said(wire::reveal{share_of(10 + k), {}});
    }
    CHECK(s.record.read(shares) == found{{p5, offence::absence}});
    CHECK(s.record.read(reveals, some(7), 3) == found{{p5, offence::absence}});
    REQUIRE(s.record.value());
    CHECK(s.record.standing_parts().size() == 5);
    REQUIRE(s.record.pairs().size() == 5); // 0, 1, 3, 4, 5
    CHECK(s.record.pairs()[4].target == p5);
    for (auto const& pair : s.record.pairs()) CHECK(pair.validator != p5);
}

TEST_CASE("record: from the second void draw on everybody is checked twice") {
    honest_step s;
    (void)s.record.read(s.commits);
    (void)s.record.read(s.results);
    s.reveals[5] = {};
    (void)s.reveal();
    std::size_t left = 5;
    for (std::uint64_t draw = 1; draw <= 2; ++draw) {
        agreed_log<wire::share> shares(n);
        agreed_log<wire::reveal> reveals(n);
        for (std::size_t k = 0; k < left; ++k) {
            shares[k] = said(wire::share{commitment_to(share_of(k), {some(7), 3, 0, draw}, roster()[k].key)});
            if (draw == 2 || k + 1 < left) reveals[k] = said(wire::reveal{share_of(k), {}});
        }
        (void)s.record.read(shares);
        (void)s.record.read(reveals, some(7), 3);
        --left;
    }
    REQUIRE(s.record.value());
    CHECK(s.record.pairs().size() == 10);
}

TEST_CASE("record: another share than that committed to, or one for another draw, is wrong") {
    honest_step s;
    (void)s.record.read(s.commits);
    (void)s.record.read(s.results);
    s.reveals[1].body.opened.salt[0] ^= std::byte{1};
    CHECK(s.reveal() == found{{p1, offence::wrong_share}});
    CHECK(!s.record.value());
    agreed_log<wire::share> shares(n, said(wire::share{}));
    CHECK(s.record.read(shares) == found{{p1, offence::absence}}); // it is not in this draw any more
}

} // namespace step_record_tests
