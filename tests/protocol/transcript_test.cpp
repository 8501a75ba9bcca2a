// All that four honest peers do in a step, line by line: a change of the protocol is a difference that can be read.
// SPDX-License-Identifier: Apache-2.0
#include "small_swarm.hpp"

#include <btard/protocol/wire/codec.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace btard;
using small_test::small_swarm;

namespace {

std::string hex(std::span<std::byte const> bytes) {
    std::string text;
    for (std::byte const one : bytes) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(one) >> 4];
        text += "0123456789abcdef"[std::to_integer<unsigned>(one) & 15];
    }
    return text;
}
std::string first_of(digest const& hash) { return hex(std::span(hash.bytes).first(4)); }

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

/// kind, phase or part, bytes of the frame, the beginning of its hash
std::string line_of(wire::message const& message) {
    constexpr std::array<char const*, 15> kinds = {"body",         "digest",  "list", "question",  "certificate", "relayed body",
                                                   "relayed list", "outcome", "row",  "aggregate", "wanted",      "evidence",
                                                   "join", "trial", "introduction"};
    static_assert(kinds.size() == std::variant_size_v<wire::message>);
    std::string about;
    std::visit(
        [&](auto const& m) {
            if constexpr (requires { m.at.phase; }) about = enum_names(phase{})[m.at.phase];
            else if constexpr (requires { m.part; }) about = "part " + std::to_string(std::size_t(m.part));
        },
        message);
    auto const frame = encode_frame(message);
    return padded(kinds[message.index()], 10) + padded(about, 11) + padded(std::to_string(frame.size()) + " bytes", 11) +
           first_of(sha256_of(frame));
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
            line += " applies step " + std::to_string(done->step) + ", " + first_of(hash_of(std::span<float const>(done->aggregate)));
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

/// The lines that one of the two has more, marked - and +, with the number of the line.
std::string difference(std::vector<std::string> const& old, std::vector<std::string> const& now) {
    std::vector<std::vector<std::size_t>> same(old.size() + 1, std::vector<std::size_t>(now.size() + 1));
    for (std::size_t a = old.size(); a-- > 0;)
        for (std::size_t b = now.size(); b-- > 0;)
            same[a][b] = old[a] == now[b] ? same[a + 1][b + 1] + 1 : std::max(same[a + 1][b], same[a][b + 1]);
    std::string text;
    std::size_t shown = 0;
    for (std::size_t a = 0, b = 0; a < old.size() || b < now.size();) {
        if (a < old.size() && b < now.size() && old[a] == now[b]) {
            ++a, ++b;
            continue;
        }
        bool const gone = b == now.size() || (a < old.size() && same[a + 1][b] >= same[a][b + 1]);
        if (++shown <= 60)
            text += (gone ? "-" + std::to_string(a + 1) : "+" + std::to_string(b + 1)) + "\t" + (gone ? old[a] : now[b]) + "\n";
        ++(gone ? a : b);
    }
    if (shown > 60) text += "... " + std::to_string(shown) + " lines in all\n";
    return text;
}

} // namespace

TEST_CASE("peer: four honest peers do in two steps what the transcript says") {
    std::string const path = std::string(BTARD_TRANSCRIPTS) + "/four_honest_peers.txt";
    auto const now = transcript();
    if (std::getenv("BTARD_RENEW_TRANSCRIPTS") != nullptr) {
        std::ofstream out(path);
        for (auto const& line : now) out << line << "\n";
        MESSAGE("renewed ", path);
        return;
    }
    std::vector<std::string> old;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) old.push_back(line);
    auto const differs = difference(old, now);
    CHECK_MESSAGE(differs.empty(), "the peers do something else than ", path, " says.  If that is meant, run this test with "
                  "BTARD_RENEW_TRANSCRIPTS=1 in the environment, and read the difference before you commit it:\n", differs);
}
