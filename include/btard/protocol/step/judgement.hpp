// btard/protocol/step/judgement.hpp: the second half of a step: testimonies, accusations, votes, opened rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   TESTIMONY --> testimony_record --rows without--> charge_sheet <-- ACCUSE
//                        |                               |
//   OPEN --> hidden rows, liars, wrong results           +--> vote_count <-- VOTE --> a verdict for each accusation

#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/step/charge_sheet.hpp>
#include <btard/protocol/step/consecutive_steps.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/step/testimony.hpp>
#include <btard/protocol/step/testimony_record.hpp>
#include <btard/protocol/step/vote_count.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// What an agreed vote makes of each accusation.
enum class verdict : std::uint8_t {
    none,    ///< most could not judge it: nobody is guilty
    guilty,  ///< the accused is
    slander, ///< the accuser is
    hidden,  ///< most never saw the evidence: it costs the accuser a point
};

/// Reads the logs that follow on the joint randomness.  Like `step_record`, a function of the logs: what each peer
/// finds out by itself from rows (which are the same bytes for all) comes in as an argument.
class judgement {
public:
    /// @param step   complete
    /// @param before the step before it, whose validators are heard now; null in the first step
    /// @param by_distance gradients are compared with a tolerance, so all rows of an accused must be known
    judgement(step_record const& step, step_record const* before, bool by_distance = false)
        : steps_{&step, before}, testimonies_(step), charges_(steps_, by_distance) {}

    /// Of a step that is over.
    judgement(step_record const& step, judged const& over)
        : steps_{&step, nullptr}, testimonies_(step, over), charges_(steps_, false) {}
    /// When the step is over.
    [[nodiscard]] judged result() const { return testimonies_.result(); }

    // ---- the logs

    /// The testimonies.  Rows whose senders said nothing useful are shown to all.
    ///
    /// @param malformed `malformed(part, testimony)`: can no row lead to it?
    offences read(agreed_log<wire::testify> const& log, auto&& malformed) {
        offences against = testimonies_.read(log, malformed);
        charges_.show(testimonies_.without_testimony());
        return against;
    }
    /// Accusations and acquittals, each only by whom the log entitles to it.
    offences read(agreed_log<wire::accuse> const& log) { return charges_.read(log, testimonies_); }

    /// What follows for each accusation, in their order, and which of the rows that were to be shown most have seen.
    ///
    /// @param found by each accusation: does the evidence, which everybody has who needs it, convict?  Not asked of
    ///              accusations about gradients: there the members' ballots count
    offences read(agreed_log<wire::vote> const& log, auto&& found) {
        vote_count votes(*steps_.now, charges_);
        offences against = votes.read(log);
        for (std::size_t k = 0; k < accusations().size(); ++k) {
            auto const& [by, what] = accusations()[k];
            verdict reached = verdict::none;
            if (asks_to_show(what)) {
                if (votes.find_guilty(k)) reached = verdict::guilty;
                else if (votes.find_guilty_or_lack_rows(k)) note_hidden(against, what.target, votes);
                else note_needless(by, what.target, votes);
            } else if (charges_.needs_evidence(what) && !votes.is_held(k)) {
                reached = verdict::hidden;
            } else if (what.of == wire::charge::gradient) {
                if (votes.find_guilty(k)) reached = verdict::guilty;
                else if (votes.find_slander(k)) reached = verdict::slander;
            } else {
                reached = found(k) ? verdict::guilty : verdict::slander;
            }
            verdicts_.push_back(reached);
            if (reached == verdict::guilty) note_accused(against, what);
            if (reached == verdict::slander) note(against, by, offence::slander);
        }
        for (std::size_t k = 0; k < shown().size(); ++k) {
            seen_.push_back(votes.is_held(accusations().size() + k));
            if (!seen_.back()) note_unseen(against, shown()[k], votes);
        }
        return against;
    }
    /// Which pieces of evidence, accusations first, more than half of those present hold.
    [[nodiscard]] std::vector<bool> held_by_most(agreed_log<wire::vote> const& log) const {
        return btard::held_by_most(log, charges_);
    }

