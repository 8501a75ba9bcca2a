// btard/protocol/need_list.hpp: what one peer waits for in a phase, and what it does without.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/needs.hpp>
#include <btard/protocol/step/recent_steps.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// What the body of a phase is about, in the order in which it counts them.
///
/// @param last    null in the first step
/// @param targets whom this peer audits, in the step before
/// @param opened  the parts whose rows are opened
/// @param by_distance gradients are compared with a tolerance
/// @param there   `there(step, member)`: the member of that step has a slot in the phase
[[nodiscard]] inline std::vector<need> needs_of(phase of, step_state const& at, step_state const* last,
                                                std::span<peer_id const> targets, std::span<part_id const> opened,
                                                bool by_distance, auto&& there) {
    switch (of) {
    case phase::result: return rows_to_aggregate(at);
    case phase::have: return rows_complained_about(at, there);
    case phase::result_again: return rows_to_aggregate_again(at);
    case phase::reveal: return aggregates_of(at, false);
    case phase::testimony: return aggregates_of(at, true);
    case phase::accuse: return last ? rows_to_audit(*last, targets, by_distance, there) : std::vector<need>{};
    case phase::vote: return evidence_to_judge(at, last, by_distance, there);
    case phase::open: return rows_to_open(at, opened);
    case phase::commit:
    case phase::share: break;
    }
    return {};
}

/// The needs of one phase of one step.  In RESULT, rows to be passed on are among them: those that do not come in time
/// are not waited for any more, and complained about.
class need_list {
public:
    /// @param needs of the body; then the rows to be passed on come
    /// @param there `there(step, member)`: it has a slot in the phase.  Who has none may be gone, and send nothing:
    ///              others are asked first, and at once
    void begin(phase of, std::vector<need> needs, step_state const& at, auto&& there) {
        needs_ = std::move(needs);
        for (auto& one : needs_) {
            if (one.what.step != at.step() || there(at, one.first.front())) continue;
            one.is_pushed = false;
            std::rotate(one.first.begin(), one.first.begin() + 1, one.first.end());
        }
        not_passed_.clear();
        auto const passes = of == phase::result ? rows_to_pass_on(at) : std::vector<need>{};
        passes_on_ = !passes.empty();
        needs_.insert(needs_.end(), passes.begin(), passes.end());
    }
    /// What comes later than that is passed on all the same.
    void stop_waiting_for_rows_to_pass_on(step_state const& at) {
        for (auto& one : needs_) {
            auto const* const way = at.record.detour_of(one.what.part, one.what.sender.value());
            if (!way || way->via != at.self) continue;
            one.is_awaited = false;
            if (!is_here(one, at)) not_passed_.push_back({way->part, way->sender});
        }
        passes_on_ = false;
    }

    [[nodiscard]] std::span<need const> all() const { return needs_; }
    /// It waits for rows of others that it passes on.
    [[nodiscard]] bool passes_on() const { return passes_on_; }
    /// Those that it could not pass on.
    [[nodiscard]] std::span<wire::complaint const> not_passed() const { return not_passed_; }

    [[nodiscard]] bool are_settled(recent_steps const& steps) const {
        return std::ranges::all_of(needs_, [&](need const& one) {
            return !one.is_awaited || is_settled(one, *steps.find(one.what.step));
        });
    }
    /// Which of them are here, in their order.
    [[nodiscard]] member_set held(recent_steps const& steps) const {
        member_set here(needs_.size());
        for (std::size_t k = 0; k < needs_.size(); ++k)
            if (is_here(needs_[k], *steps.find(needs_[k].what.step))) here.insert(k);
        return here;
    }

private:
    std::vector<need> needs_;
    bool passes_on_ = false;
    std::vector<wire::complaint> not_passed_;
};

} // namespace btard
