// btard/run/followed_state.hpp: parameters and optimizer of a step, moved on by what a run applies.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/shared_floats.hpp>
#include <btard/run/follower_setup.hpp>
#include <btard/run/model_state.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace btard {

/// Without a state it keeps what moves the one that is being fetched.
class followed_state {
public:
    explicit followed_state(std::optional<model_state> from) : state_(std::move(from)) {}

    void set(std::optional<model_state> state) { state_ = std::move(state); }
    void clear() {
        state_.reset();
        moves_.clear();
    }
    /// What moves the parameters at the end of that step.
    void take_move(std::uint64_t step, shared_floats values) { moves_[step] = std::move(values); }
    /// Null: it is not here.
    [[nodiscard]] shared_floats const* move_at(std::uint64_t step) const {
        auto const at = moves_.find(step);
        return at == moves_.end() ? nullptr : &at->second;
    }
    /// As far as it is known what moves it.
    void catch_up(follower_setup const& setup) {
        while (state_) {
            std::uint64_t const step = state_->step;
            auto const* const values = move_at(step);
            if (values == nullptr) return;
            btard::move(*state_, setup.optimizer, setup.schedule, setup.layout, *values, setup.threads);
            setup.reached(*state_);
            while (moves_.begin()->first + 1 < step) moves_.erase(moves_.begin()); // v0, and the one before, are kept
        }
    }
    [[nodiscard]] model_state const* get() const { return state_ ? &*state_ : nullptr; }

private:
    std::optional<model_state> state_;
    std::map<std::uint64_t, shared_floats> moves_; // what is to move it, and what moved it in the last two steps
};

} // namespace btard