    /// For each part whose rows are opened, who opened what.
    ///
    /// @param opened the parts, in ascending order
    offences read(agreed_log<wire::open> const& log, std::span<part_id const> opened) {
        auto const rows = rows_of(opened);
        member_set here(steps_.now->n());
        offences against = read_log(log, [&](peer_id who, wire::open const& said) {
            if (said.rows.size() != rows.size()) return sense::out_of_step;
            here.insert(index(who));
            return sense::good;
        });
        auto const held = btard::held_by_most(log, rows.size());
        for (std::size_t k = 0; k < rows.size(); ++k) {
            if (held[k]) continue;
            for (peer_id const who : {rows[k].sender, owner(rows[k].part)})
                if (here.contains(index(who))) note(against, who, offence::hidden_row);
            remove(rows[k].part);
        }
        return against;
    }
    /// Which of these rows more than half of those present hold.
    [[nodiscard]] std::vector<shown_row> opened_by_most(agreed_log<wire::open> const& log,
                                                        std::span<part_id const> opened) const {
        auto const rows = rows_of(opened);
        auto const held = btard::held_by_most(log, rows.size());
        std::vector<shown_row> by_most;
        for (std::size_t k = 0; k < rows.size(); ++k)
            if (held[k]) by_most.push_back(rows[k]);
        return by_most;
    }
    /// The rows of all of these parts, as `wire::open` counts them.
    [[nodiscard]] std::vector<shown_row> rows_of(std::span<part_id const> parts) const {
        return testimonies_.rows_of(parts);
    }

    // ---- what rows show

    /// The rows of a part of the step before, which a validator demanded, show that its aggregate is none of theirs.
    offences convict_before(part_id part) {
        return convict_before(part, steps_.before->parts()[index(part)].owner, wire::charge::result);
    }
    /// The rows of a gradient that a validator asked for show that a testimony is none of theirs.
    offences convict_before(part_id part, peer_id target, wire::charge of = wire::charge::testimony) {
        offences against;
        note_accused(against, {target, steps_.before->step(), of, part, {}});
        return against;
    }
    /// What the opened rows of a part show.
    ///
    /// @param is_wrong the aggregate does not follow from them
    /// @param liars those whose testimony does not
    offences convict(part_id part, bool is_wrong, std::span<peer_id const> liars) {
        offences against;
        if (is_wrong) {
            note(against, owner(part), offence::wrong_result);
            remove(part);
        }
        for (peer_id const liar : liars) {
            note(against, liar, offence::false_testimony);
            if (charges_.spoke(owner(part)) && !charges_.accuses(owner(part), liar, part))
                note(against, owner(part), offence::cover_up);
        }
        return against;
    }
    /// Replaces a testimony by what the row says, once everybody has seen the row.
    void correct(part_id part, peer_id of, testimony const& right) { testimonies_.correct(part, of, right); }
    /// A part that does not stand after all: its sum is not what the rule makes, or nobody knows.
    void remove(part_id part) { testimonies_.remove(part); }

    // ---- getters

