// btard/run/held_download.hpp: what a member has to know beside the parameters, until all its floats are here.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/run/believed_run.hpp>
#include <btard/run/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace btard {

/// The last aggregates that stood come along only where they are not what moved the parameters, or that is not known.
class held_download {
public:
    explicit held_download(std::uint64_t step) : step_(step) {}

    /// The question for it, once its hash is believed.
    [[nodiscard]] wire::fetch const& question(believed_run const& run) {
        bool const knows_moves = step_ >= 2 && run.knows_applied(step_ - 1) && run.knows_applied(step_ - 2);
        if (!question_) question_ = {wire::fetched::held, step_, !knows_moves};
        return *question_;
    }
    /// @param what its hash is believed
    void take(public_key const& from, wire::held what) {
        from_ = from;
        got_ = std::move(what);
    }
    /// Its floats, as far as they are here.
    ///
    /// @param moved `shared_floats const*(step)`: what moved the parameters at the end of that step, null: not known
    /// @return false: they are not those of the step
    template <class F>
    [[nodiscard]] bool fill(believed_run const& run, std::size_t size, F&& moved) {
        auto& [given, before, fallen] = got_->floats;
        auto const fill_one = [&](shared_floats& floats, std::uint64_t back) {
            if (!floats.empty() || question_->index == 1) return;
            if (shared_floats const* const found = moved(step_ - back)) floats = *found;
        };
        fill_one(given, 1);
        fill_one(before, 2);
        if (given.empty() || before.empty()) return question_->index == 0;
        std::size_t left = size;
        for (auto const& one : fallen) left -= std::min(left, one.values.size());
        done_ =
            run.is_v0(step_, given) && fits(got_->state.last.given, before) && (left > 0 || fallen.empty());
        return done_;
    }

    [[nodiscard]] std::uint64_t step() const { return step_; }
    [[nodiscard]] public_key const& from() const { return from_; }
    [[nodiscard]] bool has_state() const { return got_.has_value(); }
    /// Whether what moved the parameters at the end of that step belongs to it, and is not here.
    [[nodiscard]] bool lacks(std::uint64_t step) const {
        if (!got_ || question_->index == 1) return false;
        auto const& [given, before, fallen] = got_->floats;
        return (step + 1 == step_ && given.empty()) || (step + 2 == step_ && before.empty());
    }
    [[nodiscard]] wire::held const* result() const { return done_ ? &*got_ : nullptr; }

private:
    std::uint64_t step_;
    public_key from_{};
    std::optional<wire::fetch> question_;
    std::optional<wire::held> got_;
    bool done_ = false;
};

} // namespace btard
