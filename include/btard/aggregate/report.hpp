// btard/aggregate/report.hpp: what an aggregation tells about itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace btard {

/// What every rule reports, beside its result v.  A rule may return a struct derived from this one.
///
/// The residual of a verifiable rule is the norm of  F(v) = sum_i w_i pull_i (x_i - v) / sum_i w_i,  which is
/// zero at the exact result; `residual / scale` is relative.  The vector that is returned differs from the v of
/// `residual` by its rounding to the type of the rows, hence the second term.
struct aggregation_report {
    std::size_t iterations = 0;         ///< steps of the rule's solver, each on n numbers
    std::size_t clipped = 0;            ///< rows farther away than the clipping radius
    double residual = 0;                ///< |F(v)|, before v was rounded
    double rounding = 0;                ///< what rounding v adds to it at most
    double scale = 0;                   ///< sum_i w_i min(tau, |x_i - v|) / sum_i w_i
    double last_step = 0;               ///< how far v moved in the last iteration, L2
    double norm = 0;                    ///< |v|, doubles beyond 1e140 as 1e140; of rules with coefficients
    std::size_t rows_used = 0;          ///< rows that are finite and of positive weight
    std::vector<std::size_t> not_finite; ///< rows left out because they hold an infinity or a NaN
    std::vector<double> coefficients;   ///< whom the rule trusted: v = v0 + sum_i a_i (x_i - v0); empty if it has none

    friend bool operator==(aggregation_report const&, aggregation_report const&) = default;
};

} // namespace btard
