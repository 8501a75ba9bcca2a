// tests/attack/conduct_timing_test.cpp: silence, two statements, spoiled draws, bad timing, newcomers: who pays, and who does not.
// SPDX-License-Identifier: Apache-2.0
#include "conduct_play.hpp"

#include <btard/protocol/ban/ban_check.hpp>

#include <doctest/doctest.h>

using namespace plays;

namespace {

using removals = std::map<std::size_t, std::set<std::string>>;

/// On a quick network, and on two whose delays come near to what a question may take; honest peers are never removed.
template <class F>
void in_all_weathers(scene of, F&& check, std::uint64_t seeds = 1) {
    for (int const weather : {0, 1, 2}) {
        if (weather > 0) {
            of.checks.network.most_delay = 750'000'000; // half a question
            of.checks.network.in_order = weather == 1;
        }
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            of.seed = 10 * seed + std::uint64_t(weather);
            CAPTURE(weather);
            CAPTURE(of.seed);
            auto const end = play(of);
            CAPTURE(end.text());
            CHECK(end.steps == of.steps);
            CHECK(end.honest_are_there);
            check(end);
        }
    }
}
void expect(scene const& of, removals const& removed, std::set<std::size_t> const& banned, std::uint64_t seeds = 1) {
    in_all_weathers(of, [&](ending const& end) {
        CHECK(end.removed == removed);
        CHECK(end.banned == banned);
    }, seeds);
}

constexpr auto main_phases = {phase::commit, phase::result, phase::reveal, phase::testimony, phase::accuse};
std::string name_of(phase of) { return std::string(enum_names(of)[std::size_t(of)]); }

} // namespace

TEST_CASE("silence: whoever says nothing in a phase is absent, with neither strike nor ban, in each phase of "
          "a step") {
    for (phase const in : main_phases) {
        CAPTURE(name_of(in));
        expect({.doing = {silence{.where = silent_on::broadcast, .in = in, .start = 2}}, .steps = 6},
               {{1, {"absence"}}}, {});
    }
    expect({.doing = {silence{.where = silent_on::broadcast, .start = 1}}, .byzantine = {1, 4, 6}, .steps = 5},
           {{1, {"absence"}}, {4, {"absence"}}, {6, {"absence"}}}, {});
}

TEST_CASE("silence: a peer whose messages do not get out for one phase is absent, and not taken for a liar "
          "afterwards") {
    for (phase const in : main_phases) {
        CAPTURE(name_of(in));
        expect({.doing = {silence{.where = silent_on::all, .in = in, .start = 2}}, .steps = 5},
               {{1, {"absence"}}}, {});
    }
    expect({.doing = {silence{.where = silent_on::all, .start = 1}}, .byzantine = {1, 4, 6}, .steps = 5},
           {{1, {"absence"}}, {4, {"absence"}}, {6, {"absence"}}}, {});
}

TEST_CASE("silence: bodies that half of the members do not get come from the other half, and nobody is absent") {
    expect({.doing = {silence{.where = silent_on::some}}, .steps = 4}, {}, {});
    expect({.doing = {silence{.where = silent_on::some}}, .byzantine = {1, 4, 6}, .steps = 4}, {}, {});
}

TEST_CASE("silence: rows that their owners do not get are pushed to all; whoever has more than f disputes "
          "for it has a strike") {
    removals all;
    in_all_weathers({.doing = {silence{.where = silent_on::links, .in = phase::result}}, .steps = 24},
                    [&](ending const& end) {
                        CHECK(end.banned.empty());
                        all.insert(end.removed.begin(), end.removed.end());
                    });
    CHECK(all == removals{{1, {"quarrels"}}});
}

TEST_CASE("silence: whoever gives its aggregate to nobody has a strike, whoever gives its rows to nobody is absent") {
    in_all_weathers({.doing = {silence{.where = silent_on::bulk, .start = 1}}, .steps = 5}, [](ending const& end) {
        auto why = end.removed.at(1);
        why.erase("hidden_row"); // a validator may have demanded its rows
        CHECK(why == std::set<std::string>{"absence", "no_part"});
        CHECK(end.removed.size() == 1);
    });
}

TEST_CASE("silence: digests that most miss cost points; those that half of the members get cost nobody its place") {
    in_all_weathers({.doing = {silence{.where = silent_on::digests}}, .steps = 4}, [](ending const& end) {
        CHECK(end.removed.at(1).contains("points"));
        CHECK(end.removed.size() == 1);
        CHECK(end.banned.empty());
    });
    in_all_weathers({.doing = {silence{.where = silent_on::some_digests}}, .byzantine = {1, 4, 6}, .steps = 4},
                    [](ending const& end) { CHECK(end.banned.empty()); });
}

