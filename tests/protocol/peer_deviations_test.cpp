// SPDX-License-Identifier: Apache-2.0
// Whatever one of them, or as many as f, do to what they send: the others agree, and stay.
#include "peer_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
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
