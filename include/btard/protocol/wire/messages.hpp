// btard/protocol/wire/messages.hpp: what peers say to each other, in the order of a step.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/step/deadline_table.hpp>
#include <btard/protocol/step/float_facts.hpp>
#include <btard/protocol/step/mprng.hpp>
#include <btard/protocol/step/testimony.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace btard {

/// The broadcasts of a step, in their order; those in brackets only when there is a reason.
enum class phase : std::uint8_t {
    commit,       ///< the gradient is fixed
    result,       ///< the aggregate of each part is fixed; rows that did not arrive are complained about
    have,         ///< [complaints] who received what their senders pushed to all
    result_again, ///< [complaints] the parts of the owners that complained
    share,        ///< [a redraw] a new share of the joint randomness is fixed
    reveal,       ///< the shares are opened; who has which aggregate
    testimony,    ///< each worker's two numbers for each part
    accuse,       ///< who is accused of what, and what the validators found
    vote,         ///< [accusations, demands] who has the evidence, and what it says
    open,         ///< [a sum or the distances of a part] who has its rows, and what they say
};
constexpr std::size_t enum_count(phase) { return 10; }
constexpr auto enum_names(phase) {
    return std::array<std::string_view, 10>{"commit", "result",    "have",   "result_again", "share",
                                            "reveal", "testimony", "accuse", "vote",         "open"};
}

/// In an accusation or an acquittal of ACCUSE: the newcomer whose gradient is checked in this step.  It has no number.
inline constexpr peer_id on_trial{~std::uint32_t{0} - 1};

namespace wire {

// ---- Bodies of broadcasts: signed, agreed upon, in the log of the step. ----

/// A peer wants to be a member: once more, or, if it never was one, after a probation; signed by itself.
struct join {
    log_member who{};
    std::uint64_t step = 0; ///< in which it asks: the wish is not for ever
    signature by{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.who);
        member(self.step);
        member(self.by);
    }
    friend bool operator==(join const&, join const&) = default;
};

/// Each worker, when its gradient is done.  Members that are idle in this step have no root.
struct commit {
    digest context{};                 ///< of the step; see step_context.hpp
    std::optional<digest> root = {};  ///< of the tree over the parts of the gradient; see commitment.hpp
    std::uint32_t microbatches = 0;   ///< at most its quota
    std::optional<digest> state = {}; ///< of parameters and optimizer, at steps that check it
    bool leaves = false;              ///< after this step, in good order
    std::vector<join> joins = {};     ///< of peers that have asked this one
    at_end<deadline_table> deadlines = {}; ///< a proposal, at steps that renew them, or since one was hit

    static constexpr void members(auto& self, auto&& member) {
        member(self.context);
        member(self.root);
        member(self.microbatches);
        member(self.state);
        member(self.leaves);
        member(self.joins, &wire_limits::peers);
        member(self.deadlines);
    }
    friend bool operator==(commit const&, commit const&) = default;
};

/// What a newcomer on probation commits to, as a worker does in its COMMIT; signed by itself.  See `text_of_trial`.
struct trial {
    log_member who{};
    digest root{};
    std::uint32_t microbatches = 0;
    signature by{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.who);
        member(self.root);
        member(self.microbatches);
        member(self.by);
    }
    friend bool operator==(trial const&, trial const&) = default;
};

/// What an owner made of one part.  Whose rows it used follows from the log: of all that committed, or, where rows
/// were complained about, of all whose row most members hold.  So no owner can choose.
struct part_result {
    part_id part{};
    digest aggregate{}; ///< of its floats

    static constexpr void members(auto& self, auto&& member) {
        member(self.part);
        member(self.aggregate);
    }
    friend bool operator==(part_result const&, part_result const&) = default;
};

/// An owner misses the row of one sender.
struct complaint {
    part_id part{};
    peer_id sender{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.part);
        member(self.sender);
    }
    friend auto operator<=>(complaint const&, complaint const&) = default;
};

