// SPDX-License-Identifier: Apache-2.0
#include "peer_table.hpp"
#include "small_swarm.hpp"

#include <btard/protocol/ban/ban_check.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace peer_test;

namespace {

/// Every message of one step of one member, spoiled in every way, one at a time.
///
/// @param most of the messages, evenly spread
void check_every_deviation(table_options options, std::size_t most) {
    std::map<std::string, std::size_t> ends;
    for (bool const all : {false, true}) {
        options.spoil.to_all = all;
        options.spoil.how = harm::none;
        table calm(options);
        REQUIRE(calm.run());
        REQUIRE(calm.wrong() == "");
        REQUIRE(calm.verdict().size() == options.leaves.has_value());
        REQUIRE(calm.sent > 5);
        std::size_t const stride = std::max<std::size_t>(1, (calm.sent + most - 1) / most);
        for (std::size_t how = 1; how < enum_count(harm{}); ++how) {
            for (std::size_t k = how % stride; k < calm.sent; k += stride) {
                options.spoil.how = harm(how);
                options.spoil.number = k;
                table one(options);
                bool const goes_on = one.run();
                INFO("n ", options.n, ", seed ", options.seed, ", message ", k,
                     all ? " to all, " : " to one, ", one.what, ", ", enum_names(harm{})[how]);
                CHECK(one.wrong() == "");
                CHECK(goes_on);
                for (auto const& gone : one.verdict()) {
                    bool const lied = harm(how) == harm::resigned;
                    bool const leaves = gone.why == offence::leave && options.leaves == one.numbers.at(gone.who);
                    bool const as_it_should = lied || leaves || gone.why == offence::absence;
                    CHECK_MESSAGE(as_it_should, one.told(one.counts(0) ? 0 : 1));
                    ++ends[concat(enum_names(harm{})[how], all ? " to all: " : " to one: ",
                                  enum_names(offence{})[std::size_t(gone.why)])];
                }
                if (one.verdict().empty())
                    ++ends[concat(enum_names(harm{})[how], all ? " to all: " : " to one: ", "stays")];
            }
        }
    }
    for (auto const& [end, count] : ends) MESSAGE(concat("n = ", options.n, ", ", end, ", ", count));
}

} // namespace

TEST_CASE("peer: a run of peers that do what they should, of any size") {
    for (auto const& sizes : std::vector<std::array<std::size_t, 3>>{{1, 0, 0},
                                                                     {1, 0, 1},
                                                                     {2, 0, 0},
                                                                     {2, 0, 1},
                                                                     {3, 0, 1},
                                                                     {3, 1, 0},
                                                                     {3, 0, 2},
                                                                     {4, 1, 1},
                                                                     {5, 2, 0},
                                                                     {5, 0, 4},
                                                                     {8, 3, 1},
                                                                     {9, 3, 2}}) {
        std::size_t const n = sizes[0], f = sizes[1], m = sizes[2];
        INFO("n ", n, ", f ", f, ", m ", m);
        for (bool const in_order : {true, false}) {
            table t({.n = n, .faults = f, .validators = m, .seed = n, .last_step = 5, .in_order = in_order});
            CHECK(t.run());
            CHECK(t.wrong() == "");
            CHECK(t.verdict().empty());
            CHECK(t.pauses == 0);
            CHECK(t.now < time_point{} + 5s);
        }
    }
}

TEST_CASE("peer: every deviation of one of four") {
    for (std::size_t who = 0; who < 4; ++who)
        check_every_deviation({.n = 4,
                               .faults = 1,
                               .validators = 1,
                               .seed = 10 + who,
                               .spoil = {.who = who},
                               .in_order = who % 2 == 0},
                              1000);
}

TEST_CASE("peer: every deviation of one of seven") {
    check_every_deviation({.n = 7, .faults = 2, .validators = 1, .seed = 20, .spoil = {.who = 2}}, 30);
    check_every_deviation({.n = 7, .faults = 3, .validators = 0, .seed = 21, .spoil = {.who = 5}}, 30);
}

