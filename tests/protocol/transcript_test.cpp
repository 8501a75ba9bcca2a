// All that four honest peers do in a step, line by line: a change of the protocol is a difference that can be read.
// SPDX-License-Identifier: Apache-2.0
#include "golden.hpp"
#include "small_swarm.hpp"

#include <btard/protocol/wire/codec.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace btard;
using golden::first_of;
using golden::padded;
using small_test::small_swarm;

namespace {

/// kind, phase or part, bytes of the frame, the beginning of its hash
std::string line_of(wire::message const& message) {
    constexpr std::array<char const*, 15> kinds = {
        "body", "digest",    "list",   "question", "certificate", "relayed body", "relayed list", "outcome",
        "row",  "aggregate", "wanted", "evidence", "join",        "trial",        "introduction"};
    static_assert(kinds.size() == std::variant_size_v<wire::message>);
    std::string about;
    std::visit(
        [&](auto const& m) {
            if constexpr (requires { m.at.phase; }) about = enum_names(phase{})[m.at.phase];
            else if constexpr (requires { m.part; }) about = "part " + std::to_string(std::size_t(m.part));
        },
        message);
    auto const frame = encode_frame(message);
    return padded(kinds[message.index()], 10) + padded(about, 11) +
           padded(std::to_string(frame.size()) + " bytes", 11) + first_of(sha256_of(frame));
}

/// Two steps: in the second one there is a validator.
std::vector<std::string> transcript() {
    small_swarm swarm(4, {.faults = 1});
    std::vector<std::string> lines;
    swarm.watch = [&](std::size_t by, peer_action const& action) {
        auto const microseconds = (swarm.net.now() - time_point{}).count() / 1'000;
        std::array<char, 32> time{};
        std::snprintf(time.data(), time.size(), "%9.3f ms  ", double(microseconds) / 1'000);
        std::string line = time.data() + std::to_string(by);
        if (auto const* to = std::get_if<act::send>(&action)) {
            line += " -> " + padded(std::to_string(swarm.number(to->to)), 5) + line_of(to->message);
        } else if (auto const* all = std::get_if<act::broadcast>(&action)) {
            line += " -> all  " + line_of(all->message);
        } else if (auto const* what = std::get_if<act::compute>(&action)) {
            line += " computes the gradient of " + std::to_string(swarm.number(what->whose)) + " in step " +
                    std::to_string(what->step);
        } else if (auto const* done = std::get_if<act::apply>(&action)) {
            line += " applies step " + std::to_string(done->step) + ", " +
                    first_of(hash_of(std::span<float const>(done->aggregate)));
        } else {
            line += " something that four honest peers do not do";
        }
        lines.push_back(std::move(line));
    };
    for (int step = 0; step < 2; ++step) {
        lines.push_back("step " + std::to_string(step));
        swarm.begin();
        while (!swarm.nobody_runs() && swarm.run_next()) {}
    }
    return lines;
}

} // namespace

TEST_CASE("peer: four honest peers do in two steps what the transcript says") {
    golden::check("four_honest_peers.txt", transcript());
}
