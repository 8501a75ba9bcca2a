// apps/simulate/any_swarm.hpp: a swarm from settings, with or without peers that check each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"
#include "step_result.hpp"
#include "task.hpp"

#include <btard/train/any_learnable.hpp>
#include <btard/train/swarm_options.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace btard::apps {

/// What a program asks of a swarm.  One without validators is a value; one with them cannot be copied.
class any_swarm {
public:
    using observer = std::function<bool(step_report const&)>;
    struct interface {
        virtual ~interface() = default;
        virtual std::unique_ptr<interface> copy() const = 0;
        virtual std::size_t train(std::size_t, observer const&) = 0;
        virtual evaluation measure() = 0;
        virtual void set(any_attack const&, bans) = 0;
        virtual std::size_t step() const = 0;
        virtual std::span<float const> parameters() const = 0;
        virtual ban_lines lines_of(step_report const&) { return {}; }
    };

    explicit any_swarm(std::unique_ptr<interface> held) : held_(std::move(held)) {}
    /// @throws contract_violation, where peers check each other
    any_swarm(any_swarm const& other) : held_(other.held_->copy()) {}
    any_swarm(any_swarm&&) noexcept = default;
    any_swarm& operator=(any_swarm const&) = delete;
    any_swarm& operator=(any_swarm&&) noexcept = default;
    ~any_swarm() = default;

    /// As of `swarm`; an observer that returns false ends it there.
    std::size_t train(std::size_t steps, observer const& observe) { return held_->train(steps, observe); }
    [[nodiscard]] evaluation measure() { return held_->measure(); }
    /// From the next step on.
    void set(any_attack const& attack, bans mode) { held_->set(attack, mode); }
    [[nodiscard]] std::size_t step() const { return held_->step(); }
    [[nodiscard]] std::span<float const> parameters() const { return held_->parameters(); }
    /// Of the step that the observer is told of, once.
    [[nodiscard]] ban_lines lines_of(step_report const& report) { return held_->lines_of(report); }

private:
    std::unique_ptr<interface> held_;
};

/// @param one_thread whatever the settings say: several swarms train side by side
[[nodiscard]] any_swarm make_swarm(settings const& what, any_learnable task, bool one_thread);

/// The same, with a task of its own.
[[nodiscard]] inline any_swarm make_swarm(settings const& what, bool one_thread) {
    return make_swarm(what, make_task(what), one_thread);
}

// Defined by verified_peers.cpp, which takes long to compile.
[[nodiscard]] std::unique_ptr<any_swarm::interface> make_verified(settings const& what, any_learnable task,
                                                                  swarm_options options);

} // namespace btard::apps