TEST_CASE("silence: an aggregate that few honest members have, and all liars say they have, is found in time "
          "by everybody") {
    expect({.doing = {few_holders{}}, .byzantine = {1, 4, 6}, .steps = 5}, {}, {});
    auto const end = play({.doing = {few_holders{}},
                           .peers = 32,
                           .byzantine = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14},
                           .steps = 3});
    CAPTURE(end.text());
    CHECK(end.removed.empty());
}

TEST_CASE("leaving: an attacker that vanishes once it knows its validator is banned all the same, whenever it goes") {
    for (phase const at : {phase::testimony, phase::commit, phase::reveal, phase::accuse, phase::vote}) {
        CAPTURE(name_of(at));
        in_all_weathers({.doing = {leave_before_accusation{at}}, .byzantine = {1, 4}, .flip = {1, 4}, .steps = 40},
                        [&](ending const& end) {
                            CHECK(end.banned == std::set<std::size_t>{1, 4});
                            for (auto const& [peer, why] : end.removed) CHECK(why.contains("wrong_gradient"));
                        });
    }
}

TEST_CASE("equivocation: two statements for one slot ban by proof, in each phase, at once or later, as "
          "bodies or as lists") {
    for (auto const what : {signed_twice::body, signed_twice::late_body, signed_twice::list}) {
        for (phase const in : main_phases) {
            CAPTURE(std::string(enum_names(what)[std::size_t(what)]));
            CAPTURE(name_of(in));
            in_all_weathers({.doing = {equivocate{.what = what, .in = in, .start = 2}}, .steps = 5},
                            [&](ending const& end) {
                                CHECK(end.banned == std::set<std::size_t>{1});
                                auto why = end.removed.at(1);
                                why.erase("absence"); // in the phases after it, and its share is not opened
                                CHECK(why == std::set<std::string>{"equivocation"});
                            });
        }
        in_all_weathers({.doing = {equivocate{.what = what, .in = phase::result, .start = 1}},
                         .byzantine = {1, 4, 6},
                         .steps = 4},
                        [&](ending const& end) {
                            CHECK(end.banned == std::set<std::size_t>{1, 4, 6});
                            for (auto [who, why] : end.removed) {
                                why.erase("absence");
                                CHECK(why == std::set<std::string>{"equivocation"});
                            }
                        });
    }
}

TEST_CASE("mprng: a share that is not opened makes its owner absent, another value bans it, and the draw is "
          "made again") {
    removals const absent{{1, {"absence"}}, {4, {"absence"}}, {6, {"absence"}}};
    expect({.doing = {mprng_abort{spoiled::always, false, 1}}, .byzantine = {1, 4, 6}, .steps = 5}, absent, {});
    expect({.doing = {mprng_abort{spoiled::always, false, 1}}, .byzantine = {1}, .steps = 5}, {{1, {"absence"}}}, {});
    in_all_weathers({.doing = {mprng_abort{spoiled::always, true, 1}}, .byzantine = {1, 4, 6}, .steps = 5},
                    [](ending const& end) {
                        CHECK(end.banned == std::set<std::size_t>{1, 4, 6});
                        for (auto const& [peer, why] : end.removed) CHECK(why.contains("wrong_share"));
                    });
}

TEST_CASE("mprng: to spoil a draw is no way out of an audit: an attacker that aborts its own is audited by "
          "the redraw") {
    for (bool const bad : {false, true})
        in_all_weathers({.doing = {mprng_abort{spoiled::own_audit, bad}},
                         .byzantine = {1, 4},
                         .flip = {1, 4},
                         .steps = 40},
                        [&](ending const& end) {
                            CHECK(end.banned ==
                                  std::set<std::size_t>{1, 4}); // who opens another share is banned for that
                            for (auto const& [peer, why] : end.removed)
                                CHECK(why.contains(bad ? "wrong_share" : "wrong_gradient"));
                        });
}

TEST_CASE("mprng: accomplices that abort when the audit of one attacker comes up are lost, and it is audited "
          "all the same") {
    in_all_weathers(
        {.doing = {mprng_abort{spoiled::accomplice_audit}}, .byzantine = {1, 4, 6}, .flip = {1}, .steps = 40},
        [](ending const& end) {
            CHECK(end.banned == std::set<std::size_t>{1});
            CHECK(end.removed.at(1).contains("wrong_gradient"));
        });
}

