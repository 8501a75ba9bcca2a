// btard/protocol/step/step_record.hpp: what everybody knows of a step: read from its agreed logs, the same on all peers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/step/detour.hpp>
#include <btard/protocol/step/mprng.hpp>
#include <btard/protocol/step/probation.hpp>
#include <btard/protocol/step/roster.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace btard {

struct part_record {
    peer_id owner{};
    std::optional<digest> aggregate = {}; ///< what it has committed to
    bool complained = false;
    bool stands = false;    ///< most members hold the aggregate; else it is zero in this step
    member_set rows = {};   ///< of the roster: whose rows it is made of
};

/// What all peers of a run have to agree on.
struct step_rules {
    std::uint32_t quota = 1;    ///< the most microbatches of a worker
    std::size_t validators = 1; ///< m: pairs that are drawn in each step
    std::size_t faults = 0;     ///< f, which bounds how many disputes a member has
    std::size_t lost = 0;       ///< so many fewer may lie in this step, see `run_rules::faults_among`
};

/// The first half of a step, up to the joint randomness.
///
/// Every `read` is a function of what was read before and of the log: peers that agree on the logs agree on
/// everything here.  It returns what the log has against members.
class step_record {
public:
    /// @param idle   the validators of the step before: they compute no gradient and own no part
    /// @param before r of the step before
    /// @param context what all of them must take the step to be; a member that says something else is out of step
    /// @param checked the newcomer whose gradient of the step before is checked in this one
    /// @param disputes in ascending order: their rows go through a third member
    step_record(std::uint64_t step, std::vector<log_member> roster, std::span<peer_id const> idle,
                digest const& before, step_rules rules, digest const& context = {},
                std::optional<checked_trial> checked = {}, std::vector<dispute> disputes = {})
        : step_(step), rules_(rules), before_(before), context_(context), checked_(std::move(checked)),
          disputes_(std::move(disputes)), roster_(std::move(roster)), committed_(n()), weights_(n()), roots_(n()),
          shares_(n()) {
        std::vector<peer_id> all;
        for (std::size_t k = 0; k < n(); ++k) all.push_back(peer_id(k));
        duties_ = duties_of(all, idle, step);
    }

    /// Who committed to a gradient; parts of those who did not go to others.  A worker that leaves may have none: no
    /// row and no part, and nothing to be checked.
    offences read(agreed_log<wire::commit> const& log) {
        std::vector<peer_id> there;
        offences against = read_log(log, [&](peer_id who, wire::commit const& said) {
            std::size_t const at = index(who);
            if (said.context != context_) return sense::out_of_step; // never guilt: its bits may be bad
            if (said.joins.size() > n()) return sense::malformed; // checking signatures takes time
            if (said.microbatches > (said.root ? rules_.quota : 0)) return sense::malformed;
            if (said.root.has_value() != works(who) && !(works(who) && said.leaves)) return sense::malformed;
            there.push_back(who);
            if (!said.root) return sense::good;
            committed_.insert(at);
            roots_[at] = *said.root;
            weights_[at] = said.microbatches;
            return sense::good;
        });
        reown(duties_, listed(committed_), before_);
        member_set rows(n());
        for (std::size_t k = 0; k < n(); ++k)
            if (weights_[k] > 0) rows.insert(k);
        for (peer_id const owner : duties_.owners) parts_.push_back({.owner = owner, .rows = rows});
        if (!disputes_.empty()) find_detours(there);
        return against;
    }

    /// The aggregates, the shares of the joint randomness, and the rows that did not arrive.
    offences read(agreed_log<wire::result> const& log) {
        return read_log(log, [&](peer_id who, wire::result const& said) {
            if (said.trials.size() > n()) return sense::malformed; // checking signatures takes time
            if (!may_say(who, said.parts, said.complaints)) return sense::out_of_step;
            for (auto const& made : said.parts) part(made.part).aggregate = made.aggregate;
            for (auto const& missed : said.complaints) {
                part(missed.part).complained = true;
                complaints_.push_back({who, missed.sender, missed.part});
            }
            shares_[index(who)] = said.share;
            return sense::good;
        });
    }

