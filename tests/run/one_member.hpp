// One member, and what its keeper says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "small_run.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace keeper_test {

using namespace btard;

/// One member, and what its keeper says.
struct one_member {
    small_run run{1, 0, sgd{}};

    keeper& at() { return run.keepers.begin()->second; }
    void ask(std::size_t from, wire::run_message const& m) { at().handle_message(key_of(from), m, run.now); }
    std::vector<std::pair<public_key, wire::run_message>> said() {
        std::vector<std::pair<public_key, wire::run_message>> all;
        while (auto next = at().poll_message()) all.push_back(*std::move(next));
        return all;
    }
    /// The answer to a follower's question.
    wire::run_message answer(std::size_t from, wire::fetch const& asked) {
        said();
        ask(from, asked);
        auto const all = said();
        REQUIRE(all.size() == 1);
        CHECK(all[0].first == key_of(from));
        return all[0].second;
    }
    bool has(std::size_t from, wire::fetch const& asked) {
        auto const got = answer(from, asked);
        if (auto const* const none = std::get_if<wire::missing>(&got)) {
            CHECK(none->asked == asked);
            return false;
        }
        return true;
    }
    wire::progress progress(std::size_t from) {
        said();
        ask(from, wire::follow{});
        auto const all = said();
        REQUIRE(all.size() == 1);
        return std::get<wire::progress>(all[0].second);
    }
    void step_to(std::uint64_t step) {
        while (run.context.step < step) run.step();
    }
};

} // namespace keeper_test
