// btard/run/greeting_messages.hpp: what processes tell each other when they link: who they are, and in which run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/statement.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace btard {

/// What a process is in a run.
enum class run_role : std::uint8_t {
    trainer,     ///< wants to be a member, or is one
    coordinator, ///< brings the founders together, then follows the run
};
constexpr std::size_t enum_count(run_role) { return 2; }

/// Why a process is not let in.  A code, so that no text of a stranger comes into a log.
enum class refusal_reason : std::uint8_t {
    wrong_token,    ///< the join token is missing, or another one
    other_run,      ///< it is of another run
    other_numerics, ///< its build, or its machine, computes other bits
    no_run_yet,     ///< it asks one that has no charter itself
    not_listed,     ///< a run goes on with the members that it had, and it is none of them
    banned,         ///< its key is, for good; one of the three that f + 1 members must say, see run/refusals.hpp
    struck,         ///< its key is, for the second time, for good
    waits,          ///< it was absent, and may not come back yet
};
constexpr std::size_t enum_count(refusal_reason) { return 8; }

} // namespace btard

namespace btard::wire {

/// Letters as bytes: whoever shows them to somebody looks at what they are first.
struct letters {
    std::vector<std::byte> bytes_of = {};

    letters() = default;
    explicit letters(std::string_view text) {
        for (char const one : text) bytes_of.push_back(static_cast<std::byte>(one));
    }
    [[nodiscard]] std::string text() const {
        std::string all;
        for (std::byte const one : bytes_of) all += std::to_integer<char>(one);
        return all;
    }
    static constexpr void members(auto& self, auto&& member) { member(self.bytes_of, &wire_limits::bytes); }
    friend bool operator==(letters const&, letters const&) = default;
};

/// The first frame over a link, from both ends.
struct greeting {
    run_role role = run_role::trainer;
    digest run{};                     ///< its run id; zeros: it has none yet
    std::array<std::byte, 16> life{}; ///< its incarnation
    std::uint64_t clock = 0;          ///< its wall clock, ms since 1970; shown, and used for nothing
    std::optional<digest> token = {}; ///< shows that it knows the join token; see `token_proof`

    static constexpr void members(auto& self, auto&& member) {
        member(self.role);
        member(self.run);
        member(self.life);
        member(self.clock);
        member(self.token);
    }
    friend bool operator==(greeting const&, greeting const&) = default;
};
/// For this pair alone, so that whoever is told it learns nothing that it could show to others.
[[nodiscard]] inline digest token_proof(std::string_view token, public_key const& from,
                                        public_key const& to) {
    return tagged_hash("join token", token, from, to);
}

/// Where somebody can be reached: a hint, since a link shows who is at its end.
struct address {
    public_key key{};
    letters host = {};
    std::uint16_t port = 0;

    static constexpr void members(auto& self, auto&& member) {
        member(self.key);
        member(self.host);
        member(self.port);
    }
    friend bool operator==(address const&, address const&) = default;
};
struct addresses {
    std::vector<address> known = {};

    static constexpr void members(auto& self, auto&& member) { member(self.known, &wire_limits::peers); }
    friend bool operator==(addresses const&, addresses const&) = default;
};

/// What the members of a run have agreed on before it began.  Its hash is the run id, so a resumed run is another one.
struct charter {
    letters settings = {}; ///< as the operator's configuration prints them
    digest numerics{};     ///< what the kernels, the optimizer and a gradient give on a fixed input
    digest start{};        ///< root of the state that step 0 begins with
    std::array<std::byte, 16> nonce{};     ///< drawn for this run
    std::vector<log_member> founders = {}; ///< the first roster; empty: it is not complete yet

    static constexpr void members(auto& self, auto&& member) {
        member(self.settings);
        member(self.numerics);
        member(self.start);
        member(self.nonce);
        member(self.founders, &wire_limits::peers);
    }
    friend bool operator==(charter const&, charter const&) = default;

    [[nodiscard]] digest run() const { return tagged_hash("run", std::span<std::byte const>(encode(*this))); }
};

struct refusal {
    refusal_reason why{};
    std::uint64_t step = 0; ///< of one that waits: the first of which it can be a member again

    static constexpr void members(auto& self, auto&& member) {
        member(self.why);
        member(self.step);
    }
    friend bool operator==(refusal const&, refusal const&) = default;
};

/// From a trainer: it can compute what the charter says, and waits for the founders to be complete.
struct ready {
    digest numerics{};

    static constexpr void members(auto& self, auto&& member) { member(self.numerics); }
    friend bool operator==(ready const&, ready const&) = default;
};

} // namespace btard::wire