TEST_CASE("peer: every deviation where one leaves that has no gradient any more, by itself and by another one") {
    for (std::size_t const who : {2, 3})
        check_every_deviation(
            {.n = 5, .faults = 1, .validators = 1, .seed = 30 + who, .spoil = {.who = who}, .leaves = 2}, 60);
}

TEST_CASE("peer: one that has no gradient any more leaves in order: it is not absent, and nobody waits for anything "
          "in its last step") {
    table t({.n = 5, .faults = 1, .validators = 1, .last_step = 4, .leaves = 2});
    CHECK(t.run());
    CHECK(t.wrong() == "");
    CHECK(t.verdict() == std::vector{act::removed{1, t.keys[2].key(), offence::leave}});
    CHECK(t.now < time_point{} + 5s);
    CHECK(t.peers[2]->gone());
    auto const& last = t.peers[2]->state().record;
    CHECK(!last.committed().contains(2));
    for (auto const& part : last.parts()) CHECK(part.stands);
    for (auto const& pair : last.pairs()) CHECK(pair.target != peer_id{2});
}

TEST_CASE("peer: whose gradient fails in the middle of a step goes with this one, if it has not spoken, and it is "
          "judged for the step before all the same") {
    table t({.n = 5, .faults = 1, .validators = 1, .seed = 3, .last_step = 6, .liars = {1}});
    t.falsify = [](std::size_t by, std::uint64_t, std::vector<float>& gradient) { gradient[0] += float(by == 1); };
    t.begin();
    auto const found_out = [&] { // r is known, and draws a validator for it
        auto const* const last = t.peers[1]->last_state();
        return last && t.peers[1]->where() == phase::commit &&
               std::ranges::any_of(last->record.pairs(), [&](auto const& pair) {
                   return last->key(pair.target) == t.keys[1].key() && last->key(pair.validator) != t.keys[1].key();
               });
    };
    while (!found_out() && t.next()) {}
    REQUIRE(found_out());
    auto const step = t.step_of(1);
    t.peers[1]->leave_without_gradient(t.now);
    while (!t.done() && t.next()) {}
    CHECK(t.wrong() == "");
    std::vector<act::removed> both;
    for (auto const why : {offence::leave, offence::wrong_gradient})
        both.push_back({step, t.keys[1].key(), why});
    CHECK(t.verdict() == both); // it leaves, and is banned
}

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

TEST_CASE("peer: as many as f spoil what they send as it comes, in many orders: nobody else is removed") {
    std::map<std::string, std::size_t> ends;
    for (auto const& sizes : std::vector<std::array<std::size_t, 3>>{
             {3, 1, 0}, {4, 1, 1}, {5, 2, 0}, {6, 2, 1}, {7, 3, 0}, {8, 3, 1}}) {
        std::size_t const n = sizes[0], f = sizes[1], m = sizes[2];
        for (std::uint64_t s = 0; s < 12; ++s) {
            for (double const rate : {0.05, 0.3, 0.8}) {
                table_options options{.n = n,
                                      .faults = f,
                                      .validators = m,
                                      .seed = s,
                                      .last_step = 6,
                                      .in_order = s % 2 == 0,
                                      .rate = rate};
                for (std::size_t k = 0; k < f; ++k) options.liars.push_back(std::size_t(s + 2 * k) % n);
                table one(options);
                bool const goes_on = one.run();
                INFO("n ", n, ", f ", f, ", m ", m, ", seed ", s, ", rate ", rate, ", step ",
                     one.peers[0]->state().step());
                CHECK(one.wrong() == "");
                CHECK(goes_on);
                for (auto const& gone : one.verdict())
                    ++ends[std::string(enum_names(offence{})[std::size_t(gone.why)])];
                if (one.verdict().empty()) ++ends["all stay"];
            }
        }
    }
    for (auto const& [end, count] : ends) MESSAGE(concat(end, ", ", count));
}

