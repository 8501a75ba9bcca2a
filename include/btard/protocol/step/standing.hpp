// btard/protocol/step/standing.hpp: what the log has against each peer that is no proof: waits, strikes, points, disputes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/wire/encoding.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// How much is borne with.  Part of the run digest: all peers must judge alike.
struct standing_rules {
    std::uint64_t first_wait = 20;      ///< steps that an absent peer stays out; doubled with each absence
    std::uint64_t wait_halves = 100;    ///< steps in the roster that take one doubling back
    std::uint64_t strike_fades = 5'000; ///< steps; a second strike before that is final
    std::uint64_t window =
        1'000; ///< steps in which complaints are counted, disputes last, and a budget grows back
    std::uint64_t complaints = 3;       ///< between two peers in a window; one more puts them in dispute
    std::uint64_t wish_lasts = 4;       ///< steps in which a wish to come in counts, after that in which it is signed

    static constexpr auto name = "standing";
    static constexpr auto summary = "what is borne with before a peer is removed";
    static constexpr void describe(auto& self, auto&& field) {
        field("first_wait", self.first_wait, "steps that an absent peer stays out, doubled with each absence");
        field("wait_halves", self.wait_halves, "steps in the roster that take one doubling back");
        field("strike_fades", self.strike_fades, "steps after which a strike is forgotten; a second one is final");
        field("window", self.window, "steps in which complaints are counted and a budget of points grows back");
        field("complaints", self.complaints, "between two peers in a window; one more puts them in dispute");
        field("wish_lasts", self.wish_lasts,
              "steps in which a wish to come in counts, after the one in which it is signed");
    }
    friend bool operator==(standing_rules const&, standing_rules const&) = default;

    void validate() const {
        expects(first_wait > 0 && wait_halves > 0 && strike_fades > 0 && window > 0 && wish_lasts > 0,
                "a rule of 0 steps; each must be 1 or more");
    }
};

/// Points are counted in millionths: shares of one are the same on every machine.
inline constexpr std::uint64_t point = 1'000'000;

/// All that a `standing` has in it: equal on all peers.
struct standing_books {
    struct record {
        std::uint64_t doublings = 0, returns = 0, entered = 0;
        std::optional<std::uint64_t> strike_at = {};
        bool struck = false;
        std::uint64_t points = 0, charged_at = 0;

        static constexpr void members(auto& self, auto&& member) {
            member(self.doublings);
            member(self.returns);
            member(self.entered);
            member(self.strike_at);
            member(self.struck);
            member(self.points);
            member(self.charged_at);
        }
        friend bool operator==(record const&, record const&) = default;
    };
    struct quarrel {
        std::vector<std::uint64_t> complaints = {}; // steps
        std::uint64_t ends = 0;
        bool by_detour = false; // one of the complaints, or of those that led to the dispute, was about a third member

        static constexpr void members(auto& self, auto&& member) {
            member(self.complaints, &wire_limits::claims);
            member(self.ends);
            member(self.by_detour);
        }
        friend bool operator==(quarrel const&, quarrel const&) = default;
    };
    struct payments {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> shares = {}; // (step, points)

        static constexpr void members(auto& self, auto&& member) { member(self.shares, &wire_limits::claims); }
        friend bool operator==(payments const&, payments const&) = default;
    };

    std::map<public_key, record> peers = {};
    std::map<std::pair<public_key, public_key>, quarrel> pairs = {};
    std::map<std::pair<public_key, public_key>, payments> shares = {}; // of the first, for the slots of the second

    static constexpr void members(auto& self, auto&& member) {
        member(self.peers, &wire_limits::entries);
        member(self.pairs, &wire_limits::entries);
        member(self.shares, &wire_limits::entries);
    }
    friend bool operator==(standing_books const&, standing_books const&) = default;
};

/// A function of the agreed log alone: every peer that feeds it the same log, in the order of the steps, has the
/// same in it.  Nothing here is guilt.
///
/// A peer's budget is f + 1 points, and grows back at f + 1 points a window: f liars cannot spend that of an
/// honest one, since each of them counts for at most one point a window in what others pay.
class standing {
public:
    standing(std::size_t faults, standing_rules rules = {}, standing_books of = {})
        : budget_((faults + 1) * point), faults_(faults), rules_(rules), books_(std::move(of)) {
        rules_.validate();
    }
    [[nodiscard]] standing_books const& kept() const { return books_; }

    /// Absent at a deadline, whatever the phase: it may come back after a wait.
    void note_absence(public_key peer, std::uint64_t step) {
        auto& one = books_.peers[peer];
        one.doublings = doublings(one, step);
        one.returns = step + (rules_.first_wait << std::min<std::uint64_t>(one.doublings, 40));
        ++one.doublings;
    }
    /// In good order: it waits as if it were absent, since each change of the roster costs the others as much.
    void note_leave(public_key peer, std::uint64_t step) { note_absence(peer, step); }
    void note_return(public_key peer, std::uint64_t step) { books_.peers[peer].entered = step; }