/// All members, when owners have what they wait for or its time is over.
struct result {
    std::vector<part_result> parts = {};
    digest share{}; ///< a commitment to a share of the joint randomness
    std::vector<complaint> complaints = {};
    std::vector<trial> trials = {}; ///< of newcomers that have sent this one theirs

    static constexpr void members(auto& self, auto&& member) {
        member(self.parts, &wire_limits::peers);
        member(self.share);
        member(self.complaints, &wire_limits::claims);
        member(self.trials, &wire_limits::peers);
    }
    friend bool operator==(result const&, result const&) = default;
};

/// All members: which of the rows that were complained about they hold, in the order of the log.
struct have {
    member_set rows{};

    static constexpr void members(auto& self, auto&& member) { member(self.rows, &wire_limits::entries); }
    friend bool operator==(have const&, have const&) = default;
};

/// Owners that complained, with every row that most members hold.
struct result_again {
    std::vector<part_result> parts = {};

    static constexpr void members(auto& self, auto&& member) { member(self.parts, &wire_limits::peers); }
    friend bool operator==(result_again const&, result_again const&) = default;
};

/// All that revealed in the draw before it.
struct share {
    digest committed{};

    static constexpr void members(auto& self, auto&& member) { member(self.committed); }
    friend bool operator==(share const&, share const&) = default;
};

/// All that have a share.
struct reveal {
    mprng_share opened{};
    member_set aggregates{}; ///< of the parts: those whose aggregate it holds

    static constexpr void members(auto& self, auto&& member) {
        member(self.opened.value);
        member(self.opened.salt);
        member(self.aggregates, &wire_limits::peers);
    }
    friend bool operator==(reveal const&, reveal const&) = default;
};

/// Each worker that committed, for the parts that stand, in their order.
struct testify {
    std::vector<btard::testimony> parts = {};

    static constexpr void members(auto& self, auto&& member) { member(self.parts, &wire_limits::peers); }
    friend bool operator==(testify const&, testify const&) = default;
};

/// What somebody is accused of.
enum class charge : std::uint8_t {
    testimony, ///< it does not follow from the row that was committed to
    result,    ///< the aggregate does not follow from the rows that its owner names
    gradient,  ///< it is not that of the parameters and the seed
    shape,     ///< what was committed to holds a value that no gradient has
};
constexpr std::size_t enum_count(charge) { return 4; }

struct accusation {
    peer_id target{};
    std::uint64_t step = 0; ///< in which it was done
    charge of{};
    part_id part{};          ///< of a testimony, a result, a shape
    digest evidence{};       ///< of what is pushed to all

    static constexpr void members(auto& self, auto&& member) {
        member(self.target);
        member(self.step);
        member(self.of);
        member(self.part);
        member(self.evidence);
    }
    friend bool operator==(accusation const&, accusation const&) = default;
};

/// A validator found nothing.
struct clean {
    peer_id target{};
    std::uint64_t step = 0;

    static constexpr void members(auto& self, auto&& member) {
        member(self.target);
        member(self.step);
    }
    friend bool operator==(clean const&, clean const&) = default;
};

/// All members.  A validator that does not get the rows of a part of the step before, which its target made, demands
/// that all of them be shown to all.
struct accuse {
    std::vector<accusation> accusations = {};
    std::vector<clean> cleans = {};
    std::vector<part_id> demands = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.accusations, &wire_limits::claims);
        member(self.cleans, &wire_limits::peers);
        member(self.demands, &wire_limits::peers);
    }
    friend bool operator==(accuse const&, accuse const&) = default;
};

/// What a member says of one accusation of the log.
enum class opinion : std::uint8_t { cannot, guilty, slander };
constexpr std::size_t enum_count(opinion) { return 3; }

struct ballot {
    opinion says{};
    double distance = 0; ///< the largest relative one over the tensors of a gradient

    static constexpr void members(auto& self, auto&& member) {
        member(self.says);
        member(self.distance);
    }
    friend bool operator==(ballot const&, ballot const&) = default;
};