TEST_CASE("peer: garbage of any length, from members and from strangers, changes nothing") {
    table_options const options{.n = 4, .faults = 1, .validators = 1, .last_step = 3};
    table calm(options);
    REQUIRE(calm.run());
    table t(options);
    t.begin();
    auto const stranger = testing::counting_signer(99).key();
    std::uint64_t drawn = 0;
    std::size_t read = 0;
    std::vector<wire::message> seen; // well formed, and meant for somebody else or another time
    while (!t.done() && t.next()) {
        for (std::size_t length = 0; length <= 40; ++length) {
            std::vector<std::byte> bytes(length);
            auto const bits = philox(seed{5, 5}, drawn++);
            for (std::size_t k = 0; k < length; ++k)
                bytes[k] = std::byte(bits[k % 4] >> (8 * (k / 4 % 4)) & (k % 3 == 0 ? 3 : 255));
            if (length > 0) bytes[0] = std::byte{wire::version};
            if (length > 1) bytes[1] = std::byte(bits[0] % std::variant_size_v<wire::message>);
            for (std::size_t k = 2; k < length && bits[1] % 2 == 0; ++k) bytes[k] = {}; // most of these can be read
            auto const message = decode_frame(bytes);
            if (!message) continue;
            ++read;
            for (std::size_t to = 0; to < 4; ++to) {
                t.peers[to]->handle_message(t.keys[(to + 1) % 4].key(), *message, t.now);
                t.peers[to]->handle_message(stranger, *message, t.now);
            }
        }
        if (t.events > 200) break;
    }
    CHECK(read > 30);
    while (!t.done()) REQUIRE(t.next());
    CHECK(t.wrong() == "");
    CHECK(t.verdict().empty());
    CHECK(t.aggregates == calm.aggregates);
}

TEST_CASE("peer: strangers get no answer, and what they send does not wait for anything") {
    table t({.n = 4, .faults = 1, .validators = 0, .last_step = 1});
    REQUIRE(t.run());
    auto const stranger = testing::counting_signer(99).key();
    auto& one = *t.peers[0];
    auto const step = one.state().step();
    while (one.poll_action()) {}
    one.handle_message(stranger, wire::wanted{step, part_id{0}, peer_id{0}, {}}, t.now);
    one.handle_message(
        stranger,
        wire::log_question{
            .at = one.logs().at(), .bodies = {peer_id{0}}, .certificate = true, .digest = true},
        t.now);
    CHECK(!one.poll_action());
    one.handle_message(t.keys[1].key(), wire::wanted{step, part_id{0}, peer_id{0}, {}}, t.now);
    CHECK(one.poll_action());
}

TEST_CASE("peer: rows between members that are gone are not waited for in the step after") {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        table t({.n = 8, .faults = 3, .validators = 1, .seed = seed, .last_step = 3});
        t.begin();
        auto const& one = *t.peers[0];
        while (one.state().step() < 2 || one.where() != phase::reveal) REQUIRE(t.next());
        for (std::size_t const k : {3, 5, 7}) t.crash(k);
        while (one.membership().step() < 3) REQUIRE(t.next());
        auto const begun = t.now;
        while (one.membership().step() < 4) REQUIRE(t.next());
        CHECK(t.now - begun < 500ms); // a gradient and the links: no deadline
        while (!t.done()) REQUIRE(t.next());
        CHECK(t.wrong_without_absent() == "");
    }
}

