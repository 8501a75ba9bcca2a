// btard/protocol/step/verdicts.hpp: the checks of a step, once what they rest on is here: the same on all peers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/step/distance_watch.hpp>
#include <btard/protocol/step/judgement.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/step/testimony.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// What the log and the rows have against members.
struct findings {
    offences against = {};
    std::vector<peer_id> charged = {}; ///< a point each
    std::vector<double> trusted = {};  ///< distances that were looked at, and are true: units of a `distance_watch`
};

/// Joins what a judgement reads from the logs with what the court computes from rows.
///
/// Everything it looks at must be here: the aggregates of all parts that stand, and of evidence and rows what most members
/// hold by the log.
template <class B, verifiable_aggregator A>
class verdicts {
public:
    verdicts(court<B, A> const& bench, step_state& at, step_state const* last, distance_watch const& watch,
             std::size_t faults)
        : bench_(bench), at_(at), last_(last), watch_(watch), faults_(faults), norms_(at.norms_of_z) {
        at_.judge.emplace(at_.record, last_ ? &last_->record : nullptr, bench_.tolerance > 0);
        for (part_id const part : at_.record.standing_parts())
            if (norms_[index(part)] == 0) // who testifies knows it
                norms_[index(part)] = norm_of(bench_.z_of(at_.record, part), at_.cut().size(part));
    }

    [[nodiscard]] offences read(agreed_log<wire::testify> const& log) {
        return at_.judge->read(log, [&](part_id part, testimony const& said) {
            return malformed(said, bench_.rule, norms_[index(part)]);
        });
    }
    [[nodiscard]] offences read(agreed_log<wire::accuse> const& log) { return at_.judge->read(log); }

    /// VA, audits, and rows that had to be shown.
    [[nodiscard]] findings read(agreed_log<wire::vote> const& log) {
        auto& judge = *at_.judge;
        findings found;
        found.against = judge.read(log, [&](std::size_t k) { return convicts(judge.accusations()[k].what); });
        for (std::size_t k = 0; k < judge.accusations().size(); ++k) {
            auto const& [by, what] = judge.accusations()[k];
            if (judge.verdicts()[k] == verdict::hidden) found.charged.push_back(by);
            bool const lie = what.of == wire::charge::testimony && what.step == at_.step();
            if (lie && judge.verdicts()[k] == verdict::guilty)
                correct(what.part, what.target, at_.shown.at(what.evidence).rows.front().values);
        }
        std::set<part_id> unseen; // of the step before
        for (std::size_t k = 0; k < judge.shown().size(); ++k) {
            auto const& row = judge.shown()[k];
            if (row.of_gradient) continue;
            if (row.of_before) {
                if (!judge.seen(k)) unseen.insert(row.part);
            } else if (judge.seen(k)) {
                correct(row.part, row.sender, values(row.part, row.sender));
            } else {
                judge.remove(row.part); // nobody can check its sum
            }
        }
        for (part_id const part : judge.demanded())
            if (!unseen.contains(part) && is_wrong(*last_, part)) add(found.against, judge.convict_before(part));
        for (auto const& [by, what] : judge.accusations())
            if (judge.asks_to_show(what) && judge.has_shown_gradient(what.target))
                check_testimonies_before(what.target, found.against);
        return found;
    }

