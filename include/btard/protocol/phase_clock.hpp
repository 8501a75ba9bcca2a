// btard/protocol/phase_clock.hpp: when a member speaks in each phase, and how long it waits for the others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/log/epochs.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/protocol/needs.hpp>
#include <btard/protocol/step/agreed_deadlines.hpp>
#include <btard/protocol/step/deadline_table.hpp>
#include <btard/protocol/step/observed_times.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// The time of a phase counts from when the one before was closed for sure, by the clock of this member.
class phase_clock {
public:
    explicit phase_clock(step_timing const& settings)
        : settings_(settings), deadlines_(settings), observed_(settings.renew_every) {}
    /// Of a member that comes in: with what is on, and from when its first step counts.
    phase_clock(step_timing const& settings, deadline_table const& on, time_point from)
        : settings_(settings), deadlines_(settings, on), observed_(settings.renew_every), base_(from),
          short_base_(from) {}

    // ---- phases

    /// @return when its broadcast has to be over
    phase_times enter(phase next, step_state const& at, time_point now) {
        auto const t = times_of(next);
        auto const work = work_of(next, at);
        entered_ = now;
        speak_at_ = std::max(base_, now) + work;
        return {speak_at_ + t.body, std::max(now, short_base_) + work + t.body, t.interval, t.question};
    }
    /// The broadcast before was closed in a better way than it seemed: what counts from it is earlier.
    ///
    /// @return the deadline of the one that is going on
    time_point hasten(phase of, step_state const& at, time_point from) {
        base_ = std::min(base_, from);
        speak_at_ = std::min(speak_at_, base_ + work_of(of, at));
        return speak_at_ + times_of(of).body;
    }
    /// @param whole      everybody has said something in it
    /// @param next_from  see `proceedings`
    /// @param short_from for those that were silent in it
    void close(phase of, bool whole, time_point now, time_point next_from, time_point short_from) {
        observed_.note(of, now - entered_, whole);
        base_ = next_from;
        short_base_ = short_from;
    }
    /// What is pushed is asked for only after so long.
    [[nodiscard]] std::chrono::nanoseconds patience(phase of, step_state const& at) const {
        auto const work = work_of(of, at);
        auto const arrives = of == phase::result ? work - time_to_pass_on(at) : work;
        return std::max(settings_.question, arrives / 2);
    }
    [[nodiscard]] time_point speak_at() const { return speak_at_; } ///< at the latest
    /// By then a row that does not go straight to its owner must be half of the way.
    [[nodiscard]] time_point pass_by(step_state const& at) const { return speak_at_ - time_to_pass_on(at); }
    /// From when the time of the next phase counts.
    [[nodiscard]] time_point base() const { return base_; }

    // ---- what members agree on

    [[nodiscard]] agreed_deadlines const& deadlines() const { return deadlines_; } ///< of the step, or the next one
    /// To be said in COMMIT.
    [[nodiscard]] std::optional<deadline_table> proposal(std::uint64_t step) const {
        return observed_.proposal(step, deadlines_);
    }
    void read(agreed_log<wire::commit> const& log) {
        proposals_.clear();
        for (auto const& entry : log)
            if (entry.present()) proposals_.push_back(entry.body.deadlines.is);
    }
    /// Its own gradient took so long: perhaps longer than COMMIT lasted, if it was begun before that.
    void note_gradient(std::chrono::nanoseconds took) { observed_.note_gradient(took); }
    /// @param removed after it
    /// @param faults  see `agreed_deadlines`
    /// @param next    the members of the next step
    void end_step(step_state const& at, std::span<act::removed const> removed, std::size_t faults,
                  roster const& next) {
        observed_.end_step(deadlines_.now());
        auto const absent = std::ranges::count(removed, offence::absence, &act::removed::why);
        bool const comes_in = !std::ranges::all_of(
            next.members(), [&](log_member const& one) { return at.members->find(one.key).has_value(); });
        if (deadlines_.finish(at.step(), proposals_, std::size_t(absent), faults, comes_in)) observed_.forget();
    }

private:
    /// Who is late for what was agreed on waits before it may come back, and no more: where it costs points, a strike
    /// or a ban, the settings hold, as in phases that are too rare to be observed.
    [[nodiscard]] step_timing times_of(phase of) const {
        bool const agreed = of == phase::commit || of == phase::testimony || of == phase::accuse;
        return agreed ? deadlines_.timing() : settings_;
    }
    /// Until a member has to speak.
    [[nodiscard]] std::chrono::nanoseconds work_of(phase of, step_state const& at) const {
        auto const t = times_of(of);
        switch (of) {
        case phase::commit: return t.gradient;
        case phase::accuse: return t.gradient + t.bulk;
        case phase::result: return time_to_make_parts(at.record, t).all;
        case phase::have: return time_to_show_rows(at.record, t);
        case phase::vote: return time_to_judge(at, t);
        case phase::share: return t.body;
        default: return t.bulk;
        }
    }
    [[nodiscard]] std::chrono::nanoseconds time_to_pass_on(step_state const& at) const {
        return time_to_make_parts(at.record, settings_).to_pass_on;
    }

    step_timing settings_;
    agreed_deadlines deadlines_;
    observed_times observed_;
    std::vector<std::optional<deadline_table>> proposals_; // of those present in COMMIT
    time_point speak_at_{}, base_{}, short_base_{}, entered_{};
};

} // namespace btard
