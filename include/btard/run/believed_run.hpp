// btard/run/believed_run.hpp: what is believed of a run that goes on elsewhere: what f + 1 of its members say alike.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/ban/transcript_check.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/tally.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Whether they are the last aggregate that stood (v0), as the context of a step has it.
[[nodiscard]] inline bool fits(std::span<tile const> tiles, std::span<float const> v0) {
    std::size_t end = 0;
    for (tile const& one : tiles) {
        if (one.begin != end || one.end <= one.begin || one.end > v0.size()) return false;
        if (hash_of(v0.subspan(end, one.end - end)) != one.hash) return false;
        end = one.end;
    }
    return end == v0.size();
}

/// Which step begins, and the hashes of what can be fetched.  Voices are counted from the roster of a step that is
/// proved, and then from those of the steps that they tell of.
class believed_run {
public:
    believed_run(digest const& run, run_rules rules) : run_(run), rules_(std::move(rules)) {}

    // ---- what came in

    /// A step that is proved.  An earlier one than is known changes nothing.
    void set_context(step_context const& context) {
        if (context.run == run_ && (!known_ || known_->step < context.step)) learn(context);
    }
    /// @return false: no honest member says this
    [[nodiscard]] bool hear(public_key const& from, wire::progress const& m) {
        auto const& [context, applied, held, snapshot] = m;
        if (!is_member(from)) return true;
        if (context.run != run_ || applied.size() > std::min<std::uint64_t>(tally::most, context.step))
            return false;
        std::size_t const enough = faults() + 1;
        std::uint64_t const oldest = context.step - applied.size();
        for (std::size_t k = 0; k < applied.size(); ++k) applied_.hear(from, oldest + k, applied[k], enough);
        held_.hear(from, context.step, held, enough);
        if (snapshot) snapshots_.hear(from, snapshot->step, snapshot->root, enough);
        if (!contexts_.hear(from, context.step, hash_of(context), enough)) return true;
        heard_ = std::max(heard_, context.step);
        if (context.step > known_->step) learn(context);
        else note(context);
        return true;
    }
    void forget_snapshot(std::uint64_t step) { snapshots_.forget(step); }

    // ---- getters

    /// The newest step; null: none yet.
    [[nodiscard]] step_context const* known() const { return known_ ? &*known_ : nullptr; }
    /// The newest step that members have told of.
    [[nodiscard]] std::uint64_t heard() const { return heard_; }
    /// Once a step is known: members that may lie.
    [[nodiscard]] std::size_t faults() const { return faults_in(*known_, rules_); }
    [[nodiscard]] bool is_member(public_key const& who) const {
        return known_ && std::ranges::find(known_->roster, who, &log_member::key) != known_->roster.end();
    }
    /// Whether a member should have it: it says of it what is believed.
    [[nodiscard]] bool has(public_key const& who, wire::fetch const& what) const {
        switch (what.what) {
        case wire::fetched::leaves:
        case wire::fetched::chunk: return snapshots_.agrees(who, what.step);
        case wire::fetched::applied: return applied_.agrees(who, what.step);
        case wire::fetched::held: return held_.agrees(who, what.step) && given_.contains(what.step);
        case wire::fetched::introduction: break;
        }
        return false;
    }
    /// (step) Roots of states.
    [[nodiscard]] std::map<std::uint64_t, digest> const& snapshots() const { return snapshots_.believed(); }
    [[nodiscard]] bool knows_applied(std::uint64_t step) const { return applied_.believed(step) != nullptr; }
    /// Whether they moved the parameters at the end of the step.
    [[nodiscard]] bool is_applied(std::uint64_t step, std::span<float const> values) const {
        auto const* const hash = applied_.believed(step);
        return hash && hash_of(values) == *hash;
    }
    [[nodiscard]] bool knows_held(std::uint64_t step) const {
        return held_.believed(step) != nullptr && given_.contains(step);
    }
    [[nodiscard]] bool is_right(wire::held const& held) const {
        auto const* const hash = held_.believed(held.step);
        return hash && hash_of(held.state) == *hash;
    }
    /// Whether a step of late starts from them.
    [[nodiscard]] bool is_v0(std::uint64_t step, std::span<float const> values) const {
        auto const at = given_.find(step);
        return at != given_.end() && fits(at->second, values);
    }

private:
    void learn(step_context const& context) {
        bool const same = known_ && known_->roster == context.roster;
        known_ = context;
        note(context);
        if (same) return;
        for (tally* const one : {&contexts_, &applied_, &held_, &snapshots_})
            one->keep_those([&](public_key const& who) { return is_member(who); });
    }
    void note(step_context const& context) {
        given_[context.step] = context.given;
        while (given_.size() > 8) given_.erase(given_.begin());
    }

    digest run_;
    run_rules rules_;
    std::optional<step_context> known_;
    std::uint64_t heard_ = 0;
    tally contexts_, applied_, held_, snapshots_;
    std::map<std::uint64_t, std::vector<tile>> given_; // of the last steps
};

} // namespace btard
