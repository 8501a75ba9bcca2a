// btard/protocol/step/judgement.hpp: the second half of a step: testimonies, accusations, votes, opened rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/step/roster.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/step/testimony.hpp>
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

/// An accusation of the log, with who makes it.
struct accused {
    peer_id by{};
    wire::accusation what{};

    friend bool operator==(accused const&, accused const&) = default;
};

/// A row that everybody is to see.
struct shown_row {
    peer_id sender{};
    part_id part{};
    bool of_before = false; ///< of the step before, with the numbers that members had then
    bool of_gradient = false; ///< one of all rows of its sender, who alone answers for it

    friend bool operator==(shown_row const&, shown_row const&) = default;
};

/// What an agreed vote makes of each accusation.
enum class verdict : std::uint8_t {
    none,    ///< most could not judge it: nobody is guilty
    guilty,  ///< the accused is
    slander, ///< the accuser is
    hidden,  ///< most never saw the evidence: it costs the accuser a point
};

/// What is left of a judgement for those who judge the step after it, when they have nothing but logs: rows may have
/// corrected testimonies.
struct judged {
    std::vector<std::optional<testimony>> said = {}; ///< (parts that stood before verdicts, n)
    std::vector<part_id> removed = {};               ///< those that do not stand after them

    static constexpr void members(auto& self, auto&& member) {
        member(self.said, &wire_limits::entries);
        member(self.removed, &wire_limits::peers);
    }
    friend bool operator==(judged const&, judged const&) = default;

    /// Of that step, can it be?
    [[nodiscard]] bool fits(step_record const& step) const {
        auto const standing = step.standing_parts();
        auto const is_one = [&](part_id part) {
            return std::ranges::find(standing, part) != standing.end() && std::ranges::count(removed, part) == 1;
        };
        return said.size() == standing.size() * step.n() && std::ranges::all_of(removed, is_one);
    }
};

/// More than half.
[[nodiscard]] constexpr bool most(std::size_t count, std::size_t of) { return 2 * count > of; }

/// Reads the logs that follow on the joint randomness.  Like `step_record`, a function of the logs: what each peer
/// finds out by itself from rows (which are the same bytes for all) comes in as an argument.
class judgement {
public:
    /// @param step   complete
    /// @param before the step before it, whose validators are heard now; null in the first step
    /// @param by_distance gradients are compared with a tolerance, so all rows of an accused must be known
    judgement(step_record const& step, step_record const* before, bool by_distance = false)
        : step_(&step), before_(before), by_distance_(by_distance), standing_(step.standing_parts()),
          said_(standing_.size(), std::vector<std::optional<testimony>>(step.n())) {}

    /// Of a step that is over.
    judgement(step_record const& step, judged const& over) : judgement(step, nullptr) {
        expects(over.fits(step), "what was judged is none of this step");
        auto next = over.said.begin();
        for (auto& part : said_)
            for (auto& one : part) one = *next++;
        removed_ = over.removed;
    }
    /// When the step is over.
    [[nodiscard]] judged result() const {
        judged over{{}, removed_};
        for (auto const& part : said_) over.said.insert(over.said.end(), part.begin(), part.end());
        return over;
    }

    /// The testimonies.  Rows whose senders said nothing useful are shown to all.
    ///
    /// @param malformed `malformed(part, testimony)`: can no row lead to it?
    offences read(agreed_log<wire::testify> const& log, auto&& malformed) {
        offences against = read_log(log, [&](peer_id who, wire::testify const& all) {
            if (!step_->committed().contains(index(who))) return all.parts.empty() ? sense::good : sense::out_of_step;
            if (all.parts.size() != standing_.size()) return sense::out_of_step;
            for (std::size_t j = 0; j < standing_.size(); ++j)
                if (malformed(standing_[j], all.parts[j])) return sense::malformed;
            for (std::size_t j = 0; j < standing_.size(); ++j)
                if (uses(standing_[j], who)) said_[j][index(who)] = all.parts[j];
            return sense::good;
        });
        for (std::size_t j = 0; j < standing_.size(); ++j)
            for (std::size_t k = 0; k < step_->n(); ++k)
                if (uses(standing_[j], peer_id(k)) && !said_[j][k]) shown_.push_back({peer_id(k), standing_[j]});
        return against;
    }