/// All members: which pieces of evidence they hold (for each accusation, in the order of the log, then for each row of
/// a worker that vanished before it testified), and a ballot for each accusation.
struct vote {
    member_set evidence{};
    std::vector<ballot> ballots = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.evidence, &wire_limits::entries);
        member(self.ballots, &wire_limits::entries);
    }
    friend bool operator==(vote const&, vote const&) = default;
};

/// All members: which rows of the parts that were opened they hold, in the order of parts and rows.
struct open {
    member_set rows{};

    static constexpr void members(auto& self, auto&& member) { member(self.rows, &wire_limits::entries); }
    friend bool operator==(open const&, open const&) = default;
};

// ---- Private messages: signed by the statement that their hash stands in, never agreed upon. ----

/// A part of a gradient, to the owner of the part; to all, when the owner complained or it is demanded.
struct row {
    std::uint64_t step = 0;
    peer_id sender{}; ///< whose gradient it is: it may come from another peer
    part_id part{};
    std::vector<digest> branch = {}; ///< from its leaf to the root
    shared_floats values = {};
    known_facts known = {}; ///< of the values; no member on the wire

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.sender);
        member(self.part);
        member(self.branch, &wire_limits::branch);
        member(self.values, &wire_limits::floats);
    }
    friend bool operator==(row const&, row const&) = default;
};

/// What the owner made of a part, to all.
struct aggregate {
    std::uint64_t step = 0;
    part_id part{};
    shared_floats values = {};
    known_facts known = {}; ///< of the values; no member on the wire

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.part);
        member(self.values, &wire_limits::floats);
    }
    friend bool operator==(aggregate const&, aggregate const&) = default;
};

/// What an accusation rests on, from the accuser to all: the row of the accused, or all that a part was made of.
struct evidence {
    std::vector<row> rows = {};
    std::uint64_t step = 0; ///< in which it is accused

    static constexpr void members(auto& self, auto&& member) {
        member(self.rows, &wire_limits::peers);
        member(self.step);
    }
    friend bool operator==(evidence const&, evidence const&) = default;
};

/// "Send me this": an aggregate, a row, or evidence.
struct wanted {
    std::uint64_t step = 0;
    part_id part{};
    std::optional<peer_id> sender = {};  ///< of a row; absent: the aggregate of the part
    std::optional<digest> evidence = {}; ///< then `part` and `sender` say nothing

    static constexpr void members(auto& self, auto&& member) {
        member(self.step);
        member(self.part);
        member(self.sender);
        member(self.evidence);
    }
    friend bool operator==(wanted const&, wanted const&) = default;
};

} // namespace wire

[[nodiscard]] inline digest text_of_join(digest const& run, log_member const& who, std::uint64_t step) {
    return tagged_hash("join", run, who.key, std::span<std::byte const>(who.incarnation), step);
}
/// @param step that is going on, by what several members say: a wish of a later one counts when that one has come
template <signer S>
[[nodiscard]] wire::join ask_to_join(S const& with, digest const& run, log_member const& who, std::uint64_t step) {
    return {who, step, with.sign(text_of_join(run, who, step).bytes)};
}
/// It is signed by whom it names.
template <signer S>
[[nodiscard]] bool proves(wire::join const& one, digest const& run, S const& with) {
    return with.verify(one.who.key, text_of_join(run, one.who, one.step).bytes, one.by);
}


/// @param context of the step, hashed: in another step, run or roster it is nothing
[[nodiscard]] inline digest text_of_trial(digest const& context, wire::trial const& said) {
    return tagged_hash("trial", context, said.who.key, std::span<std::byte const>(said.who.incarnation), said.root,
                       said.microbatches);
}
template <signer S>
[[nodiscard]] bool proves(wire::trial const& said, digest const& context, S const& with) {
    return with.verify(said.who.key, text_of_trial(context, said).bytes, said.by);
}

} // namespace btard
