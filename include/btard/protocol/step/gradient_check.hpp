// btard/protocol/step/gradient_check.hpp: whether a gradient is the one that somebody else has computed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/train/learnable.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// How far a gradient is from the right one: the largest relative distance of a tensor.
///
///     max over tensors of |committed - right| / |right|, and of |x| sqrt(size) / |right| where the right one is 0
///
/// Optimizers that divide by the size of past gradients make a step of a number where all others have 0, however
/// small it is; and a sum that is exactly 0 on one machine may be a rounding error on another.  So each of those is
/// measured alone, by a number of usual size.
///
/// Infinite where a tensor is 0 in the right one, and not in the other.
///
/// @param layout the tensors, which cover all; empty: one
[[nodiscard]] inline double gradient_distance(std::span<tensor_layout const> layout, std::span<float const> committed,
                                              std::span<float const> right) {
    expects(committed.size() == right.size(), committed.size(), " numbers are compared with ", right.size());
    auto const of = [&](std::size_t from, std::size_t size) {
        std::vector<float> difference(size);
        double stray = 0; // the largest number in a place of 0
        for (std::size_t k = 0; k < size; ++k) {
            float const x = committed[from + k], y = right[from + k];
            if (y == 0) stray = std::max(stray, std::abs(double(x)));
            difference[k] = x - y;
        }
        double const distance = norm(std::span<float const>(difference)), length = norm(right.subspan(from, size));
        double const worst = std::max(distance, stray * std::sqrt(double(size)));
        return worst == 0 ? 0 : worst / length;
    };
    if (layout.empty()) return of(0, right.size());
    double worst = 0;
    for (auto const& tensor : layout) worst = std::max(worst, of(tensor.offset, tensor.size));
    return worst;
}

/// The gradient that a member has committed to, out of those of its rows that are shown: in ascending order, and all good,
/// or there is none.  Where none is shown it counts as right, so a distance is never larger than that of the whole.
[[nodiscard]] inline std::optional<std::vector<float>>
assembled(wire::evidence const& shown, step_state const& in, peer_id of, std::span<float const> right) {
    auto const cut = in.cut();
    if (static_cast<std::size_t>(of) >= in.record.n()) return {};
    if (!in.record.committed().contains(static_cast<std::size_t>(of))) return {};
    std::vector<float> all(right.begin(), right.end());
    for (std::size_t next = 0; auto const& row : shown.rows) {
        auto const part = static_cast<std::size_t>(row.part);
        if (row.step != in.step() || row.sender != of || part < next) return {};
        if (examine(row, in.record.root(of), cut) != arrival::good) return {};
        std::ranges::copy(row.values, cut.slice(std::span(all), row.part).begin());
        next = part + 1;
    }
    return all;
}
/// Those rows of a gradient that are here.
[[nodiscard]] inline wire::evidence rows_of_gradient(step_state const& in, peer_id of, std::uint64_t accused_in) {
    wire::evidence shown{{}, accused_in};
    for (std::size_t j = 0; j < in.record.parts().size(); ++j)
        if (auto row = in.row(part_id(j), of)) shown.rows.push_back(*std::move(row));
    return shown;
}

} // namespace btard