TEST_CASE("peer: a member that came in after a step may ask for what was made in it") {
    table t({.n = 4, .faults = 1, .validators = 1, .last_step = 30});
    for (std::size_t k = 0; k < 4; ++k) t.begin(k);
    t.crash(3);
    while (t.aggregates[0].size() < 2) REQUIRE(t.next());
    REQUIRE(!t.peers[0]->membership().members()->find(t.keys[3].key()));
    t.restart(3);
    while (t.stopped[3]) REQUIRE(t.next());
    auto const now = t.peers[3]->state().step();
    auto const back = t.now;
    t.pass_to(0, now);
    auto& one = *t.peers[0];
    REQUIRE(one.last_state()->step() + 1 == now);
    one.handle_message(t.keys[3].key(), wire::wanted{now - 1, part_id{0}, {}, {}}, t.now);
    bool answered = false;
    while (auto const action = one.poll_action())
        if (auto const* sent = std::get_if<act::send>(&*action))
            answered |= sent->to == t.keys[3].key() && std::holds_alternative<wire::aggregate>(sent->message);
    CHECK(answered);
    t.pass_to(0, now + 1);
    CHECK(t.now < back + 1s); // nobody had to wait for it
}

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

namespace {

constexpr table_options uneven{
    .n = 8, .faults = 3, .validators = 1, .last_step = 40, .tolerance = 1e-5, .noise = 1e-6};

void flip(std::span<float> some) {
    for (float& x : some) x = -x;
}
/// Which reasons, of which peers.
std::string reasons(table const& t) {
    std::string text;
    for (auto const& one : t.verdict())
        text += concat(text.empty() ? "" : ", ", t.numbers.at(one.who), " ",
                       enum_names(offence{})[std::size_t(one.why)]);
    return text;
}

} // namespace

TEST_CASE("peer: gradients that differ in the last bits are none of anybody's guilt, with a tolerance; "
          "without one they are") {
    for (std::uint64_t const s : {1u, 2u, 3u}) {
        auto with = uneven;
        with.seed = s;
        with.last_step = 12;
        table t(with);
        CHECK(t.run());
        CHECK(t.wrong() == "");
        CHECK(t.verdict().empty());
        CHECK(t.pauses == 0);
        CHECK(t.now < time_point{} + 5s); // who is asked for a row gives it
        with.tolerance = 0;
        table strict(with);
        CHECK(strict.run());
        CHECK(!strict.verdict().empty());
    }
}

TEST_CASE("peer: with a tolerance, whoever sends a false gradient is banned, whatever it hides of it") {
    enum class hides { nothing, until_vote, always };
    struct { bool own_part; hides what; std::string_view end; } const all[] = {
        {false, hides::nothing, "5 wrong_gradient"},
        {false, hides::always, "5 wrong_gradient"}, // what owners have of it is enough
        {true, hides::nothing, "5 wrong_gradient"},
        {true, hides::until_vote, "5 wrong_gradient"}, // most of those that see it then find it wrong
        {true, hides::always, "5 hidden_row"},
    };
    for (auto const& one : all) {
        for (bool const lies : {true, false}) {
            auto with = uneven;
            with.liars = {5};
            table t(with);
            t.falsify = [&, lies](std::size_t k, std::uint64_t step, std::vector<float>& gradient) {
                if (k != 5 || step == 0 || !lies) return;
                if (!one.own_part) return flip(gradient);
                auto const& in = t.peers[k]->state(); // it knows which part it will own
                auto const workers = in.record.workers();
                for (std::size_t j = 0; j < workers.size(); ++j)
                    if (workers[(j + step) % workers.size()] == in.self)
                        flip(partition(gradient.size(), workers.size()).slice(std::span(gradient), part_id(j)));
            };
            t.keep = [&](std::size_t from, std::size_t, wire::message const& message) {
                auto const* const row = std::get_if<wire::row>(&message);
                if (from != 5 || !row || row->step == 0 || row->step + 1 != t.peers[from]->state().step())
                    return true;
                return one.what == hides::nothing ||
                       (one.what == hides::until_vote && t.peers[from]->where() >= phase::vote);
            };
            CHECK(t.run());
            INFO(std::string(one.own_part ? "own part" : "all"), ", hides ", int(one.what),
                 std::string(lies ? ", lies" : ""));
            CHECK(t.wrong() == "");
            if (lies) CHECK(reasons(t) == one.end);
            else
                CHECK(reasons(t) ==
                      (one.what == hides::always ? "5 hidden_row" : "")); // nobody can tell the two apart
        }
    }
}

