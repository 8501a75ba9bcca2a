// btard/attack/equivocate.hpp: a peer that signs two things for one slot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/crypto/sha256.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/log/contest.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/log_list.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace btard {

enum class signed_twice : std::uint8_t {
    body,      ///< half of the members get another body
    late_body, ///< all get one body, and half of the members another one later
    list,      ///< half of the members get the digest of another list
};
constexpr std::size_t enum_count(signed_twice) { return 3; }
constexpr auto enum_names(signed_twice) { return std::array<std::string_view, 3>{"body", "late_body", "list"}; }

/// Two signed statements for one slot.  Whoever sees both has a proof, says it in the next body, and the peer is banned.
struct equivocate {
    signed_twice what = signed_twice::body;
    std::optional<phase> in = {};     ///< absent: each
    std::uint64_t start = 0;          ///< the first step
    std::uint64_t later = 20'000'000; ///< how much later a late body sets out, in nanoseconds

    static constexpr auto name = "equivocate";
    static constexpr auto summary = "signs two things for one slot";
    static constexpr void describe(auto& self, auto&& field) {
        field("what", self.what, "body, late_body, or list: the digest of what it has heard");
        field("in", self.in, "the phase; absent: each");
        field("start", self.start, "the first step");
        field("later", self.later, "how much later a late body sets out, in nanoseconds");
    }
    friend bool operator==(equivocate const&, equivocate const&) = default;

    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        if (at.step() < start || (in && *in != at.where_phase()) || !at.is_in_half(to)) return {};
        if (auto* const mine = at.template own<wire::signed_body>(message); mine && what != signed_twice::list) {
            wire::signed_body other = *mine;
            other.bytes = another(mine->bytes, at.self.state().self);
            other.by_sender = at.sign(statement::body, sha256_of(other.bytes));
            if (what == signed_twice::late_body)
                return {.more = {{std::move(other), std::chrono::nanoseconds(later)}}};
            *mine = std::move(other);
        } else if (what == signed_twice::list) {
            auto list = at.self.logs().current().own_list();
            if (list.empty()) return {};
            auto& entry = list[static_cast<std::size_t>(at.number(to).value())];
            entry = entry.kind == entry_kind::absent ? list_entry{entry_kind::equivocated, {}} : list_entry{};
            at.sign_instead(std::move(list), message);
        }
        return {};
    }

private:
    /// As good a body: it says something else of the broadcast before.
    [[nodiscard]] static std::vector<std::byte> another(std::span<std::byte const> said, peer_id self) {
        byte_reader from(said);
        wire::aftermath before;
        if (!from.read(before)) return {};
        std::size_t const rest = encode(before).size();
        if (before.no_digest.empty()) before.no_digest.push_back(self);
        else before.no_digest.clear();
        auto bytes = encode(before);
        bytes.insert(bytes.end(), said.begin() + static_cast<std::ptrdiff_t>(rest), said.end());
        return bytes;
    }
};

static_assert(described<equivocate>);

} // namespace btard