    /// Accusations and acquittals, each only by whom the log entitles to it.
    offences read(agreed_log<wire::accuse> const& log) {
        return read_log(log, [&](peer_id who, wire::accuse const& said) {
            for (std::size_t k = 0; k < said.accusations.size(); ++k) {
                auto const& one = said.accusations[k];
                if (!may_accuse(who, one)) return sense::out_of_step;
                for (std::size_t other = 0; other < k; ++other)
                    if (same_charge(one, said.accusations[other])) return sense::out_of_step;
            }
            for (auto const& one : said.cleans)
                if (!audits(who, one.target, one.step)) return sense::out_of_step;
            for (part_id const part : said.demands)
                if (!may_demand(who, part)) return sense::out_of_step;
            for (auto const& one : said.accusations) {
                accusations_.push_back({who, one});
                if (asks_to_show(one)) show_gradient(one.target);
            }
            for (auto const& one : said.cleans) cleans_.emplace_back(who, one);
            for (part_id const part : said.demands) demand(part);
            spoke_.push_back(who);
            return sense::good;
        });
    }
    /// With a tolerance, an accusation about a gradient without evidence is none yet: a validator lacks rows to tell.
    /// All of them are shown to all; if most find them wrong, or lack some, their sender has hidden something.
    [[nodiscard]] bool asks_to_show(wire::accusation const& one) const {
        return by_distance_ && one.of == wire::charge::gradient && one.evidence == digest{} && one.target != on_trial;
    }
    /// Is there anything to vote on?
    [[nodiscard]] bool needs_vote() const { return !accusations_.empty() || !shown_.empty(); }

    /// What follows for each accusation, in their order, and which of the rows that were to be shown most have seen.
    ///
    /// @param found by each accusation: does the evidence, which everybody has who needs it, convict?  Not asked of
    ///              accusations about gradients: there the members' ballots count
    offences read(agreed_log<wire::vote> const& log, auto&& found) {
        std::size_t present = 0, blank = 0, pieces = accusations_.size() + shown_.size();
        std::vector<std::size_t> held(pieces), guilty(accusations_.size()), slander(accusations_.size());
        std::vector<std::size_t> blind(accusations_.size()); // cannot say, since rows were not shown to them
        std::vector<std::vector<std::size_t>> rows(accusations_.size());
        for (std::size_t k = 0; k < accusations_.size(); ++k)
            if (asks_to_show(accusations_[k].what)) rows[k] = shown_of(accusations_[k].what.target);
        member_set here(step_->n());
        offences against = read_log(log, [&](peer_id who, wire::vote const& said) {
            if (said.evidence.size() != pieces || said.ballots.size() != accusations_.size())
                return sense::out_of_step;
            ++present;
            blank += leaves_without_gradient(who);
            here.insert(index(who));
            for (std::size_t k = 0; k < pieces; ++k) held[k] += said.evidence.contains(k);
            for (std::size_t k = 0; k < accusations_.size(); ++k) {
                guilty[k] += said.ballots[k].says == wire::opinion::guilty;
                slander[k] += said.ballots[k].says == wire::opinion::slander;
                auto const sees = [&](std::size_t row) { return said.evidence.contains(row); };
                blind[k] += said.ballots[k].says == wire::opinion::cannot && !std::ranges::all_of(rows[k], sees);
            }
            return sense::good;
        });
        // About gradients those do not count that can compute none, so that a liar does not get away by their silence.
        // Of the rest liars may be most, so then there must be more than f: one of them is honest.
        auto const most_judge = [&](std::size_t count) {
            return most(count, present) || (count > step_->faults() && most(count, present - blank));
        };
        for (std::size_t k = 0; k < accusations_.size(); ++k) {
            auto const& [by, what] = accusations_[k];
            verdict reached = verdict::none;
            if (asks_to_show(what)) {
                if (most_judge(guilty[k])) reached = verdict::guilty;
                else if (most_judge(guilty[k] + blind[k])) note_hidden(against, what.target, here);
                else note_needless(by, what.target, here);
            } else if (what.of == wire::charge::gradient && (!by_distance_ || most(held[k], present))) {
                if (most_judge(guilty[k])) reached = verdict::guilty;
                else if (most_judge(slander[k])) reached = verdict::slander;
            } else if (!most(held[k], present)) {
                reached = verdict::hidden;
            } else {
                reached = found(k) ? verdict::guilty : verdict::slander;
            }
            verdicts_.push_back(reached);
            if (reached == verdict::guilty) note_accused(against, what);
            if (reached == verdict::slander) note(against, by, offence::slander);
        }
        for (std::size_t k = 0; k < shown_.size(); ++k) {
            bool const seen = most(held[accusations_.size() + k], present);
            seen_.push_back(seen);
            if (seen) continue;
            if (shown_[k].of_gradient) {
                note_hidden(against, shown_[k].sender, here);
                continue;
            }
            auto const& in = shown_[k].of_before ? *before_ : *step_;
            for (peer_id const who : {in.parts()[index(shown_[k].part)].owner, shown_[k].sender}) {
                auto const now = shown_[k].of_before ? present_number(who) : who;
                if (now && here.contains(index(*now))) note(against, *now, offence::hidden_row);
            }
        }
        return against;
    }
    /// Which pieces of evidence, accusations first, more than half of those present hold.
    [[nodiscard]] std::vector<bool> held_by_most(agreed_log<wire::vote> const& log) const {
        std::size_t const pieces = accusations_.size() + shown_.size();
        std::size_t present = 0;
        std::vector<std::size_t> held(pieces);
        for (auto const& one : log) {
            if (!one.present() || one.body.evidence.size() != pieces) continue;
            if (one.body.ballots.size() != accusations_.size()) continue;
            ++present;
            for (std::size_t k = 0; k < pieces; ++k) held[k] += one.body.evidence.contains(k);
        }
        std::vector<bool> of(pieces);
        for (std::size_t k = 0; k < pieces; ++k) of[k] = most(held[k], present);
        return of;
    }
    /// The rows of a part of the step before, which a validator demanded, show that its aggregate is none of theirs.
    offences convict_before(part_id part) {
        return convict_before(part, before_->parts()[index(part)].owner, wire::charge::result);
    }
    /// The rows of a gradient that a validator asked for show that a testimony is none of theirs.
    offences convict_before(part_id part, peer_id target, wire::charge of = wire::charge::testimony) {
        offences against;
        note_accused(against, {target, before_->step(), of, part, {}});
        return against;
    }

