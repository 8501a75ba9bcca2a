// btard/aggregate/centered_clip.hpp: the mean, with the rows that are far away pulled back to a ball.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/huber.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// Averages the rows after pulling the far ones back to a ball of radius `tau` around the estimate.
///
///     v <- v + sum_i w_i * clip(x_i - v, tau) / sum_i w_i,   clip(d, tau) = d * min(1, tau / |d|)
///
/// With `tau = infinity` it is `mean`; with tau far below the noise it is no better than `geometric_median`.
///
/// Karimireddy, He, Jaggi. Learning from History for Byzantine Robust Optimization. ICML 2021.
/// https://arxiv.org/abs/2012.10333
/// Here: without `iterations`, to the fixed point, wherever it starts.
struct centered_clip {
    double tau = 1;                                ///< in the units of the rows
    std::optional<std::size_t> iterations = {};    ///< of the formula above
    std::optional<double> step = {};               ///< with `iterations`: the last one is the first that moves v no further
    start_point start_at = start_point::lower_median;
    double rtol = 1e-9;

    static constexpr auto name = "centered_clip";
    static constexpr auto summary = "the mean, with far rows pulled back to a ball of radius tau";
    static constexpr void describe(auto& self, auto&& field) {
        field("tau", self.tau, "clipping radius, in the units of the rows");
        field("iterations", self.iterations, "at most this many plain steps; absent: to the fixed point");
        field("step", self.step, "with iterations: end after a step of at most this L2 norm");
        field("start_at", self.start_at, "where plain steps begin, and what the rows are centred on");
        field("rtol", self.rtol, "at the fixed point, residual relative to the mean clipped distance");
    }
    friend bool operator==(centered_clip const&, centered_clip const&) = default;

    void validate() const {
        expects(tau > 0, "tau is ", tau, ", it must be positive");
        expects(rtol > 0 && rtol < 1, "rtol is ", rtol, ", it must be between 0 and 1");
        expects(!iterations || *iterations > 0, "iterations is 0, it must be 1 or more");
        expects(!step || (iterations && *step >= 0), "step is ", step.value_or(0),
                ", it must not be negative, and goes with iterations");
    }
    constexpr start_point start() const { return start_at; }
    constexpr products needs() const {
        return iterations && start_at == start_point::origin ? products::all : products::rows;
    }
    constexpr double pull(double distance) const { return distance > tau ? tau / distance : 1; }

    aggregation_report coefficients(gram_matrix const& g, std::span<double> c) const {
        if (!iterations) return huber_minimum(g, tau, rtol, c);
        begin_at(start_at, g, c);
        aggregation_report report;
        std::vector<double> move(c.size());
        while (report.iterations < *iterations) {
            clip_state const at(g, tau, c);
            double const share = at.pull / at.weight;
            for (std::size_t i = 0; i < c.size(); ++i)
                move[i] = (i < g.rows() ? at.q[i] / at.weight : 0) - product(share, c[i]);
            for (std::size_t i = 0; i < c.size(); ++i) c[i] += move[i];
            report.clipped = at.clipped; // as the public code: at the start of the last iteration
            report.last_step = length(g.products, move);
            ++report.iterations;
            if (step && report.last_step <= *step) break;
        }
        clip_state const end(g, tau, c);
        report.residual = end.residual;
        report.scale = end.scale;
        report.rounding = end.pull / end.weight;
        return report;
    }
};

static_assert(verifiable_aggregator<centered_clip>);

} // namespace btard
