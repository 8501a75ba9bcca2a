// SPDX-License-Identifier: Apache-2.0
// Whole peers whose gradients differ in the last bits.
#include "../peer_table.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace peer_test;

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