    /// A row counts when more than half of those present hold it: by then its sender has pushed it to all.
    offences read(agreed_log<wire::have> const& log) {
        std::vector<std::size_t> holders(complaints_.size());
        std::size_t present = 0;
        offences against = read_log(log, [&](peer_id, wire::have const& said) {
            if (said.rows.size() != holders.size()) return sense::out_of_step;
            ++present;
            for (std::size_t k = 0; k < holders.size(); ++k) holders[k] += said.rows.contains(k);
            return sense::good;
        });
        for (std::size_t k = 0; k < holders.size(); ++k) {
            if (2 * holders[k] > present) continue;
            part(complaints_[k].part).rows.erase(index(complaints_[k].sender));
            part(complaints_[k].part).aggregate.reset(); // whose row was not passed on may have been used
            note(against, complaints_[k].sender, offence::absence);
        }
        return against;
    }

    /// The aggregates of the parts that were complained about, and have none.
    offences read(agreed_log<wire::result_again> const& log) {
        return read_log(log, [&](peer_id who, wire::result_again const& said) {
            std::set<part_id> seen;
            for (auto const& made : said.parts)
                if (!owns(who, made.part) || !lacks_result(made.part) || !seen.insert(made.part).second)
                    return sense::out_of_step;
            for (auto const& made : said.parts) part(made.part).aggregate = made.aggregate;
            return sense::good;
        });
    }

    /// The joint randomness; without it (`value` stays empty) there is another draw among `drawing()`.  In the first
    /// draw also who holds which aggregate: a part that most do not have does not stand.
    offences read(agreed_log<wire::reveal> const& log, digest const& run, std::uint64_t epoch) {
        std::vector<mprng_entry> entries;
        std::vector<std::size_t> holders(parts_.size());
        member_set present(n());
        offences against = read_log(log, [&](peer_id who, wire::reveal const& said) {
            if (said.aggregates.size() != (draw_ == 0 ? parts_.size() : 0)) return sense::out_of_step;
            present.insert(index(who));
            for (std::size_t j = 0; j < said.aggregates.size(); ++j) holders[j] += said.aggregates.contains(j);
            return sense::good;
        });
        for (std::size_t k = 0; k < n(); ++k) {
            mprng_entry entry{peer_id(k), roster_[k].key, shares_[k], {}};
            if (present.contains(k)) entry.revealed = log[k].body.opened;
            entries.push_back(entry);
        }
        auto const opened = open_shares(entries, {run, epoch, step_, draw_});
        for (peer_id const who : opened.wrong) note(against, who, offence::wrong_share);
        for (peer_id const who : opened.missing) note(against, who, offence::absence);

        if (draw_ == 0) {
            for (std::size_t k = 0; k < n(); ++k)
                if (shares_[k]) could_check_.push_back(peer_id(k));
            for (std::size_t j = 0; j < parts_.size(); ++j) {
                auto& one = parts_[j];
                one.stands = one.aggregate && 2 * holders[j] > present.count();
                bool const there = shares_[index(one.owner)] && present.contains(index(one.owner));
                if (!one.stands && there) note(against, one.owner, offence::no_part);
            }
        }
        drawing_ = opened.shared;
        value_ = opened.value;
        if (value_) draw_auditors();
        else ++draw_;
        return against;
    }

    /// New shares, of those that opened theirs in the void draw.
    offences read(agreed_log<wire::share> const& log) {
        shares_.assign(n(), {});
        return read_log(log, [&](peer_id who, wire::share const& said) {
            if (std::ranges::find(drawing_, who) == drawing_.end()) return sense::out_of_step;
            shares_[index(who)] = said.committed;
            return sense::good;
        });
    }