TEST_CASE("peer: whoever is asked to show its gradient to all has time to send it to each of them") {
    auto with = uneven;
    with.liars = {5};
    table t(with);
    std::size_t late = 0;
    t.keep = [&](std::size_t from, std::size_t to, wire::message const& message) {
        auto const* const row = std::get_if<wire::row>(&message);
        if (from != 5 || !row || row->step == 0 || row->step + 1 != t.peers[from]->state().step()) return true;
        if (t.peers[from]->where() < phase::vote) return false; // so that a validator asks
        ++late;
        t.post(from, to, std::make_shared<wire::message const>(message), 5 * t.setup.rules.timing.bulk);
        return false;
    };
    CHECK(t.run());
    CHECK(late > 0);
    CHECK(t.wrong() == "");
    CHECK(reasons(t) == "");
}

TEST_CASE("peer: a tolerance is relative, and the same for rules and court") {
    table t({.n = 1, .faults = 0, .validators = 0});
    auto setup = t.setup;
    for (double const bad : {-0.1, 0.5, 7.0, std::numeric_limits<double>::quiet_NaN()}) {
        setup.rules.tolerance = bad;
        CHECK_THROWS_WITH_AS(setup.rules.validate(1), doctest::Contains("it is relative to the gradient"),
                             contract_violation);
    }
    setup.rules.tolerance = 0.25;
    CHECK_THROWS_WITH_AS(member_peer(t.keys[0], setup, t.bench()),
                         doctest::Contains("the rules of the run say 0.25"), contract_violation);
}

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

// ---- newcomers, among members whose gradients take time

namespace {

using small_test::small_swarm;

run_rules trying(std::uint64_t share = 4) {
    run_rules made{.faults = 1};
    made.probation = {.admits = admission::anybody, .steps = 12, .cleans = 2, .apart = 6, .share = share};
    return made;
}
struct slow_swarm : small_swarm {
    explicit slow_swarm(std::size_t n, run_rules rules = trying()) : small_swarm(n, rules) { gradient = 20s; }

    [[nodiscard]] probation const& tried() const { return peers.back()->membership().context().probation; }
    [[nodiscard]] bool is_tried(std::size_t newcomer) const {
        return tried().find(newcomers[newcomer].who().key) != nullptr;
    }
    void steps(std::size_t count) {
        for (std::size_t k = 0; k < count; ++k) step();
    }
};

} // namespace

TEST_CASE("newcomer: what it asks while members compute finds it a place that it keeps") {
    slow_swarm s(4);
    s.steps(6);
    s.add_newcomer(90s); // heard before anybody has said COMMIT
    s.steps(4);
    REQUIRE(s.is_tried(0));
    auto const since = s.tried().tried.front().since;
    s.steps(8);
    REQUIRE(s.is_tried(0));
    CHECK(s.tried().tried.front().since == since);
    CHECK(s.tried().tried.front().cleans.size() >= 2);
    CHECK(s.newcomers[0].asked() == 1);
}

TEST_CASE("newcomer: one that asks in the first step has a place soon, too") {
    slow_swarm s(4);
    s.add_newcomer(90s);
    s.steps(6);
    REQUIRE(s.is_tried(0));
    s.steps(4);
    CHECK(s.tried().tried.front().since <= 5);
}

TEST_CASE("newcomer: a contact that carries its wish and tells it nothing does not lock it out") {
    slow_swarm s(4);
    s.change = [](std::size_t from, std::size_t, wire::message& message) {
        return from != 0 || !std::holds_alternative<wire::introduction>(message);
    };
    s.steps(6);
    s.add_newcomer(90s);
    s.steps(14);
    REQUIRE(s.is_tried(0));
    CHECK(s.newcomers[0].asked() == 2); // it went on to another one
    CHECK(s.tried().tried.front().cleans.size() >= 2);
}

