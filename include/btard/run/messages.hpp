// btard/run/messages.hpp: what the processes of a run tell each other beside the protocol.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   with whoever answers:    greeting -> charter (or refusal) -> ready -> charter with founders
//   with members, later:     follow -> progress ... -> fetch -> leaves, chunk, applied, held
//
//   Nothing here decides anything: what a follower takes over is what f + 1 members say (`follower`), and what is in a
//   charter is the operator's word.

#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/run/greeting_messages.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard::wire {

/// To a member: tell me of each step that begins, until the link ends.
struct follow {
    std::optional<std::uint64_t> snapshot =
        {}; ///< keep the state with which this step begins; absent: not needed

    static constexpr void members(auto& self, auto&& member) { member(self.snapshot); }
    friend bool operator==(follow const&, follow const&) = default;
};

/// A state that the sender holds for a while.
struct snapshot_head {
    std::uint64_t step = 0;
    digest root{}; ///< of the tree over its chunks; see run/model_state.hpp

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.root);
    }
    friend bool operator==(snapshot_head const&, snapshot_head const&) = default;
};

/// From a member to those that follow it: the step that it begins.
struct progress {
    step_context context{};
    std::vector<digest> applied =
        {};        ///< hashes of what moved the parameters at the end of the last steps, in order
    digest held{}; ///< hash of its `member_state`; zeros in the first step
    std::optional<snapshot_head> snapshot = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.context);
        member(self.applied, &wire_limits::claims);
        member(self.held);
        member(self.snapshot);
    }
    friend bool operator==(progress const&, progress const&) = default;
};

/// A question for something that `progress` has named.
enum class fetched : std::uint8_t {
    introduction, ///< how the roster follows from the founders: a `wire::introduction`
    leaves,       ///< hashes of the chunks of the snapshot of that step
    chunk,        ///< one of them
    applied,      ///< what moved the parameters at the end of that step
    held,         ///< what a member has to know beside the parameters when that step begins
};
constexpr std::size_t enum_count(fetched) { return 5; }

struct fetch {
    fetched what{};
    std::uint64_t step = 0;
    std::uint64_t index = 0; ///< of a chunk; of `held`: 1 for all floats, 0 without those that `applied` has

    static constexpr void members(auto& self, auto&& member) {
        member(self.what);
        member(self.step);
        member(self.index);
    }
    friend auto operator<=>(fetch const&, fetch const&) = default;
};
/// It cannot be had here (any more): ask somebody else.
struct missing {
    fetch asked{};

    static constexpr void members(auto& self, auto&& member) { member(self.asked); }
    friend bool operator==(missing const&, missing const&) = default;
};
struct leaves {
    std::uint64_t step = 0;
    std::vector<digest> hashes = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.hashes, &wire_limits::claims);
    }
    friend bool operator==(leaves const&, leaves const&) = default;
};
struct chunk {
    std::uint64_t step = 0, index = 0;
    shared_floats values = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.index);
        member(self.values, &wire_limits::floats);
    }
    friend bool operator==(chunk const&, chunk const&) = default;
};
struct applied {
    std::uint64_t step = 0;
    shared_floats values = {}; ///< (size)

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.values, &wire_limits::floats);
    }
    friend bool operator==(applied const&, applied const&) = default;
};
struct held {
    std::uint64_t step = 0; ///< that begins with it
    member_state state = {};
    member_floats floats = {}; ///< left out may be: `given`, moved the parameters last; `before`, before that

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.state);
        member(self.floats);
    }
    friend bool operator==(held const&, held const&) = default;
};

/// Who is no member any more after a step, and why.
struct told_removal {
    public_key who{};
    offence why{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.who);
        member(self.why);
    }
    friend auto operator<=>(told_removal const&, told_removal const&) = default;
};

/// From a trainer to the coordinator, after each of its steps: for the eyes of the operator alone.
struct metrics {
    std::uint64_t step = 0;
    double loss = 0;                        ///< of its own gradient
    double gradient_seconds = 0;            ///< to compute it
    double step_seconds = 0;                ///< of the whole step
    std::uint64_t sent = 0, received = 0;   ///< bytes since it began
    std::vector<told_removal> removed = {}; ///< at the end of the step

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.loss);
        member(self.gradient_seconds);
        member(self.step_seconds);
        member(self.sent);
        member(self.received);
        member(self.removed, &wire_limits::peers);
    }
    friend bool operator==(metrics const&, metrics const&) = default;
};

/// The run is over here: the last step is done.
struct finished {
    std::uint64_t step = 0; ///< so many steps were done
    digest root{};          ///< of the state then

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.root);
    }
    friend bool operator==(finished const&, finished const&) = default;
};

/// The kind of a message is its place here: new ones go to the end.
using run_message = std::variant<greeting, addresses, charter, refusal, ready, follow, progress, fetch,
                                 missing, leaves, chunk, applied, held, metrics, finished>;

/// The first byte of their frames: never that of the protocol's.
inline constexpr std::uint8_t run_version = 0x82;

} // namespace btard::wire

namespace btard {

[[nodiscard]] inline std::vector<std::byte> encode_run_frame(wire::run_message const& message) {
    std::vector<std::byte> bytes;
    byte_writer to(bytes);
    to.write(wire::run_version);
    to.write(static_cast<std::uint8_t>(message.index()));
    std::visit([&](auto const& m) { to.write(m); }, message);
    return bytes;
}

/// As `decode_frame`: nothing for bytes that `encode_run_frame` does not write, and limits before memory.
[[nodiscard]] inline std::optional<wire::run_message>
decode_run_frame(std::span<std::byte const> bytes, wire_limits const& limits = byte_reader::standard_limits) {
    byte_reader from(bytes, limits);
    std::uint8_t version = 0, kind = 0;
    if (!from.read(version) || version != wire::run_version || !from.read(kind)) return {};
    std::optional<wire::run_message> found;
    auto const read_as = [&]<std::size_t K>(std::integral_constant<std::size_t, K>) {
        if (kind != K) return;
        std::variant_alternative_t<K, wire::run_message> message;
        if (from.read(message) && from.at_end()) found.emplace(std::move(message));
    };
    [&]<std::size_t... K>(std::index_sequence<K...>) {
        (read_as(std::integral_constant<std::size_t, K>{}), ...);
    }(std::make_index_sequence<std::variant_size_v<wire::run_message>>{});
    return found;
}

[[nodiscard]] inline bool is_run_frame(std::span<std::byte const> bytes) {
    return !bytes.empty() && std::to_integer<std::uint8_t>(bytes.front()) == wire::run_version;
}

} // namespace btard