    [[nodiscard]] std::uint64_t step() const { return step_; }
    [[nodiscard]] std::size_t n() const { return roster_.size(); }
    [[nodiscard]] std::size_t faults() const { return rules_.faults - std::min(rules_.faults, rules_.lost); }
    [[nodiscard]] std::span<log_member const> roster() const { return roster_; }
    [[nodiscard]] std::span<peer_id const> workers() const { return duties_.workers; }
    [[nodiscard]] member_set const& committed() const { return committed_; }
    [[nodiscard]] double weight(peer_id of) const { return weights_[index(of)]; } ///< microbatches; 0: it has no row
    [[nodiscard]] digest const& root(peer_id of) const { return roots_[index(of)]; }
    [[nodiscard]] std::span<part_record const> parts() const { return parts_; }
    /// First those rows that nobody complains about, see `goes_to_all`.
    [[nodiscard]] std::span<missing_row const> complaints() const { return complaints_; }
    /// Its owner is to make it once more, or for the first time.
    [[nodiscard]] bool lacks_result(part_id of) const {
        auto const& one = parts_[static_cast<std::size_t>(of)];
        return one.complained && !one.aggregate;
    }
    /// The complaints with those that they are about, once RESULT is read.
    [[nodiscard]] std::vector<missing_row> blames() const {
        return detours_.blames(std::span(complaints_).subspan(without_way_),
                               [&](peer_id who) { return shares_[index(who)].has_value(); });
    }
    /// Nobody is left who could pass it on: it goes to all in HAVE, as if its owner had complained, and nobody pays.
    [[nodiscard]] bool goes_to_all(part_id part, peer_id sender) const {
        auto const them = std::span(complaints_).first(without_way_);
        return std::ranges::any_of(them, [&](auto const& one) { return one.part == part && one.sender == sender; });
    }
    [[nodiscard]] std::span<detour const> detours() const { return detours_.all(); } ///< in ascending order
    /// The most rows that one member passes on, in gradients; 0: there are none.
    [[nodiscard]] std::size_t gradients_to_pass_on() const {
        std::size_t const rows = detours_.most_of_one();
        return rows == 0 ? 0 : (rows + parts_.size() - 1) / parts_.size();
    }
    /// Null: the row goes to the owner.
    [[nodiscard]] detour const* detour_of(part_id part, peer_id sender) const { return detours_.find(part, sender); }
    [[nodiscard]] std::optional<digest> const& value() const { return value_; }    ///< r, once it is known
    [[nodiscard]] std::uint64_t draw() const { return draw_; } ///< 0: the first; each void one adds 1
    /// Who takes part in the next draw.
    [[nodiscard]] std::span<peer_id const> drawing() const { return drawing_; }
    /// Who checks whom, once r is known.
    [[nodiscard]] std::span<audit_pair const> pairs() const { return pairs_; }
    /// Who had a share in the first draw.
    [[nodiscard]] std::span<peer_id const> could_check() const { return could_check_; }
    [[nodiscard]] std::optional<checked_trial> const& checked() const { return checked_; }
    [[nodiscard]] seed gradient_seed_of(peer_id who) const { return gradient_seed_of(roster_[index(who)].key); }
    [[nodiscard]] seed gradient_seed_of(public_key const& key) const { return gradient_seed(before_, key); }
    [[nodiscard]] directions z() const { return {prg(value_.value(), "z"), 0}; }
    [[nodiscard]] std::vector<part_id> standing_parts() const {
        std::vector<part_id> all;
        for (std::size_t j = 0; j < parts_.size(); ++j)
            if (parts_[j].stands) all.push_back(part_id(j));
        return all;
    }

private:
    [[nodiscard]] static std::size_t index(peer_id who) { return static_cast<std::size_t>(who); }
    [[nodiscard]] bool works(peer_id who) const {
        return std::ranges::find(duties_.workers, who) != duties_.workers.end();
    }
    [[nodiscard]] bool owns(peer_id who, part_id part) const {
        return static_cast<std::size_t>(part) < parts_.size() && parts_[static_cast<std::size_t>(part)].owner == who;
    }
    [[nodiscard]] part_record& part(part_id of) { return parts_[static_cast<std::size_t>(of)]; }

