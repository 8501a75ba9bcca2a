// btard/train/schedule.hpp: how the learning rate changes in the course of a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <utility>
#include <variant>

namespace btard {

namespace detail {
/// From 0 to 1 in `steps` steps; 1 at once if there are none.
[[nodiscard]] constexpr double warm_up_factor(std::size_t step, std::size_t steps) {
    return step < steps ? double(step + 1) / double(steps) : 1.0;
}
/// The part of the way from `begin` to `end` that still lies ahead: 1 before `begin`, 0 from `end` on.
[[nodiscard]] constexpr double way_ahead(std::size_t step, std::size_t begin, std::size_t end) {
    return step >= end ? 0.0 : step <= begin ? 1.0 : double(end - step) / double(end - begin);
}
} // namespace detail

/// The optimizer's own learning rate at every step.
///
/// A learning-rate schedule has `factor(step)`, by which that rate is multiplied; the first step is 0.
struct constant_rate {
    static constexpr auto name = "constant_rate";
    static constexpr auto summary = "the same learning rate at every step";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(constant_rate const&, constant_rate const&) = default;

    [[nodiscard]] static constexpr double factor(std::size_t) { return 1; }
};

/// Grows linearly during the warm-up, then falls linearly to zero at the end.
///
///     (step + 1) / warm_up,   then   (total - step) / (total - warm_up)
///
/// The defaults are those of ALBERT in the BTARD paper.
struct linear_decay {
    std::size_t warm_up = 5'000; ///< steps
    std::size_t total = 125'000; ///< steps, the warm-up among them

    static constexpr auto name = "linear_decay";
    static constexpr auto summary = "linear warm-up, then linear decay to zero";
    static constexpr void describe(auto& self, auto&& field) {
        field("warm_up", self.warm_up, "steps in which the rate grows from zero");
        field("total", self.total, "the step from which on the rate is zero");
    }
    friend bool operator==(linear_decay const&, linear_decay const&) = default;

    constexpr void validate() const {
        expects(total > warm_up, "total is ", total, ", it must be more than the ", warm_up,
                " steps of warm_up");
    }
    [[nodiscard]] constexpr double factor(std::size_t step) const {
        return step < warm_up ? detail::warm_up_factor(step, warm_up)
                              : detail::way_ahead(step, warm_up, total);
    }
};

/// Grows linearly during the warm-up, then falls to zero along half a period of a cosine.
///
///     (step + 1) / warm_up,   then   (1 + cos(pi (step - warm_up) / (total - warm_up))) / 2
///
/// Loshchilov, Hutter. SGDR: Stochastic Gradient Descent with Warm Restarts. ICLR 2017.
/// https://arxiv.org/abs/1608.03983
struct cosine_decay {
    std::size_t warm_up = 0;    ///< steps
    std::size_t total = 25'000; ///< steps, the warm-up among them

    static constexpr auto name = "cosine_decay";
    static constexpr auto summary = "linear warm-up, then half a period of a cosine, down to zero";
    static constexpr void describe(auto& self, auto&& field) {
        field("warm_up", self.warm_up, "steps in which the rate grows from zero");
        field("total", self.total, "the step from which on the rate is zero");
    }
    friend bool operator==(cosine_decay const&, cosine_decay const&) = default;

    constexpr void validate() const {
        expects(total > warm_up, "total is ", total, ", it must be more than the ", warm_up,
                " steps of warm_up");
    }
    /// With t the way ahead, (1 + cos(pi (1 - t))) / 2 = sin^2(pi t / 2), by its own series: the sine of libm
    /// differs from machine to machine, and peers must agree.
    [[nodiscard]] double factor(std::size_t step) const {
        if (step < warm_up) return detail::warm_up_factor(step, warm_up);
        double const x = 1.57079632679489662 * detail::way_ahead(step, warm_up, total), x2 = x * x;
        double series = 1;
        for (int k = 20; k >= 2; k -= 2) series = std::fma(-x2 / (k * (k + 1)), series, 1.0);
        return (x * series) * (x * series);
    }
};

/// One of them, chosen at run time.
using learning_rate_schedule = std::variant<constant_rate, linear_decay, cosine_decay>;

[[nodiscard]] inline double factor_at(learning_rate_schedule const& schedule, std::size_t step) {
    return std::visit([step](auto const& one) { return one.factor(step); }, schedule);
}

/// The schedule of a run that goes on from the checkpoint of another: so many of its steps are over before step 0.
struct continued_schedule {
    learning_rate_schedule all = constant_rate{};
    std::size_t done = 0; ///< steps

    continued_schedule() = default;
    template <class S>
        requires std::constructible_from<learning_rate_schedule, S>
    continued_schedule(S of_all_steps, std::size_t before = 0) : all(std::move(of_all_steps)), done(before) {}
};

[[nodiscard]] inline double factor_at(continued_schedule const& schedule, std::size_t step) {
    return factor_at(schedule.all, schedule.done + step);
}

} // namespace btard
