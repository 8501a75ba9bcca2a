// btard/protocol/ban/chronicle.hpp: what one peer keeps of the last steps, to show third parties why somebody was banned.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/ban/replay.hpp>
#include <btard/protocol/ban/transcript_check.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/log/introduction.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/step/tribunal.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace btard {

namespace detail {
/// Gives a replay what a peer has, and writes down in a transcript what it was asked for: that alone is needed.
class noting {
public:
    /// @param has null: nothing
    noting(step_state const* has, step_transcript& into) : has_(has), into_(into) {}

    [[nodiscard]] std::optional<wire::evidence> exhibit(digest const& hash) {
        if (!has_ || !has_->shown.contains(hash)) return {};
        return noted(into_.exhibits, has_->shown.at(hash));
    }
    [[nodiscard]] std::optional<wire::row> row(part_id part, peer_id sender) {
        auto found = has_ ? has_->row(part, sender) : std::nullopt;
        if (!found) return {};
        return noted(into_.rows, *std::move(found));
    }
    [[nodiscard]] std::optional<std::vector<float>> part(part_id of, digest const&) {
        if (!has_ || has_->aggregate(of).empty()) return {};
        return floats(has_->aggregate(of));
    }
    [[nodiscard]] std::optional<std::vector<float>> given(tile const& of) {
        if (!has_ || of.end > has_->given.size()) return {};
        return floats(std::span(has_->given).subspan(of.begin, of.end - of.begin));
    }

private:
    template <class V>
    static V noted(std::vector<V>& among, V one) {
        if (std::ranges::find(among, one) == among.end()) among.push_back(one);
        return one;
    }
    [[nodiscard]] std::vector<float> floats(std::span<float const> of) {
        return noted(into_.floats, kept_floats{{of.begin(), of.end()}}).values;
    }

    step_state const* has_;
    step_transcript& into_;
};
} // namespace detail

/// The logs of three steps: what is found in one rests on the work of the step before, and who might accuse whom there
/// on the randomness of the one before that.
class chronicle {
public:
    chronicle() = default;
    /// It begins with the last step of somebody else: records that need a step before that one are not made by it.
    chronicle(std::vector<epoch_link> epochs, step_context last, std::vector<kept_log> logs)
        : epochs_(std::move(epochs)) {
        kept_.push_back({std::move(last), std::move(logs)});
    }

    /// A step is over.
    void note(step_context const& context, std::vector<kept_log> logs, run_rules const& rules) {
        if (!kept_.empty() && kept_.back().context.epoch != context.epoch)
            epochs_.push_back({context, logs.front(), end_before(context, logs.front(), rules)});
        kept_.push_back({context, std::move(logs)});
        if (kept_.size() > 3) kept_.pop_front();
    }

    [[nodiscard]] std::vector<epoch_link> const& epochs() const { return epochs_; }
    /// Of the last step.
    [[nodiscard]] std::vector<kept_log> const& logs() const { return kept_.back().logs; }

    /// For newcomers: the last step that is over, and how its roster came about.  Nothing: none is.
    [[nodiscard]] std::optional<wire::introduction> introduction() const {
        if (kept_.empty()) return {};
        return wire::introduction{epochs_, kept_.back().context, kept_.back().logs.front()};
    }
    /// The step after this one, as those began it who were there: for records of this one.
    [[nodiscard]] std::optional<epoch_link> after(std::uint64_t step) const {
        for (auto const& one : epochs_)
            if (one.context.step == step + 1) return one;
        for (auto const& one : kept_)
            if (one.context.step == step + 1) return epoch_link{one.context, one.logs.front(), {}};
        return {};
    }