    /// Replaces a testimony by what the row says, once everybody has seen the row.
    void correct(part_id part, peer_id of, testimony const& right) { said_[place(part)][index(of)] = right; }
    /// A part that does not stand after all: its sum is not what the rule makes, or nobody knows.
    void remove(part_id part) {
        if (std::ranges::find(removed_, part) == removed_.end()) removed_.push_back(part);
    }

    /// For each part whose rows are opened, who opened what.
    ///
    /// @param opened the parts, in ascending order
    offences read(agreed_log<wire::open> const& log, std::span<part_id const> opened) {
        auto const rows = rows_of(opened);
        std::vector<std::size_t> held(rows.size());
        member_set here(step_->n());
        offences against = read_log(log, [&](peer_id who, wire::open const& said) {
            if (said.rows.size() != rows.size()) return sense::out_of_step;
            here.insert(index(who));
            for (std::size_t k = 0; k < rows.size(); ++k) held[k] += said.rows.contains(k);
            return sense::good;
        });
        for (std::size_t k = 0; k < rows.size(); ++k) {
            if (most(held[k], here.count())) continue;
            peer_id const owner = step_->parts()[index(rows[k].part)].owner;
            for (peer_id const who : {rows[k].sender, owner})
                if (here.contains(index(who))) note(against, who, offence::hidden_row);
            remove(rows[k].part);
        }
        return against;
    }
    /// Which of these rows more than half of those present hold.
    [[nodiscard]] std::vector<shown_row> opened_by_most(agreed_log<wire::open> const& log,
                                                        std::span<part_id const> opened) const {
        auto const rows = rows_of(opened);
        std::vector<shown_row> held;
        for (std::size_t k = 0; k < rows.size(); ++k) {
            std::size_t present = 0, holders = 0;
            for (auto const& one : log) {
                if (!one.present() || one.body.rows.size() != rows.size()) continue;
                ++present;
                holders += one.body.rows.contains(k);
            }
            if (most(holders, present)) held.push_back(rows[k]);
        }
        return held;
    }
    /// What the opened rows of a part show.
    ///
    /// @param is_wrong the aggregate does not follow from them
    /// @param liars those whose testimony does not
    offences convict(part_id part, bool is_wrong, std::span<peer_id const> liars) {
        offences against;
        peer_id const owner = step_->parts()[index(part)].owner;
        if (is_wrong) {
            note(against, owner, offence::wrong_result);
            remove(part);
        }
        for (peer_id const liar : liars) {
            note(against, liar, offence::false_testimony);
            if (spoke(owner) && !accuses(owner, liar, part)) note(against, owner, offence::cover_up);
        }
        return against;
    }
    /// The rows of all of these parts, as `wire::open` counts them.
    [[nodiscard]] std::vector<shown_row> rows_of(std::span<part_id const> parts) const {
        std::vector<shown_row> rows;
        for (part_id const part : parts)
            for (std::size_t k = 0; k < step_->n(); ++k)
                if (uses(part, peer_id(k))) rows.push_back({peer_id(k), part});
        return rows;
    }