TEST_CASE("newcomer: a contact that tells it the run, and nobody of its wish, does not keep it out") {
    slow_swarm s(4);
    s.change = [&](std::size_t, std::size_t to, wire::message& message) {
        return to != 0 || !std::holds_alternative<wire::join>(message) || std::get<wire::join>(message).step == 0;
    };
    s.steps(6);
    s.add_newcomer(90s);
    s.steps(4);
    CHECK(s.is_tried(0));
}

TEST_CASE("newcomer: one that was cut off loses its place, and gets another one in the same life") {
    slow_swarm s(4);
    s.steps(6);
    s.add_newcomer(90s);
    s.steps(4);
    REQUIRE(s.is_tried(0));
    bool cut = true;
    s.change = [&](std::size_t from, std::size_t to, wire::message&) { return !cut || (from < 4 && to < 4); };
    s.steps(8);
    CHECK(!s.is_tried(0));
    cut = false;
    s.steps(12);
    REQUIRE(s.is_tried(0));
    CHECK(s.tried().tried.front().who.incarnation == s.setup.members[0].incarnation);
    CHECK(s.tried().tried.front().since > 12);
}

TEST_CASE("peer: asks for its own gradient before those that it checks: whoever computes in order is in time "
          "for COMMIT") {
    slow_swarm s(4);
    s.steps(6);
    s.add_newcomer(90s);
    std::size_t both = 0;
    std::vector<std::optional<std::uint64_t>> audit(4); // the last step in which it asked for another one's
    s.watch = [&](std::size_t by, peer_action const& action) {
        auto const* const asked = std::get_if<act::compute>(&action);
        if (asked == nullptr || by >= 4) return;
        bool const own = asked->whose == s.keys[by].key() && asked->step == s.peers[by]->membership().step();
        if (!own) audit[by] = s.peers[by]->membership().step();
        if (own) CHECK(audit[by] != asked->step);
    };
    for (int k = 0; k < 12; ++k) {
        auto const at = s.peers[0]->membership().step();
        s.step();
        for (std::size_t one = 0; one < 4; ++one)
            if (auto const& checked = s.peers[one]->state().record.checked();
                checked && checked->validator == s.keys[one].key())
                both += audit[one] == at;
    }
    CHECK(both >= 4);
}

TEST_CASE("peer: strangers that ask first, however many, do not keep out a member that comes back") {
    auto rules = trying();
    rules.standing.first_wait = 2;
    slow_swarm s(5, rules);
    s.peers[4]->leave();
    s.steps(5);
    REQUIRE(s.peers[4]->gone());
    s.begin();
    auto const hear = [&](testing::counting_signer const& key) {
        log_member who{key.key(), {}};
        who.incarnation[0] = std::byte{1};
        s.deliver(0, 1, ask_to_join(key, s.setup.run, who, s.peers[0]->membership().step()));
    };
    for (std::size_t k = 100; k < 120; ++k) hear(testing::counting_signer(k));
    hear(s.keys[4]);
    s.finish();
    CHECK(s.peers[0]->membership().members()->find(s.keys[4].key()));
    CHECK(s.peers[0]->membership().context().probation.tried.size() == 1);
}

