// btard/protocol/log/transcript.hpp: what a third party needs to repeat the verdicts of a step, and the record of a ban.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/equivocation.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// A body of a log; place and sender are known from where it stands.
struct kept_body {
    std::vector<std::byte> bytes = {};
    signature by_sender{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.bytes, &wire_limits::bytes);
        member(self.by_sender);
    }
    friend bool operator==(kept_body const&, kept_body const&) = default;
};

/// The agreed log of one broadcast.
struct kept_log {
    wire::log_certificate certificate{};
    std::vector<kept_body> bodies = {}; ///< of those whom the list has a body of, in its order

    static constexpr void members(auto& self, auto&& member) {
        member(self.certificate);
        member(self.bodies, &wire_limits::peers);
    }
    friend bool operator==(kept_log const&, kept_log const&) = default;
};

/// A part of an aggregate, or a tile of v0: found by the hash of its floats, which a log holds.
struct kept_floats {
    std::vector<float> values = {};

    static constexpr void members(auto& self, auto&& member) { member(self.values, &wire_limits::floats); }
    friend bool operator==(kept_floats const&, kept_floats const&) = default;
};

/// A step, as far as a verdict rests on it.
struct step_transcript {
    step_context context{};                    ///< certified by the log of COMMIT
    std::vector<kept_log> logs = {};           ///< from COMMIT on, in their order
    std::vector<log_head> later = {};          ///< the broadcasts after those: the next context holds a hash of all
    std::vector<wire::evidence> exhibits = {}; ///< what accusations of the step rest on
    std::vector<wire::row> rows = {};          ///< shown or opened
    std::vector<kept_floats> floats = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.context);
        member(self.logs, &wire_limits::peers);
        member(self.later, &wire_limits::peers);
        member(self.exhibits, &wire_limits::claims);
        member(self.rows, &wire_limits::entries);
        member(self.floats, &wire_limits::claims);
    }
    friend bool operator==(step_transcript const&, step_transcript const&) = default;
};

/// The last step of an epoch, as far as it shows who is gone with it.
struct epoch_end {
    step_context context{};
    std::vector<kept_log> logs = {}; ///< from COMMIT on, up to the last in which somebody is missing

    static constexpr void members(auto& self, auto&& member) {
        member(self.context);
        member(self.logs, &wire_limits::peers);
    }
    friend bool operator==(epoch_end const&, epoch_end const&) = default;
};

/// How the roster of an epoch follows from that of the epoch before: the context of its first step, and the log of
/// COMMIT, in which members of the epoch before have signed it.  The same of a step, and the one after it.
struct epoch_link {
    step_context context{};
    kept_log commits{};
    std::optional<epoch_end> end = {}; ///< of the epoch before; absent where a quorum of that one has signed

    static constexpr void members(auto& self, auto&& member) {
        member(self.context);
        member(self.commits);
        member(self.end);
    }
    friend bool operator==(epoch_link const&, epoch_link const&) = default;
};

[[nodiscard]] inline log_head head_of(kept_log const& log) {
    auto const& [at, outcome, list, signatures] = log.certificate;
    return {at.phase, at.draw, hash_of(list)};
}

/// All logs of a step.
[[nodiscard]] inline digest hash_of_logs(std::span<kept_log const> logs, std::span<log_head const> later = {}) {
    std::vector<log_head> all;
    for (auto const& one : logs) all.push_back(head_of(one));
    all.insert(all.end(), later.begin(), later.end());
    return hash_of(std::span<log_head const>(all));
}

/// Who was banned for what, and all that shows it.
struct ban_record {
    log_member who{};
    offence why{};
    std::uint64_t step = 0;                 ///< in which it was found
    std::optional<equivocation> twice = {}; ///< two signed statements; then nothing else is needed
    std::vector<epoch_link> epochs = {};    ///< from the second one on, up to that of the step
    std::vector<step_transcript> steps = {}; ///< as many before it as needed, then the step itself
    /// Of the step after it, whose members have started from these logs and no others.  Absent while that one has not
    /// ended: then the logs are signed, but others may have been agreed on.
    std::optional<epoch_link> next = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.who);
        member(self.why);
        member(self.step);
        member(self.twice);
        member(self.epochs, &wire_limits::claims);
        member(self.steps, &wire_limits::branch);
        member(self.next);
    }
    friend bool operator==(ban_record const&, ban_record const&) = default;
};

/// What a third party must know already.
struct trust_root {
    digest run{};
    std::vector<log_member> roster = {}; ///< of the first epoch

    static constexpr void members(auto& self, auto&& member) {
        member(self.run);
        member(self.roster, &wire_limits::peers);
    }
    friend bool operator==(trust_root const&, trust_root const&) = default;
};

inline constexpr std::uint8_t ban_record_version = 4;

/// It needs no word of the step after it any more.
[[nodiscard]] inline bool is_confirmed(ban_record const& record) { return record.twice || record.next; }

/// version (1 byte), the members of the record.
[[nodiscard]] inline std::vector<std::byte> encode_record(ban_record const& record) {
    std::vector<std::byte> bytes;
    byte_writer to(bytes);
    to.write(ban_record_version);
    to.write(record);
    return bytes;
}
/// Nothing for all bytes that `encode_record` does not write.
[[nodiscard]] inline std::optional<ban_record>
decode_record(std::span<std::byte const> bytes, wire_limits const& limits = byte_reader::standard_limits) {
    byte_reader from(bytes, limits);
    std::uint8_t version = 0;
    std::optional<ban_record> record{std::in_place};
    if (!from.read(version) || version != ban_record_version || !from.read(*record) || !from.at_end()) record.reset();
    return record;
}

} // namespace btard