    /// Why somebody was banned in the last step: as few logs and bytes as it follows from.
    ///
    /// @param at   the last step
    /// @param last the step before it; null in the first one
    /// @return nothing: it does not follow
    template <class B, verifiable_aggregator A, signer S>
    [[nodiscard]] std::optional<ban_record>
    record_of(public_key const& who, offence why, court<B, A> const& bench, run_rules const& rules,
              step_state const* at, step_state const* last, proceedings<S> const& logs) const {
        if (kept_.empty() || at == nullptr || at->step() != kept_.back().context.step) return {};
        ban_record made;
        made.why = why;
        made.step = at->step();
        for (auto const& one : kept_) {
            if (auto const& tried = one.context.probation.checked; tried && tried->who.key == who)
                made.who = tried->who;
            for (auto const& member : one.context.roster)
                if (member.key == who) made.who = member;
        }
        if (why == offence::equivocation) {
            made.twice = logs.proof_against(who);
            if (!made.twice) return {};
            auto const& [in, member] = std::pair(made.twice->in, std::size_t(made.twice->member));
            for (auto const& one : kept_) // in the life that it had then
                if (one.context.epoch == in.at.epoch && member < one.context.roster.size())
                    made.who = one.context.roster[member];
            return made;
        }
        made.epochs = epochs_;
        for (std::size_t before = 0; before < 3; ++before)
            if (follows(made, before, bench, rules, at, last)) return made;
        return {};
    }

private:
    struct kept_step {
        step_context context;
        std::vector<kept_log> logs;
    };

    /// What the link to this epoch needs beside its COMMIT: nothing, where a quorum of the epoch before is in that.
    [[nodiscard]] std::optional<epoch_end> end_before(step_context const& context, kept_log const& commits,
                                                      run_rules const& rules) const {
        auto const& [last, logs] = kept_.back();
        std::uint64_t const lost = epochs_.empty() ? 0 : epochs_.back().context.lost(); // as `check_epochs` has it
        std::size_t const n = last.roster.size(), quorum = quorum_of(n, rules.faults_among(n, lost));
        auto const signers = supporters(commits, context);
        auto const is_in = [&](log_member const& one) { return std::ranges::find(signers, one) != signers.end(); };
        if (std::size_t(std::ranges::count_if(last.roster, is_in)) >= quorum) return {};
        auto const misses = [](kept_log const& log) {
            return std::ranges::any_of(log.certificate.list,
                                       [](auto const& one) { return one.kind != entry_kind::body; });
        };
        auto end = logs.end();
        while (end - logs.begin() > 1 && !misses(*(end - 1))) --end;
        return epoch_end{last, {logs.begin(), end}};
    }
    /// Fills in the steps of the record.
    ///
    /// @param before 0: without the step before; 1: with its draw; 2: with its verdicts
    template <class B, verifiable_aggregator A>
    [[nodiscard]] bool follows(ban_record& record, std::size_t before, court<B, A> const& bench,
                               run_rules const& rules, step_state const* at, step_state const* last) const {
        std::size_t const count = std::min(before + 1, kept_.size());
        auto& steps = record.steps;
        steps.assign(count, {});
        std::deque<detail::noting> sources;
        std::deque<step_replay<B, A, detail::noting>> replays;
        for (std::size_t k = 0; k < count; ++k) {
            auto const& from = kept_[kept_.size() - count + k];
            bool const newest = k + 1 == count;
            steps[k].context = from.context;
            sources.emplace_back(newest ? at : k + 2 == count ? last : nullptr, steps[k]);
            auto* const earlier = replays.empty() ? nullptr : &replays.back();
            auto& now =
                replays.emplace_back(bench, rules, steps[k].context, sources.back(), earlier, !newest);
            bool const whole = before == 2 && (k > 0 || from.context.step == 0);
            auto const end = std::uint8_t(newest ? phase::open : whole ? phase::vote : phase::reveal);
            bool found = false;
            for (auto const& log : from.logs) {
                if (found || log.certificate.at.phase > end) {
                    steps[k].later.push_back(head_of(log));
                    continue;
                }
                if (!now.read(log)) return false;
                steps[k].logs.push_back(log);
                found = newest && now.finds(record.who.key, record.why);
            }
            if (found) return true;
        }
        return false;
    }

    std::deque<kept_step> kept_;
    std::vector<epoch_link> epochs_;
};

} // namespace btard
