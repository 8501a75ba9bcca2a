// btard/aggregate/parts.hpp: each part of the vectors aggregated by itself, as a butterfly all-reduce does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/report.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/parallel.hpp>
#include <btard/core/partition.hpp>
#include <btard/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard {

/// One report out of those of the parts: lengths by Pythagoras, counts of the worst part, rows that are not
/// finite in any of them, and coefficients averaged over the coordinates.
[[nodiscard]] inline aggregation_report merged(std::span<aggregation_report const> reports,
                                               partition const& cut) {
    aggregation_report all;
    all.rows_used = reports.empty() ? 0 : reports.front().rows_used;
    auto const add_length = [](double& sum, double length) { sum = std::hypot(sum, length); };
    for (std::size_t k = 0; k < reports.size(); ++k) {
        auto const& part = reports[k];
        all.iterations = std::max(all.iterations, part.iterations);
        all.clipped = std::max(all.clipped, part.clipped);
        all.rows_used = std::min(all.rows_used, part.rows_used);
        add_length(all.residual, part.residual);
        add_length(all.rounding, part.rounding);
        add_length(all.scale, part.scale);
        add_length(all.last_step, part.last_step);
        add_length(all.norm, part.norm);
        all.not_finite.insert(all.not_finite.end(), part.not_finite.begin(), part.not_finite.end());
        all.coefficients.resize(std::max(all.coefficients.size(), part.coefficients.size()));
        double const share = double(cut.size(static_cast<part_id>(k))) / double(cut.size());
        for (std::size_t i = 0; i < part.coefficients.size(); ++i)
            all.coefficients[i] = std::fma(share, part.coefficients[i], all.coefficients[i]);
    }
    std::sort(all.not_finite.begin(), all.not_finite.end());
    all.not_finite.erase(std::unique(all.not_finite.begin(), all.not_finite.end()), all.not_finite.end());
    return all;
}

/// Cuts the rows into parts and aggregates each by itself, on the threads of `on`.  A radius or a distance of
/// the rule is then one of the part's, not of the whole vector's.
template <aggregator A>
aggregation_report aggregate_parts(host const& on, A const& rule, matrix_view<float const> rows,
                                   std::span<double const> weights, std::span<float> out,
                                   partition const& cut, seed public_seed = {}) {
    expects(cut.size() == rows.cols(), "the parts are those of ", cut.size(), " elements, the rows have ", rows.cols());
    if (cut.parts() == 1) return aggregate(on, rule, rows, weights, out, public_seed);
    std::vector<aggregation_report> reports(cut.parts());
    // More parts than elements: the last ones are empty, and nothing is to be done for them.
    std::size_t const parts = std::min(cut.parts(), cut.size());
    parallel::run(parts, on.threads, [&](std::size_t k, std::size_t) {
        part_id const part{static_cast<std::uint32_t>(k)};
        std::vector<float const*> begins(rows.rows());
        for (std::size_t i = 0; i < begins.size(); ++i) begins[i] = rows.row_data(i) + cut.begin(part);
        matrix_view<float const> const slice(std::span<float const* const>(begins), cut.size(part));
        reports[k] =
            aggregate(on, rule, slice, weights, cut.slice(out, part), derive(public_seed, "part", {k}));
    });
    return merged(std::span(reports).first(parts), cut);
}

} // namespace btard