    /// VB and VC, on what is known by now of every row.
    ///
    /// @return the parts whose rows are to be opened
    [[nodiscard]] std::vector<part_id> check_parts() {
        auto& judge = *at_.judge;
        std::vector<part_id> opened;
        for (part_id const part : judge.standing()) {
            if (!judge.stands(part)) continue;
            std::vector<testimony> said;
            std::vector<double> weights;
            for (auto const& [who, one] : judge.said(part)) {
                said.push_back(one);
                weights.push_back(at_.record.weight(who));
            }
            if (said.empty() || said.size() != at_.part(part).rows.count()) { // of no rows there is no aggregate
                judge.remove(part);
                continue;
            }
            auto const check =
                check_sum(bench_.rule, std::span<testimony const>(said), std::span<double const>(weights),
                          at_.cut().size(part), norms_[index(part)], at_.norms[index(part)]);
            if (check.tolerance > 0) worst_sum_ = std::max(worst_sum_, check.sum / check.tolerance);
            auto const most = watch_.most(at_.cut().size(part));
            if (most && too_many_far(said, *most, faults_)) distant_.insert(part);
            units_.push_back(unit(said, part));
            if (!check.passed() || distant_.contains(part)) opened.push_back(part);
        }
        return opened;
    }
    /// What the rows of these parts show, to whom most have opened them.
    [[nodiscard]] findings read(agreed_log<wire::open> const& log, std::span<part_id const> opened) {
        auto& judge = *at_.judge;
        findings found;
        auto const held = judge.opened_by_most(log, opened);
        found.against = judge.read(log, opened);
        for (part_id const part : opened) {
            auto const count = static_cast<std::size_t>(std::ranges::count(held, part, &shown_row::part));
            if (count != at_.part(part).rows.count()) continue; // it has been removed
            bool const false_result = is_wrong(at_, part);
            std::vector<peer_id> liars;
            std::vector<testimony> all;
            for (auto const& [who, said] : judge.said(part)) {
                all.push_back(bench_.right_testimony(at_.record, part, values(part, who), at_.aggregate(part)));
                if (all.back() != said) liars.push_back(who);
            }
            add(found.against, judge.convict(part, false_result, liars));
            if (!false_result && liars.empty() && distant_.contains(part)) found.trusted.push_back(unit(all, part));
        }
        return found;
    }

    /// How far rows were from the parts of this step, for the watch.
    [[nodiscard]] std::vector<double> const& units() const { return units_; }
    /// The largest |sum| of testimonies over its tolerance.
    [[nodiscard]] double worst_sum() const { return worst_sum_; }

private:
    [[nodiscard]] static std::size_t index(part_id part) { return static_cast<std::size_t>(part); }
    static void add(offences& to, offences const& more) {
        for (auto const& [who, what] : more) note(to, who, what);
    }
    [[nodiscard]] double unit(std::vector<testimony> const& said, part_id part) const {
        std::vector<double> distances;
        for (auto const& one : said) distances.push_back(one.distance);
        return distance_watch::unit(std::move(distances), faults_, at_.cut().size(part));
    }
    [[nodiscard]] std::span<float const> values(part_id part, peer_id sender) const {
        return {at_.values(part, sender), at_.cut().size(part)};
    }
    [[nodiscard]] bool is_wrong(step_state const& in, part_id part) const {
        auto const made = bench_.make_part(in.record, part, in.all_values(part).value(), in.given_slice(part));
        return hash_of(std::span<float const>(made)) != in.part(part).aggregate;
    }
    /// Of the step before, by the rows that were shown to all.
    void check_testimonies_before(peer_id target, offences& against) {
        for (part_id const part : last_->judge->standing())
            for (auto const& [who, said] : last_->judge->said(part)) {
                if (who != target) continue;
                std::span<float const> const row(last_->values(part, who), last_->cut().size(part));
                if (bench_.right_testimony(last_->record, part, row, last_->aggregate(part)) != said)
                    add(against, at_.judge->convict_before(part, target));
            }
    }
    void correct(part_id part, peer_id of, std::span<float const> row) {
        at_.judge->correct(part, of, bench_.right_testimony(at_.record, part, row, at_.aggregate(part)));
    }
    /// A function of the log and of evidence that most hold.
    [[nodiscard]] bool convicts(wire::accusation const& what) const {
        auto const& in = what.step == at_.step() ? at_ : *last_;
        auto const& shown = at_.shown.at(what.evidence);
        switch (what.of) {
        case wire::charge::shape: return bench_.shows_shape(in.record, shown, what.target, what.part);
        case wire::charge::result:
            return in.part(what.part).owner == what.target &&
                   bench_.shows_wrong_result(in.record, shown, what.part, in.given_slice(what.part));
        case wire::charge::testimony: {
            auto const standing = in.judge->standing();
            if (std::ranges::find(standing, what.part) == standing.end()) return false;
            for (auto const& [who, said] : in.judge->said(what.part))
                if (who == what.target)
                    return bench_.shows_false_testimony(in.record, shown, who, what.part,
                                                        in.aggregate(what.part), said);
            return false;
        }
        case wire::charge::gradient: break; // the members' ballots decide
        }
        return false;
    }

    court<B, A> const& bench_;
    step_state& at_;
    step_state const* last_;
    distance_watch const& watch_;
    std::size_t faults_;
    std::vector<double> norms_;   // (parts) of z
    std::set<part_id> distant_;
    std::vector<double> units_;
    double worst_sum_ = 0;
};

} // namespace btard