TEST_CASE("newcomer: a member that has lost everything is told of the run while it waits, and when it is in") {
    run_rules rules{.faults = 1}; // nobody new is let in
    rules.standing.first_wait = 6;
    slow_swarm s(5, rules);
    s.steps(1);
    s.peers[4]->leave();
    s.steps(2);
    REQUIRE(s.peers[4]->gone());
    s.return_as_newcomer(4, 90s);
    auto const& returns = s.newcomers[0];
    s.steps(2);
    REQUIRE(returns.known() != nullptr);
    CHECK(!returns.is_member());
    auto const is_in = [&] { return s.peers[0]->membership().members()->find(s.keys[4].key()).has_value(); };
    for (int k = 0; k < 9 && !is_in(); ++k) s.step();
    REQUIRE(is_in());
    CHECK(!returns.is_member());
    s.begin();
    while (!returns.is_member() && s.run_next()) {} // f + 1 members say so, and it has asked none of them
    CHECK(returns.is_member());
    CHECK(*returns.known() == s.peers[0]->membership().context());
    CHECK(!returns.is_tried());
}

TEST_CASE("newcomer: one that is let in after its trial hears of it from the members, too") {
    slow_swarm s(4);
    s.add_newcomer(90s);
    auto const& one = s.newcomers[0];
    auto const is_in = [&] { return s.peers[0]->membership().members()->find(one.who().key).has_value(); };
    for (int k = 0; k < 30 && !is_in(); ++k) s.step();
    REQUIRE(is_in());
    CHECK(!one.is_member());
    s.begin();
    while (!one.is_member() && s.run_next()) {}
    CHECK(one.is_member());
}

TEST_CASE("newcomer: one that observes follows the run, and asks for nothing else") {
    slow_swarm s(4);
    std::size_t joins = 0, others = 0;
    s.watch = [&](std::size_t by, peer_action const& action) {
        if (by < 4) return;
        auto const* const to = std::get_if<act::send>(&action);
        auto const* const join = to ? std::get_if<wire::join>(&to->message) : nullptr;
        ++(join && join->step == 0 ? joins : others);
    };
    std::size_t const number = s.add_newcomer(90s, true);
    auto const& one = s.newcomers[0];
    s.steps(20);
    CHECK(s.tried().tried.empty());
    REQUIRE(one.known() != nullptr);
    CHECK(one.known()->step > 12);
    CHECK(joins > 2);
    std::size_t const asked = s.number(one.contact());
    s.deliver(number, asked, *s.peers[asked]->introduction());
    CHECK(*one.known() == s.peers[0]->state().context); // whom it has asked may tell it of every step
    CHECK(others == 0);
    CHECK(!one.is_member());
}

// ---- members that fall silent in the middle of a step

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

// ---- deadlines that members agree on

namespace {

/// Gradients take 0.1 s, and there are 10 s for them until members agree on less.
struct agreeing_swarm : small_swarm {
    explicit agreeing_swarm(std::size_t n, std::uint64_t every = 4, std::uint64_t seed = 1)
        : small_swarm(n, rules_of(n, every), loopback_options{.seed = seed}) {
        gradient = 100ms;
        watch = [this](std::size_t by, peer_action const& action) {
            if (auto const* const one = std::get_if<act::removed>(&action); one && is_there(by))
                removed.emplace(number(one->who), one->why);
            paused += std::holds_alternative<act::paused>(action);
        };
        change = [this](std::size_t from, std::size_t to, wire::message&) { return is_there(from) && is_there(to); };
    }
    static run_rules rules_of(std::size_t n, std::uint64_t every) {
        run_rules made{.faults = (n - 2) / 2};
        made.timing = {.gradient = 10s, .bulk = 5s, .body = 1s, .question = 250ms, .interval = 1s,
                       .renew_every = every, .floor = 500ms};
        return made;
    }
    [[nodiscard]] bool is_there(std::size_t k) const { return !dead.contains(k); }
    /// Of those that are there.
    ///
    /// @return how long they took
    std::chrono::nanoseconds steps(std::size_t count) {
        auto const begun = net.now();
        for (std::size_t step = 0; step < count; ++step) {
            begin();
            auto const goes_on = [&](auto const& one) {
                return is_there(number(one->key())) && one->running() && !one->gone();
            };
            while (std::ranges::any_of(peers, goes_on) && run_next()) {}
            std::set<std::vector<std::uint32_t>> tables;
            for (std::size_t k = 0; k < peers.size(); ++k) {
                if (!is_there(k) || peers[k]->gone()) continue;
                auto const now = peers[k]->deadlines().now();
                tables.insert({now.gradient, now.bulk, now.body});
            }
            CHECK(tables.size() == 1);
        }
        return net.now() - begun;
    }
    [[nodiscard]] deadline_table now() const { return peers[0]->deadlines().now(); }
    /// Member k dies.
    std::chrono::nanoseconds crash(std::size_t k) {
        dead.insert(k);
        return steps(1);
    }

