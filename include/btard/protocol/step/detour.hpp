// btard/protocol/step/detour.hpp: the way of a row between two members in dispute, and who answers for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Two members of whom one says too often that the rows of the other one do not arrive; `a` is the smaller number.
struct dispute {
    peer_id a{}, b{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.a);
        member(self.b);
    }
    friend auto operator<=>(dispute const&, dispute const&) = default;
};
/// @param all in ascending order
[[nodiscard]] inline bool in_dispute(std::span<dispute const> all, peer_id a, peer_id b) {
    return std::ranges::binary_search(all, dispute{std::min(a, b), std::max(a, b)});
}

/// A complaint, with who makes it: the owner of the part, or who is to pass the row on to it.
struct missing_row {
    peer_id owner{}, sender{};
    part_id part{};
    bool by_detour = false; ///< of what a complaint is about: one of the two had to pass the row on

    friend bool operator==(missing_row const&, missing_row const&) = default;
};

/// A row that does not go to the owner of its part, since the two are in dispute, but through a third member.
struct detour {
    part_id part{};
    peer_id sender{}, via{};

    friend bool operator==(detour const&, detour const&) = default;
};

/// Those of a step, by part and sender.
class detour_list {
public:
    /// The next one, in ascending order, through a member that is in dispute with neither.
    ///
    /// @param disputes in ascending order, that between owner and sender among them
    /// @param there    who has spoken in COMMIT
    /// @return whether there is such a member
    [[nodiscard]] bool add(digest const& before, std::span<dispute const> disputes, std::span<peer_id const> there,
                           part_id part, peer_id owner, peer_id sender) {
        std::vector<peer_id> can;
        for (peer_id const one : there)
            if (one != owner && one != sender && !in_dispute(disputes, one, owner) && !in_dispute(disputes, one, sender))
                can.push_back(one);
        if (can.empty()) return false;
        random_stream random(prg(before, "via", part, sender));
        all_.push_back({part, sender, can[random.below(static_cast<std::uint32_t>(can.size()))]});
        return true;
    }

    [[nodiscard]] std::span<detour const> all() const { return all_; }
    /// The most rows that one member passes on.
    [[nodiscard]] std::size_t most_of_one() const {
        std::map<peer_id, std::size_t> of;
        std::size_t most = 0;
        for (auto const& one : all_) most = std::max(most, ++of[one.via]);
        return most;
    }
    /// Null: the row goes to the owner.
    [[nodiscard]] detour const* find(part_id part, peer_id sender) const {
        auto const at = std::ranges::lower_bound(all_, std::pair(part, sender), {}, &name_of);
        return at == all_.end() || name_of(*at) != std::pair(part, sender) ? nullptr : &*at;
    }
    [[nodiscard]] bool passes(peer_id who, part_id part, peer_id sender) const {
        auto const* const way = find(part, sender);
        return way && way->via == who;
    }
    /// The complaints with those that they are about.  Who passes a row on answers to the owner for it, unless it
    /// complains itself, about the sender, or is not there any more.
    ///
    /// @param there `there(member)`: it has spoken in RESULT
    [[nodiscard]] std::vector<missing_row> blames(std::span<missing_row const> complaints, auto&& there) const {
        std::vector<missing_row> blamed;
        for (auto one : complaints) {
            auto const* const way = find(one.part, one.sender);
            if (way && way->via != one.owner) {
                missing_row const passed_on{way->via, one.sender, one.part};
                bool const says_why = std::ranges::find(complaints, passed_on) != complaints.end();
                if (says_why || !there(way->via)) continue;
                one.sender = way->via;
            }
            one.by_detour = way != nullptr;
            blamed.push_back(one);
        }
        return blamed;
    }

private:
    [[nodiscard]] static std::pair<part_id, peer_id> name_of(detour const& of) { return {of.part, of.sender}; }

    std::vector<detour> all_;
};

} // namespace btard