    [[nodiscard]] std::span<part_id const> standing() const { return testimonies_.standing(); } ///< before verdicts
    [[nodiscard]] bool stands(part_id part) const { return testimonies_.stands(part); }         ///< after them
    /// The testimonies for a part, of those whose rows it uses, in the order of the roster, as far as there are any.
    [[nodiscard]] std::vector<std::pair<peer_id, testimony>> said(part_id part) const {
        return testimonies_.said(part);
    }
    [[nodiscard]] bool asks_to_show(wire::accusation const& one) const { return charges_.asks_to_show(one); }
    /// Is there anything to vote on?
    [[nodiscard]] bool needs_vote() const { return charges_.pieces() > 0; }
    [[nodiscard]] std::span<accused const> accusations() const { return charges_.accusations(); }
    [[nodiscard]] std::span<verdict const> verdicts() const { return verdicts_; } ///< of the accusations
    [[nodiscard]] std::span<shown_row const> shown() const { return charges_.shown(); }
    [[nodiscard]] std::span<part_id const> demanded() const { return charges_.demanded(); } ///< of the step before
    [[nodiscard]] bool seen(std::size_t row) const { return seen_[row]; } ///< of those shown, by most
    /// Most have seen all rows of that gradient of the step before, which a validator asked for.
    [[nodiscard]] bool has_shown_gradient(peer_id target) const {
        return std::ranges::all_of(charges_.pieces_of_gradient(target),
                                   [&](std::size_t piece) { return seen_[piece - accusations().size()]; });
    }
    [[nodiscard]] std::span<std::pair<peer_id, wire::clean> const> cleans() const { return charges_.cleans(); }
    /// A validator that asked for a gradient of the step before, without anything coming of it, and whose it is.
    [[nodiscard]] std::span<std::pair<peer_id, public_key> const> needless() const { return needless_; }
    /// Those found guilty of the step before who are no members any more, or not yet.
    [[nodiscard]] std::span<std::pair<public_key, offence> const> convicted_gone() const { return convicted_gone_; }

private:
    template <class Id>
    [[nodiscard]] static std::size_t index(Id of) { return static_cast<std::size_t>(of); }
    [[nodiscard]] peer_id owner(part_id part) const { return steps_.now->parts()[index(part)].owner; }

    /// The target of an accusation about the step before has the number that it had then: its key says who it is.
    void note_accused(offences& against, wire::accusation const& what) {
        if (what.step == steps_.now->step()) return note(against, what.target, offence_of(what.of));
        auto const now = what.target == on_trial ? std::nullopt : steps_.number_now(what.target);
        if (now) return note(against, *now, offence_of(what.of));
        std::pair const gone(steps_.key_of(what.target), offence_of(what.of));
        if (std::ranges::find(convicted_gone_, gone) == convicted_gone_.end()) convicted_gone_.push_back(gone);
    }
    /// It did not show what it must, and was there.
    void note_hidden(offences& against, peer_id target, vote_count const& votes) const {
        auto const now = steps_.number_now(target);
        if (now && votes.is_here(*now)) note(against, *now, offence::hidden_row);
    }
    /// Its owner and its sender must have had it.
    void note_unseen(offences& against, shown_row const& row, vote_count const& votes) const {
        if (row.of_gradient) return note_hidden(against, row.sender, votes);
        auto const& in = row.of_before ? *steps_.before : *steps_.now;
        for (peer_id const who : {in.parts()[index(row.part)].owner, row.sender}) {
            if (row.of_before) note_hidden(against, who, votes);
            else if (votes.is_here(who)) note(against, who, offence::hidden_row);
        }
    }
    void note_needless(peer_id by, peer_id target, vote_count const& votes) {
        auto const now = steps_.number_now(target);
        if (!now || !votes.is_here(*now)) return; // it was not there to show anything
        std::pair const one(by, steps_.key_of(target));
        if (std::ranges::find(needless_, one) == needless_.end()) needless_.push_back(one);
    }
    [[nodiscard]] static constexpr offence offence_of(wire::charge of) {
        switch (of) {
        case wire::charge::testimony: return offence::false_testimony;
        case wire::charge::result: return offence::wrong_result;
        case wire::charge::gradient: return offence::wrong_gradient;
        case wire::charge::shape: break;
        }
        return offence::malformed;
    }

    consecutive_steps steps_;
    testimony_record testimonies_;
    charge_sheet charges_;
    std::vector<verdict> verdicts_;
    std::vector<bool> seen_;
    std::vector<std::pair<peer_id, public_key>> needless_;
    std::vector<std::pair<public_key, offence>> convicted_gone_;
};

} // namespace btard
