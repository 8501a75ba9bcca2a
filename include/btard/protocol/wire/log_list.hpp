// btard/protocol/wire/log_list.hpp: what a member says that all members said: one entry for each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace btard {

enum class entry_kind : std::uint8_t {
    absent,      ///< no body
    body,        ///< one
    equivocated, ///< two that differ
};
constexpr std::size_t enum_count(entry_kind) { return 3; }

struct list_entry {
    entry_kind kind = entry_kind::absent;
    digest hash{}; ///< of the body; zero for the other kinds

    static constexpr void members(auto& self, auto&& member) {
        member(self.kind);
        member(self.hash);
    }
    friend bool operator==(list_entry const&, list_entry const&) = default;
};

/// One entry for each member of the roster, in its order.
using log_list = std::vector<list_entry>;

/// SHA-256 of a tag and the entries: the kind as a byte, and for a body its 32.  Entries of the other kinds
/// have no hash in the text, so a list has one text only; `well_formed` refuses those that carry one.
[[nodiscard]] inline digest hash_of(log_list const& list) {
    std::vector<std::byte> text;
    text.reserve(16 + 33 * list.size());
    for (char const letter : std::string_view("btard log list 1"))
        text.push_back(static_cast<std::byte>(letter));
    for (auto const& entry : list) {
        text.push_back(static_cast<std::byte>(entry.kind));
        if (entry.kind == entry_kind::body)
            text.insert(text.end(), entry.hash.bytes.begin(), entry.hash.bytes.end());
    }
    return sha256_of(text);
}

[[nodiscard]] inline bool well_formed(log_list const& list, std::size_t members) {
    if (list.size() != members) return false;
    for (auto const& entry : list)
        if (entry.kind > entry_kind::equivocated ||
            (entry.kind != entry_kind::body && entry.hash != digest{}))
            return false;
    return true;
}

} // namespace btard