TEST_CASE("timing: bodies just before or after a deadline, to all or to half, punish nobody but their "
          "senders, and never by a ban") {
    for (auto const near : {near_what::deadline, near_what::lists, near_what::relay}) {
        for (bool const half : {false, true}) {
            for (std::int64_t const offset : {-2'000'000'000, -400'000'000, -5'000'000, 400'000'000}) {
                CAPTURE(std::string(enum_names(near)[std::size_t(near)]));
                CAPTURE(half);
                CAPTURE(offset);
                in_all_weathers({.doing = {late_messages{.near = near, .offset = offset, .half = half, .start = 1}},
                                 .byzantine = {1, 4},
                                 .steps = 4},
                                [](ending const& end) {
                                    CHECK(end.banned.empty());
                                    for (auto const& [peer, why] : end.removed)
                                        for (auto const& one : why) CHECK((one == "absence" || one == "points"));
                                });
            }
        }
    }
}

TEST_CASE("timing: what reaches nobody before lists are signed makes its sender absent") {
    expect({.doing = {late_messages{.near = near_what::lists, .offset = 2'000'000'000, .start = 1}},
            .byzantine = {1, 4},
            .steps = 4},
           {{1, {"absence"}}, {4, {"absence"}}}, {});
}

TEST_CASE("timing: slots that half of the members have contested cost their sender its budget of points") {
    in_all_weathers({.doing = {late_messages{
                         .near = near_what::lists, .offset = -1'000'000'000, .half = true, .start = 1}},
                     .byzantine = {1},
                     .steps = 6},
                    [](ending const& end) {
                        CHECK(end.banned.empty());
                        for (auto const& [peer, why] : end.removed) CHECK(peer == 1);
                    });
}

TEST_CASE("timing: rows and aggregates that come late remove their senders alone") {
    for (int const milliseconds : {-31'000, -3'400, -2'900, -5, 400}) {
        std::int64_t const offset = std::int64_t{milliseconds} * 1'000'000;
        CAPTURE(offset);
        in_all_weathers({.doing = {late_messages{.offset = offset, .bulk = true, .start = 1}},
                         .byzantine = {1, 4},
                         .steps = 4},
                        [](ending const& end) { CHECK(end.banned.empty()); });
    }
}

TEST_CASE("replay: old messages, and messages of another run, change nothing and prove nothing") {
    expect({.doing = {replayed_messages{}}, .byzantine = {1, 4, 6}, .steps = 6}, {}, {});
    expect({.doing = {replayed_messages{.age = 400}}, .byzantine = {1, 4, 6}, .steps = 6}, {}, {});
    expect({.doing = {replayed_messages{.other_run = true}}, .byzantine = {1, 4, 6}, .steps = 6}, {}, {});
}

TEST_CASE("contest: f liars that sign false lists about one member, in every phase, never make it lose its place") {
    expect({.doing = {contest_flood{.victim = 0}}, .byzantine = {1, 4, 6}, .steps = 12}, {}, {});
    in_all_weathers({.doing = {contest_flood{.victim = 0}}, .byzantine = {1}, .steps = 12}, [](ending const& end) {
        CHECK(end.banned.empty()); // alone it goes on too early, and complains about rows that nobody owes it yet
    });
    expect({.doing = {contest_flood{.victim = 0, .in = phase::accuse}}, .byzantine = {1, 4, 6}, .steps = 12}, {}, {});
    auto const end = play({.doing = {contest_flood{.victim = 0}},
                           .peers = 16,
                           .byzantine = {1, 3, 5, 7, 9, 11, 13},
                           .steps = 6});
    CHECK(end.removed.empty());
}

TEST_CASE("state: hashes of parameters that f members make up convince nobody, and are no guilt") {
    std::size_t diverged = 1;
    auto const end = play({.doing = {state_lie{}}, .byzantine = {1, 4, 6}, .steps = 34},
                          [&](swarm& run, step_report const*) { diverged = run.events().diverged; });
    CHECK(end.removed.empty());
    CHECK(diverged == 0);
}

TEST_CASE("crash: an honest peer that dies at any moment is absent, costs nobody else anything, and the run "
          "goes on") {
    for (int const weather : {0, 1, 2}) {
        for (std::size_t event = 0; event < 40; ++event) {
            CAPTURE(weather);
            CAPTURE(event);
            scene of{.byzantine = {}, .steps = 5, .seed = event};
            if (weather > 0) of.checks = jittery(weather == 1);
            auto const end = play(of, [&](swarm& run, step_report const* report) {
                if (report && report->step == 1) run.crash(2, 1 + event * 37); // a step has about 1,500 events
            });
            CHECK(end.steps == 5);
            CHECK(end.removed == removals{{2, {"absence"}}});
            CHECK(end.banned.empty());
        }
    }
}

TEST_CASE("crash: beside liars too, whatever they do, no honest peer but the crashed one loses its place") {
    std::vector<conduct> const liars{
        {silence{.where = silent_on::some}},
        {silence{.where = silent_on::links}},
        {equivocate{.in = phase::testimony, .start = 2}},
        {equivocate{.what = signed_twice::list, .start = 2}},
        {mprng_abort{spoiled::always, false, 2}},
        {contest_flood{.victim = 0}},
        {late_messages{.near = near_what::lists, .offset = -5'000'000, .half = true, .start = 2}}};
    for (std::size_t k = 0; k < liars.size(); ++k) {
        for (std::size_t event = 0; event < 12; ++event) {
            CAPTURE(k);
            CAPTURE(event);
            scene of{.doing = liars[k], .byzantine = {1, 4}, .steps = 6, .seed = event};
            if (event % 3 > 0) of.checks = jittery(event % 3 == 1);
            auto const end = play(of, [&](swarm& run, step_report const* report) {
                if (report && report->step == 1) run.crash(2, 1 + event * 131);
            });
            CHECK(end.steps == 6);
            for (auto const& [peer, why] : end.removed) {
                CHECK((peer == 1 || peer == 2 || peer == 4));
                if (peer == 2) CHECK(why == std::set<std::string>{"absence"});
            }
        }
    }
}

// ---- newcomers

namespace {

/// Small numbers: one place for four members, a step in which it is admitted every six.
verification trying(std::uint64_t share = 4) {
    verification checks;
    checks.probation = {.admits = admission::anybody, .steps = 12, .cleans = 2, .apart = 6, .share = share};
    return checks;
}
probation const& probation_of(swarm& run) {
    std::size_t k = 0;
    while (!run.is_member(k) || run.at(k).conduct().acts()) ++k;
    return run.at(k).membership().context().probation;
}
/// A newcomer with that key wants in, at the end of this step.
std::size_t let_ask(swarm& run, std::uint64_t key, std::size_t contact = 0) {
    return run.add_newcomer(testing::counting_signer(key), false, contact);
}

} // namespace

TEST_CASE("newcomer: works on probation, is let in, and nobody is removed, whatever the weather") {
    for (int const weather : {0, 1, 2}) {
        CAPTURE(weather);
        scene of{.byzantine = {},
                 .steps = 70,
                 .seed = 5,
                 .checks = weather == 0 ? verification{} : jittery(weather == 1)};
        of.checks.probation = trying().probation;
        std::vector<std::size_t> them;
        bool same = true, there = false;
        auto const end = play(of, [&](swarm& run, step_report const* report) {
            if (report && report->step == 1) them = {let_ask(run, 100), let_ask(run, 101, 5), let_ask(run, 102, 7)};
            for (std::size_t k = 1; k < 8; ++k)
                same &= run.at(k).membership().context() == run.at(0).membership().context();
            there = !them.empty();
            for (std::size_t const k : them) there &= run.is_member(k);
        });
        CHECK(end.removed.empty());
        CHECK(same);
        CHECK(there);
    }
}

TEST_CASE("newcomer: one whose power is cut loses its place, and costs nobody anything") {
    std::size_t one = 0, two = 0, tried = 9;
    auto const end =
        play({.byzantine = {}, .steps = 30, .checks = trying(8)}, [&](swarm& run, step_report const* report) {
            if (!report) one = let_ask(run, 100);
            else if (report->step == 5) {
                CHECK(probation_of(run).tried.size() == 1);
                run.net().stop(endpoint_id(one));
                two = let_ask(run, 101);
            } else if (report->step == 6) {
                CHECK(probation_of(run).tried.empty());
            } else if (report->step == 29) {
                tried = probation_of(run).tried.size();
                CHECK(run.is_member(two));
            }
        });
    CHECK(end.removed.empty());
    CHECK(tried == 0);
}

TEST_CASE("newcomer: one that commits to false gradients is banned by the votes of members, and its record holds") {
    std::size_t checked = 0;
    bool in = false;
    std::vector<ban_record> records; // of the step before: they are confirmed by this one
    auto const end = play(
        {.doing = {sybil_join{.keys = 3, .lies = true}}, .byzantine = {1}, .steps = 30, .checks = trying()},
        [&](swarm& run, step_report const* report) {
            in |= run.is_member(1) && probation_of(run).admitted > 0;
            if (!report) return;
            for (auto& record : std::exchange(records, {})) {
                record.next = run.confirmation_of(record);
                auto const wrong = verify_ban(record, testing::counting_signer(0), run.at(0).bench(),
                                              run.at(0).rules(), run.root_of_trust());
                CHECK_MESSAGE(!wrong, wrong.value_or(""));
                checked += !wrong;
            }
            for (auto const& one : report->removed) {
                CHECK(one.why == "wrong_gradient");
                CHECK(one.peer >= 8);
                auto record = run.record_of(one);
                REQUIRE(record);
                CHECK(record->steps.size() <= 2);
                records.push_back(*std::move(record));
            }
        });
    CHECK(end.honest_are_there);
    CHECK(!in);
    CHECK(checked >= 5);
}

TEST_CASE("newcomer: validators that slander it are banned, and it is let in") {
    std::size_t one = 0;
    bool there = false;
    auto const end = play({.doing = {slander{.of = slander_of::gradient, .by_validators = true}},
                           .byzantine = {1, 4, 6},
                           .steps = 40,
                           .checks = trying()},
                          [&](swarm& run, step_report const* report) {
                              if (!report) one = let_ask(run, 100);
                              else there = run.is_member(one);
                          });
    CHECK(there);
    CHECK(end.honest_are_there);
    for (auto const& [peer, why] : end.removed) {
        CHECK((peer == 1 || peer == 4 || peer == 6));
        CHECK(why == std::set<std::string>{"slander"});
    }
}

TEST_CASE("new_keys: who is banned comes back after a probation, and is banned again, and no honest peer ever is") {
    std::size_t admitted = 0;
    std::vector<std::size_t> attackers{1, 4, 6};
    for (std::size_t k = 8; k < 60; ++k) attackers.push_back(k); // all that come in
    auto const end = play(
        {.doing = {new_keys{}}, .byzantine = {1, 4, 6}, .flip = attackers, .steps = 150, .checks = trying()},
        [&](swarm& run, step_report const* report) {
            if (report) admitted = std::size_t(probation_of(run).admitted);
        });
    CHECK(end.honest_are_there);
    CHECK(admitted >= 4);
    CHECK(end.banned.size() >= admitted); // the first three, and all newcomers but the last ones
    for (auto const& [peer, why] : end.removed) CHECK(why == std::set<std::string>{"wrong_gradient"});
}

TEST_CASE("sybil_join: many keys at once have no more places than the rules say, and come in one after another") {
    std::vector<std::size_t> in;
    std::size_t members = 8, most = 0;
    auto const end = play({.doing = {sybil_join{.keys = 20}}, .byzantine = {1}, .steps = 60, .checks = trying()},
                          [&](swarm& run, step_report const* report) {
                              if (!report) return;
                              std::size_t const now = report->honest + report->byzantine;
                              most = std::max(most, probation_of(run).tried.size());
                              CHECK(probation_of(run).tried.size() <= (now + 1) / 4);
                              if (now > members) in.push_back(report->step);
                              members = now;
                          });
    CHECK(end.removed.empty());
    CHECK(most >= 2);
    REQUIRE(in.size() >= 3);
    for (std::size_t k = 1; k < in.size(); ++k) CHECK(in[k] - in[k - 1] >= 6);
}

TEST_CASE("eclipse: members that lie to a newcomer, or tell it nothing, do not keep it out, and it believes "
          "none of it") {
    for (bool const silent : {false, true}) {
        CAPTURE(silent);
        std::size_t one = 0, refused = 0, asked = 0;
        bool there = false;
        auto const end = play(
            {.doing = {eclipse{.silent = silent}}, .byzantine = {1, 4, 6}, .steps = 120, .checks = trying()},
            [&](swarm& run, step_report const* report) {
                if (!report) {
                    one = let_ask(run, 100, 4);
                    return;
                }
                there = run.is_member(one);
                if (auto const* const at = run.newcomer_at(one)) {
                    refused = at->refused();
                    asked = at->asked();
                    if (at->known()) CHECK(at->known()->roster == run.root_of_trust().roster);
                }
            });
        CHECK(there);
        CHECK(asked >= 2);
        CHECK((refused > 0) == !silent);
        CHECK(end.removed.empty());
    }
}