    /// It was there to accuse.
    [[nodiscard]] bool spoke(peer_id who) const { return std::ranges::find(spoke_, who) != spoke_.end(); }
    [[nodiscard]] bool accuses(peer_id by, peer_id target, part_id part) const {
        return std::ranges::any_of(accusations_, [&](accused const& one) {
            return one.by == by && one.what.target == target && one.what.part == part &&
                   one.what.step == step_->step() && one.what.of == wire::charge::testimony;
        });
    }

    [[nodiscard]] std::span<part_id const> standing() const { return standing_; } ///< before verdicts
    [[nodiscard]] bool stands(part_id part) const {                               ///< after them
        return std::ranges::find(standing_, part) != standing_.end() &&
               std::ranges::find(removed_, part) == removed_.end();
    }
    /// The testimonies for a part, of those whose rows it uses, in the order of the roster, as far as there are any.
    [[nodiscard]] std::vector<std::pair<peer_id, testimony>> said(part_id part) const {
        std::vector<std::pair<peer_id, testimony>> all;
        auto const& here = said_[place(part)];
        for (std::size_t k = 0; k < here.size(); ++k)
            if (here[k]) all.emplace_back(peer_id(k), *here[k]);
        return all;
    }
    [[nodiscard]] std::span<accused const> accusations() const { return accusations_; }
    [[nodiscard]] std::span<verdict const> verdicts() const { return verdicts_; } ///< of the accusations
    [[nodiscard]] std::span<shown_row const> shown() const { return shown_; }
    [[nodiscard]] std::span<part_id const> demanded() const { return demanded_; } ///< parts of the step before
    [[nodiscard]] bool seen(std::size_t row) const { return seen_[row]; }         ///< of those shown, by most
    /// Most have seen all rows of that gradient of the step before, which a validator asked for.
    [[nodiscard]] bool has_shown_gradient(peer_id target) const {
        for (std::size_t k = 0; k < shown_.size(); ++k)
            if (shown_[k].of_gradient && shown_[k].sender == target && !seen_[k]) return false;
        return true;
    }
    [[nodiscard]] std::span<std::pair<peer_id, wire::clean> const> cleans() const { return cleans_; }
    /// A validator that asked for a gradient of the step before, without anything coming of it, and whose it is.
    [[nodiscard]] std::span<std::pair<peer_id, public_key> const> needless() const { return needless_; }
    /// Those found guilty of the step before who are no members any more, or not yet.
    [[nodiscard]] std::span<std::pair<public_key, offence> const> convicted_gone() const { return convicted_gone_; }

private:
    template <class Id>
    [[nodiscard]] static std::size_t index(Id of) { return static_cast<std::size_t>(of); }
    [[nodiscard]] std::size_t place(part_id part) const {
        return static_cast<std::size_t>(std::ranges::find(standing_, part) - standing_.begin());
    }
    [[nodiscard]] bool uses(part_id part, peer_id who) const {
        return step_->parts()[index(part)].rows.contains(index(who));
    }
    [[nodiscard]] bool audits(peer_id by, peer_id target, std::uint64_t step) const {
        auto const& key = step_->roster()[index(by)].key;
        if (target == on_trial)
            return step_->checked() && step_->checked()->validator == key && step + 1 == step_->step();
        if (before_ == nullptr || step != before_->step() || index(target) >= before_->n()) return false;
        return std::ranges::any_of(before_->pairs(), [&](audit_pair const& pair) {
            return pair.target == target && before_->roster()[index(pair.validator)].key == key;
        });
    }
    /// The target of an accusation about the step before has the number that it had then: its key says who it is.
    void note_accused(offences& against, wire::accusation const& what) {
        if (what.step == step_->step()) return note(against, what.target, offence_of(what.of));
        auto const now = what.target == on_trial ? std::nullopt : present_number(what.target);
        if (now) return note(against, *now, offence_of(what.of));
        auto const& key =
            what.target == on_trial ? step_->checked()->who.key : before_->roster()[index(what.target)].key;
        std::pair const gone(key, offence_of(what.of));
        if (std::ranges::find(convicted_gone_, gone) == convicted_gone_.end()) convicted_gone_.push_back(gone);
    }
    /// A worker that has left the root away in COMMIT, since it has no gradient any more.
    [[nodiscard]] bool leaves_without_gradient(peer_id who) const {
        auto const workers = step_->workers();
        return !step_->committed().contains(index(who)) && std::ranges::find(workers, who) != workers.end();
    }
    /// It did not show what it must, and was there.
    void note_hidden(offences& against, peer_id target, member_set const& here) const {
        auto const now = present_number(target);
        if (now && here.contains(index(*now))) note(against, *now, offence::hidden_row);
    }
    /// All of its rows of the step before.
    void show_gradient(peer_id target) {
        if (!before_->committed().contains(index(target))) return;
        for (std::size_t j = 0; j < before_->parts().size(); ++j) {
            shown_row const one{target, part_id(j), true, true};
            if (std::ranges::find(shown_, one) == shown_.end()) shown_.push_back(one);
        }
    }
    /// The places, in a vote, of the rows of that gradient.
    [[nodiscard]] std::vector<std::size_t> shown_of(peer_id target) const {
        std::vector<std::size_t> all;
        for (std::size_t k = 0; k < shown_.size(); ++k)
            if (shown_[k].of_gradient && shown_[k].sender == target) all.push_back(accusations_.size() + k);
        return all;
    }
    void note_needless(peer_id by, peer_id target, member_set const& here) {
        auto const now = present_number(target);
        if (!now || !here.contains(index(*now))) return; // it was not there to show anything
        std::pair const one(by, before_->roster()[index(target)].key);
        if (std::ranges::find(needless_, one) == needless_.end()) needless_.push_back(one);
    }
    /// Of a member of the step before, in this one.
    [[nodiscard]] std::optional<peer_id> present_number(peer_id before) const {
        auto const& key = before_->roster()[index(before)].key;
        auto const now = std::ranges::find(step_->roster(), key, &log_member::key);
        if (now == step_->roster().end()) return {};
        return peer_id(now - step_->roster().begin());
    }
    /// A part that a target of this validator has made.
    [[nodiscard]] bool may_demand(peer_id by, part_id part) const {
        if (before_ == nullptr || index(part) >= before_->parts().size()) return false;
        auto const& of = before_->parts()[index(part)];
        return of.aggregate && audits(by, of.owner, before_->step());
    }
    void demand(part_id part) {
        if (std::ranges::find(demanded_, part) != demanded_.end()) return;
        demanded_.push_back(part);
        auto const& rows = before_->parts()[index(part)].rows;
        for (std::size_t k = 0; k < rows.size(); ++k)
            if (rows.contains(k)) shown_.push_back({peer_id(k), part, true});
    }
    [[nodiscard]] bool may_accuse(peer_id by, wire::accusation const& one) const {
        if (one.target == on_trial) return audits(by, one.target, one.step) && one.of == wire::charge::gradient;
        if (audits(by, one.target, one.step))
            return one.of != wire::charge::shape && index(one.part) < before_->parts().size();
        if (one.step != step_->step() || index(one.target) >= step_->n() ||
            index(one.part) >= step_->parts().size())
            return false;
        auto const& part = step_->parts()[index(one.part)];
        if (part.owner != by) return false;
        if (one.of == wire::charge::testimony)
            return part.stands && said_[place(one.part)][index(one.target)].has_value();
        return one.of == wire::charge::shape && step_->committed().contains(index(one.target));
    }
    [[nodiscard]] static bool same_charge(wire::accusation const& a, wire::accusation const& b) {
        return a.target == b.target && a.step == b.step && a.of == b.of && a.part == b.part;
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

    step_record const* step_; // of which the logs are
    step_record const* before_;
    bool by_distance_;
    std::vector<part_id> standing_, removed_, demanded_;
    std::vector<std::vector<std::optional<testimony>>> said_; // (standing parts, n)
    std::vector<shown_row> shown_;
    std::vector<accused> accusations_;
    std::vector<std::pair<peer_id, wire::clean>> cleans_;
    std::vector<peer_id> spoke_;
    std::vector<verdict> verdicts_;
    std::vector<std::pair<peer_id, public_key>> needless_;
    std::vector<std::pair<public_key, offence>> convicted_gone_;
    std::vector<bool> seen_;
};

} // namespace btard
