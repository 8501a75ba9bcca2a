// btard/protocol/step/vote_count.hpp: who holds what and who says what, counted over an agreed log.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/step/charge_sheet.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace btard {

/// More than half.
[[nodiscard]] constexpr bool most(std::size_t count, std::size_t of) { return 2 * count > of; }

/// Which pieces more than half of those hold whose bodies fit the logs.
///
/// @param held `held(body)`: the pieces that it says to hold; null: it does not fit
template <class Body>
[[nodiscard]] std::vector<bool> held_by_most(agreed_log<Body> const& log, std::size_t pieces, auto&& held) {
    std::size_t present = 0;
    std::vector<std::size_t> holders(pieces);
    for (auto const& one : log) {
        member_set const* const here = one.present() ? held(one.body) : nullptr;
        if (here == nullptr) continue;
        ++present;
        for (std::size_t k = 0; k < pieces; ++k) holders[k] += here->contains(k);
    }
    std::vector<bool> by_most(pieces);
    for (std::size_t k = 0; k < pieces; ++k) by_most[k] = most(holders[k], present);
    return by_most;
}
[[nodiscard]] inline std::vector<bool> held_by_most(agreed_log<wire::vote> const& log, charge_sheet const& charges) {
    return held_by_most(log, charges.pieces(), [&](wire::vote const& said) {
        bool const fits = said.evidence.size() == charges.pieces() &&
                          said.ballots.size() == charges.accusations().size();
        return fits ? &said.evidence : nullptr;
    });
}
/// @param rows as many are opened
[[nodiscard]] inline std::vector<bool> held_by_most(agreed_log<wire::open> const& log, std::size_t rows) {
    return held_by_most(log, rows,
                        [&](wire::open const& said) { return said.rows.size() == rows ? &said.rows : nullptr; });
}

/// The ballots on each accusation.
class vote_count {
public:
    vote_count(step_record const& step, charge_sheet const& charges)
        : step_(&step), charges_(&charges), here_(step.n()), guilty_(charges.accusations().size()),
          slander_(guilty_.size()), blind_(guilty_.size()), rows_(guilty_.size()) {
        for (std::size_t k = 0; k < rows_.size(); ++k) {
            auto const& what = charges.accusations()[k].what;
            if (charges.asks_to_show(what)) rows_[k] = charges.pieces_of_gradient(what.target);
        }
    }

    offences read(agreed_log<wire::vote> const& log) {
        held_ = held_by_most(log, *charges_);
        return read_log(log, [&](peer_id who, wire::vote const& said) {
            if (said.evidence.size() != charges_->pieces() || said.ballots.size() != guilty_.size())
                return sense::out_of_step;
            here_.insert(static_cast<std::size_t>(who));
            blank_ += leaves_without_gradient(who);
            for (std::size_t k = 0; k < guilty_.size(); ++k) {
                guilty_[k] += said.ballots[k].says == wire::opinion::guilty;
                slander_[k] += said.ballots[k].says == wire::opinion::slander;
                auto const sees = [&](std::size_t row) { return said.evidence.contains(row); };
                blind_[k] += said.ballots[k].says == wire::opinion::cannot && !std::ranges::all_of(rows_[k], sees);
            }
            return sense::good;
        });
    }

    [[nodiscard]] bool is_here(peer_id who) const { return here_.contains(static_cast<std::size_t>(who)); }
    /// By most; pieces as in `wire::vote`.
    [[nodiscard]] bool is_held(std::size_t piece) const { return held_[piece]; }
    // Of those who judge an accusation, most ...
    [[nodiscard]] bool find_guilty(std::size_t k) const { return most_judge(guilty_[k]); }
    [[nodiscard]] bool find_slander(std::size_t k) const { return most_judge(slander_[k]); }
    /// ... find the accused guilty, or cannot say since rows were not shown to them.
    [[nodiscard]] bool find_guilty_or_lack_rows(std::size_t k) const { return most_judge(guilty_[k] + blind_[k]); }

private:
    /// About gradients those do not count that can compute none, so that a liar does not get away by their silence.
    /// Of the rest liars may be most, so then there must be more than f: one of them is honest.
    [[nodiscard]] bool most_judge(std::size_t count) const {
        std::size_t const present = here_.count();
        return most(count, present) || (count > step_->faults() && most(count, present - blank_));
    }
    /// A worker that has left the root away in COMMIT, since it has no gradient any more.
    [[nodiscard]] bool leaves_without_gradient(peer_id who) const {
        auto const workers = step_->workers();
        return !step_->committed().contains(static_cast<std::size_t>(who)) &&
               std::ranges::find(workers, who) != workers.end();
    }

    step_record const* step_;
    charge_sheet const* charges_;
    member_set here_;
    std::size_t blank_ = 0;
    std::vector<bool> held_;
    std::vector<std::size_t> guilty_, slander_, blind_; // (accusations)
    std::vector<std::vector<std::size_t>> rows_;        // (accusations) pieces that an accused was asked to show
};

} // namespace btard