    std::set<std::size_t> dead{};
    std::set<std::pair<std::size_t, offence>> removed{};
    std::size_t paused = 0;
};

} // namespace

TEST_CASE("deadlines: where gradients take 0.1 s of the 10 s that there are, a crash soon costs a fraction") {
    agreeing_swarm fixed(8, 0), agreed(8);
    fixed.steps(24);
    agreed.steps(24);
    CHECK(fixed.now() == deadline_table{10'000, 5'000, 1'000});
    CHECK(agreed.now() == deadline_table{500, 500, 500});
    auto const before = fixed.crash(7), now = agreed.crash(7);
    CHECK(before > 12s);
    CHECK(now < before / 3);
    CHECK(agreed.now() == deadline_table{1'000, 1'000, 1'000}); // at once twice as long
    std::set const absent{std::pair(std::size_t{7}, offence::absence)};
    CHECK(fixed.removed == absent);
    CHECK(agreed.removed == absent);
    agreed.steps(12);
    CHECK(agreed.now() == deadline_table{500, 500, 500});
    MESSAGE(concat("a crash in COMMIT costs ", double(before.count()) / 1e9, " s with fixed deadlines, ",
                   double(now.count()) / 1e9, " s with agreed ones"));
}

TEST_CASE("deadlines: when all are slower than what was agreed on, by little or by much, nobody is removed") {
    for (auto const slower : {300ms, 700ms, 2'000ms, 8'000ms, 15'000ms}) {
        CAPTURE(slower.count());
        agreeing_swarm s(8);
        s.steps(24);
        CHECK(s.now().gradient == 500);
        s.gradient = slower;
        s.steps(16);
        CHECK(s.removed.empty());
        CHECK(s.now().gradient >= std::min<std::int64_t>(10'000, 2 * slower.count()));
        CHECK((s.paused > 0) == (slower > 700ms)); // COMMIT stands still until there are gradients
        s.gradient = 100ms;
        s.steps(28);
        CHECK(s.now().gradient == 500);
        CHECK(s.removed.empty());
    }
    agreeing_swarm fixed(8, 0);
    fixed.gradient = 15s; // more than there are
    fixed.steps(3);
    CHECK(fixed.paused > 0);
    CHECK(fixed.removed.empty());
}

TEST_CASE("deadlines: some that get slower are absent, at worst, and the others wait longer from then on") {
    agreeing_swarm s(8);
    s.steps(20);
    s.more = [](std::size_t by, act::compute const&) { return by >= 6 ? 4s : 0s; };
    s.steps(1);
    for (auto const& [who, why] : s.removed) CHECK((who >= 6 && why == offence::absence));
    CHECK(s.now().gradient >= 1'000);
}

TEST_CASE("deadlines: honest members whose times vary are never removed") {
    std::size_t shorter = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        agreeing_swarm s(4, 2, seed);
        s.more = [&](std::size_t by, act::compute const& what) {
            auto const bits = philox({seed, by}, what.step);
            return std::chrono::microseconds(bits[0] % (bits[1] % 16 == 0 ? 400'000 : 100'000)); // sometimes a stall
        };
        s.steps(10);
        INFO("seed ", seed);
        CHECK(s.removed.empty());
        CHECK(s.paused == 0);
        shorter += s.now().gradient < 2'000;
    }
    CHECK(shorter > 150);
}

// ---- many that go at once

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