    /// Removed with a strike: it waits, and the second strike is final.
    void note_strike(public_key peer, std::uint64_t step) {
        auto& one = books_.peers[peer];
        one.struck |= one.strike_at && step - *one.strike_at < rules_.strike_fades;
        one.strike_at = step;
        // It has paid for its disputes, not for what comes next: one complaint more, and the two are in dispute again.
        for (auto& [both, between] : books_.pairs) {
            if ((both.first != peer && both.second != peer) || step >= between.ends) continue;
            between = {std::vector<std::uint64_t>(rules_.complaints, step)};
        }
        note_absence(peer, step);
    }

    /// Points for a contested slot of its own, or a digest of its own that most have missed.
    ///
    /// @return whether the budget is spent: it is removed with a strike
    [[nodiscard]] bool charge(public_key peer, std::uint64_t points, std::uint64_t step) {
        auto& one = books_.peers[peer];
        if (points > 0) {
            one.points = owed(one, step) + points;
            one.charged_at = step;
        }
        return owed(one, step) > budget_;
    }

    /// Points in the quarrel over somebody else's slot: from each sender no more than one point a window.
    [[nodiscard]] bool charge_share(public_key peer, public_key sender, std::uint64_t points, std::uint64_t step) {
        auto& from = books_.shares[{peer, sender}].shares;
        std::erase_if(from, [&](auto const& old) { return old.first + rules_.window <= step; });
        std::uint64_t paid = 0;
        for (auto const& old : from) paid += old.second;
        std::uint64_t const now = std::min(points, point - std::min(paid, point));
        if (now > 0) from.emplace_back(step, now);
        return charge(peer, now, step);
    }

    /// A row that one of them says it did not get from the other.  Beyond `complaints` of them, both ways together,
    /// the two are in dispute for a window.  While they are, a third one is between them, and nothing is counted.
    ///
    /// @param by_detour one of the two had to pass the row on
    void note_complaint(public_key owner, public_key sender, std::uint64_t step, bool by_detour = false) {
        if (in_dispute(owner, sender, step)) return;
        auto& between = books_.pairs[key(owner, sender)];
        std::erase_if(between.complaints, [&](std::uint64_t old) { return old + rules_.window <= step; });
        between.by_detour = by_detour || (between.by_detour && !between.complaints.empty());
        between.complaints.push_back(step);
        if (between.complaints.size() <= rules_.complaints) return;
        between.complaints.clear();
        between.ends = step + rules_.window;
    }

    [[nodiscard]] bool in_dispute(public_key a, public_key b, std::uint64_t step) const {
        if (books_.pairs.empty()) return false; // asked for each pair, and true of none
        auto const at = books_.pairs.find(key(a, b));
        return at != books_.pairs.end() && step < at->second.ends;
    }

    /// More disputes than there can be liars: it is removed with a strike.  One more is borne with if it comes from
    /// detours: f liars can be in dispute with an honest member already, and a third member that they have left to
    /// carry all their rows may be too slow.  No more than one: so a liar cannot refuse all honest third members where
    /// there are 2 f + 2 members.
    ///
    /// @param members of the roster, with or without it
    [[nodiscard]] bool quarrels_too_much(public_key peer, std::span<public_key const> members,
                                         std::uint64_t step) const {
        std::size_t straight = 0, all = 0;
        for (auto const& other : members) {
            if (!in_dispute(peer, other, step)) continue;
            ++all;
            straight += !books_.pairs.at(key(peer, other)).by_detour;
        }
        return straight > faults_ || all > faults_ + 1;
    }

    /// Not guilty, but not readmitted either.
    [[nodiscard]] bool is_struck(public_key peer) const {
        auto const at = books_.peers.find(peer);
        return at != books_.peers.end() && at->second.struck;
    }
    /// The first step of which it can be a member again.
    [[nodiscard]] std::uint64_t may_return_at(public_key peer) const {
        auto const at = books_.peers.find(peer);
        return at == books_.peers.end() ? 0 : at->second.returns;
    }
    [[nodiscard]] std::uint64_t points_of(public_key peer, std::uint64_t step) const {
        auto const at = books_.peers.find(peer);
        return at == books_.peers.end() ? 0 : owed(at->second, step);
    }
    [[nodiscard]] std::uint64_t budget() const { return budget_; }

private:
    /// Those that time in the roster since the last return has not taken back.
    [[nodiscard]] std::uint64_t doublings(standing_books::record const& one, std::uint64_t step) const {
        std::uint64_t const back = (step - std::min(step, one.entered)) / rules_.wait_halves;
        return one.doublings - std::min(one.doublings, back);
    }
    [[nodiscard]] std::uint64_t owed(standing_books::record const& one, std::uint64_t step) const {
        std::uint64_t const faded = budget_ * (step - std::min(step, one.charged_at)) / rules_.window;
        return one.points - std::min(one.points, faded);
    }
    [[nodiscard]] static std::pair<public_key, public_key> key(public_key a, public_key b) {
        return std::minmax(a, b);
    }

    std::uint64_t budget_;
    std::size_t faults_;
    standing_rules rules_;
    standing_books books_;
};

} // namespace btard
