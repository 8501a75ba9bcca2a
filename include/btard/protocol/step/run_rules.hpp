// btard/protocol/step/run_rules.hpp: what all peers of a run must agree on, beside task, rule and optimizer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/protocol/step/probation_rules.hpp>
#include <btard/protocol/step/standing.hpp>
#include <btard/protocol/step/step_record.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace btard {

/// How long members wait for each other.  All broadcasts close as soon as everybody has spoken: this is what it costs
/// when somebody does not.
struct step_timing {
    std::chrono::nanoseconds gradient = std::chrono::seconds(60);          ///< to compute one, and to move parameters
    std::chrono::nanoseconds bulk = std::chrono::seconds(30); ///< until parts and aggregates have arrived
    std::chrono::nanoseconds body = std::chrono::seconds(3);               ///< until what is said has arrived
    std::chrono::nanoseconds question = std::chrono::milliseconds(1'500);  ///< a question and its answer
    std::chrono::nanoseconds interval = std::chrono::seconds(6);           ///< of a relay: four questions
    /// Steps from one agreement on shorter ones to the next; 0: the first three are fixed.  See `agreed_deadlines`.
    std::uint64_t renew_every = 0;
    std::chrono::nanoseconds floor = std::chrono::seconds(10); ///< none of them gets shorter, nor than a question

    friend bool operator==(step_timing const&, step_timing const&) = default;

    void validate() const {
        expects(question.count() > 0 && body >= question && bulk >= question && gradient >= question,
                "a question takes longer than what is waited for, or no time");
        expects(bulk >= 6 * question, "rows have less than six questions of time: members may be three apart, and "
                                      "one that was lost must be asked for, and come");
        expects(interval >= 4 * question,
                "the interval of a relay must be four questions long: peers may be three apart");
        expects(renew_every <= 10'000, "deadlines that are agreed on every ", renew_every,
                " steps: each member keeps so many times; 10,000 at most");
    }
};

struct run_rules {
    std::size_t faults = 0;           ///< f: members that may lie, or crash inside one phase
    std::size_t validators = 1;       ///< m: members that recompute somebody's step, in each step
    std::uint32_t quota = 1;          ///< the most microbatches of a worker
    std::optional<double> far =
        {}; ///< Delta_max: a part is opened when at most f of its rows are nearer; absent: learned
    double tolerance = 0;             ///< T: how far gradients of honest members may be apart; see `court`
    std::uint64_t state_every = 16;   ///< steps between checks that all have the same parameters
    standing_rules standing = {};
    probation_rules probation = {};
    step_timing timing = {};

    friend bool operator==(run_rules const&, run_rules const&) = default;

    void validate(std::size_t members) const {
        standing.validate();
        probation.validate();
        timing.validate();
        expects(members > 0, "a run without members");
        expects(members == 1 || members >= 2 * faults + validators + 1, members, " members are too few for ", faults,
                " that may lie and ", validators, " validators; there must be ", 2 * faults + validators + 1);
        expects(quota > 0, "a quota of 0 microbatches");
        expects(state_every > 0, "a check of the parameters every 0 steps");
        validate_tolerance();
        // A newcomer shows no rows, so near cannot be told from far: two validators that lie could let in whom they like.
        expects(tolerance == 0 || probation.admits == admission::nobody,
                "newcomers are let in, and gradients may differ by ", tolerance,
                ": a newcomer shows only the root of its gradient, which must be right to the last bit");
    }
    void validate_tolerance() const {
        expects(tolerance >= 0 && tolerance < 0.5, "a tolerance of ", tolerance,
                ": it is relative to the gradient, twice as much goes through, so it must be 0 or more, and "
                "below 0.5");
    }
    /// @param lost see `faults_among`
    [[nodiscard]] step_rules of_step(std::size_t lost) const { return {quota, validators, faults, lost}; }

    /// f of a smaller roster: bans lower it, and a majority must be left.
    ///
    /// @param lost members that were banned, and that nobody has replaced
    [[nodiscard]] std::size_t faults_among(std::size_t members, std::size_t lost) const {
        return std::min(faults - std::min(faults, lost), (members - std::min<std::size_t>(members, 1)) / 2);
    }
};

} // namespace btard
