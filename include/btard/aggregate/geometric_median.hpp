// btard/aggregate/geometric_median.hpp: the point with the least sum of distances to the rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/huber.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// The point with the least weighted sum of distances to the rows.
///
///     v <- sum_i q_i x_i / sum_i q_i,   q_i = w_i / max(nu, |x_i - v|)      (Weiszfeld, smoothed)
///
/// Pillutla, Kakade, Harchaoui. Robust Aggregation for Federated Learning. IEEE TSP 2022.
/// https://arxiv.org/abs/1912.13445
/// Here: without `iterations`, the minimum itself, by the solver of CenteredClip: it is the same sum with tau = nu.
struct geometric_median {
    double nu = 1e-6;                           ///< distances below it count as it
    std::optional<std::size_t> iterations = {}; ///< of the formula above
    start_point start_at = start_point::lower_median;
    double rtol = 1e-9;

    static constexpr auto name = "geometric_median";
    static constexpr auto summary = "the point with the least sum of distances to the rows";
    static constexpr void describe(auto& self, auto&& field) {
        field("nu", self.nu, "distances below it count as it, in the units of the rows");
        field("iterations", self.iterations, "so many steps of Weiszfeld; absent: to the minimum");
        field("start_at", self.start_at, "where the steps begin, and what the rows are centred on");
        field("rtol", self.rtol, "at the minimum, residual relative to nu");
    }
    friend bool operator==(geometric_median const&, geometric_median const&) = default;

    void validate() const {
        expects(nu > 0, "nu is ", nu, ", it must be positive");
        expects(rtol > 0 && rtol < 1, "rtol is ", rtol, ", it must be between 0 and 1");
        expects(!iterations || *iterations > 0, "iterations is 0, it must be 1 or more");
    }
    constexpr start_point start() const { return start_at; }
    constexpr products needs() const {
        return iterations && start_at == start_point::origin ? products::all : products::rows;
    }

    aggregation_report coefficients(gram_matrix const& g, std::span<double> c) const {
        if (!iterations) return huber_minimum(g, nu, rtol, c);
        begin_at(start_at, g, c);
        aggregation_report report;
        std::vector<double> move(c.size());
        for (; report.iterations < *iterations; ++report.iterations) {
            clip_state const at(g, nu, c);
            for (std::size_t i = 0; i < c.size(); ++i) {
                double const next = i < g.rows() ? at.q[i] / at.pull : 0;
                move[i] = next - c[i];
                c[i] = next;
            }
            report.last_step = length(g.products, move);
        }
        clip_state const end(g, nu, c);
        report.residual = end.residual;
        report.scale = end.scale;
        report.clipped = end.clipped;
        report.rounding = end.pull / end.weight;
        return report;
    }
};

static_assert(aggregator<geometric_median> && !verifiable_aggregator<geometric_median>);

} // namespace btard