    /// Two in dispute may have nobody who could pass a row on.  Where 2 f + 2 members have spoken, one less for each
    /// that was banned, both are liars, who would have the two phases of complaints in each step for nothing: it is in
    /// no part.  Where fewer have, a part of a liar might be left with rows of liars alone: it goes to all.
    void find_detours(std::span<peer_id const> there) {
        bool const enough = there.size() >= rules_.faults + faults() + 2;
        for (std::size_t j = 0; j < parts_.size(); ++j) {
            peer_id const owner = parts_[j].owner;
            for (std::size_t k = 0; k < n(); ++k) {
                auto const sender = peer_id(k);
                if (!parts_[j].rows.contains(k) || !in_dispute(disputes_, owner, sender)) continue;
                if (detours_.add(before_, disputes_, there, part_id(j), owner, sender)) continue;
                if (enough) {
                    parts_[j].rows.erase(k);
                } else {
                    parts_[j].complained = true;
                    complaints_.push_back({owner, sender, part_id(j)});
                }
            }
        }
        without_way_ = complaints_.size();
    }
    /// Each part that a member owns once at most: made, or complained about.  Rows that it was to pass on, it may
    /// complain about too.
    [[nodiscard]] bool may_say(peer_id who, std::vector<wire::part_result> const& made,
                               std::vector<wire::complaint> const& missed) const {
        std::set<part_id> done;
        for (auto const& one : std::span(complaints_).first(without_way_)) done.insert(one.part); // it cannot be made
        for (auto const& one : made)
            if (!owns(who, one.part) || !done.insert(one.part).second) return false;
        auto const is_made = [&](part_id part) {
            return std::ranges::find(made, part, &wire::part_result::part) != made.end();
        };
        std::set<wire::complaint> once;
        for (auto const& one : missed) {
            if (!once.insert(one).second) return false;
            if (detours_.passes(who, one.part, one.sender)) continue;
            if (!owns(who, one.part) || is_made(one.part)) return false;
            if (index(one.sender) >= n() || one.sender == who) return false;
            if (!parts_[static_cast<std::size_t>(one.part)].rows.contains(index(one.sender))) return false;
            if (goes_to_all(one.part, one.sender)) return false;
        }
        return true;
    }

    void draw_auditors() {
        auto const checked = listed(committed_);
        if (draw_ == 0) {
            pairs_ = draw_pairs(*value_, rules_.validators, checked, could_check_);
            return;
        }
        for (std::uint64_t cycle = 0; cycle < (draw_ == 1 ? 1u : 2u); ++cycle)
            for (auto const& pair : draw_cycle(*value_, cycle, checked, drawing_)) pairs_.push_back(pair);
    }

    [[nodiscard]] static std::vector<peer_id> listed(member_set const& set) {
        std::vector<peer_id> all;
        for (std::size_t k = 0; k < set.size(); ++k)
            if (set.contains(k)) all.push_back(peer_id(k));
        return all;
    }

    std::uint64_t step_, draw_ = 0;
    step_rules rules_;
    digest before_, context_;
    std::optional<checked_trial> checked_;
    std::vector<dispute> disputes_;
    std::vector<log_member> roster_;
    duties duties_;
    member_set committed_;
    std::vector<double> weights_; // (n)
    std::vector<digest> roots_;   // (n)
    std::vector<part_record> parts_;
    detour_list detours_;
    std::vector<missing_row> complaints_;
    std::size_t without_way_ = 0; // of them, the first ones
    std::vector<std::optional<digest>> shares_;   // (n) of this draw
    std::vector<peer_id> drawing_, could_check_;  // who opened in this draw; who has a share in the first one
    std::optional<digest> value_;
    std::vector<audit_pair> pairs_;
};

} // namespace btard
