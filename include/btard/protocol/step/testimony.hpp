// btard/protocol/step/testimony.hpp: what a peer says of its own row, and what the sum of all of it must be.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/host/directions.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/product.hpp>
#include <btard/core/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard {

/// Two numbers for a row x and a part v of the aggregate, z being drawn after v was fixed.
///
///     distance = |x - v|,   projection = <z, (x - v) pull(distance)>
///
/// The residual of the rule sums to zero over all rows, and so does its projection: one number from each peer
/// shows whether the owner of the part computed it rightly.
///
/// Gorbunov, Borzunov, Diskin, Ryabinin. Secure Distributed Training at Scale. ICML 2022, section 3.
/// https://arxiv.org/abs/2106.11257
struct testimony {
    double projection = 0;
    double distance = 0;

    static constexpr void members(auto& self, auto&& member) {
        member(self.projection);
        member(self.distance);
    }
    friend bool operator==(testimony const&, testimony const&) = default;
};

/// |z| over `length` coordinates: a sum of integers, exact below 2^32 coordinates.
[[nodiscard]] inline double norm_of(directions z, std::size_t length) {
    std::array<double, 1024 + 16> block;
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < length; k += 1024) {
        std::size_t const some = std::min<std::size_t>(1024, length - k), whole = (some + 7) / 8 * 8;
        host_kernels::dispatch(instruction_set::best, [&](auto) __attribute__((always_inline)) {
            double* const from = block.data() + host_kernels::write_directions(z, k, some, block.data());
            for (std::size_t l = some; l < whole; ++l) from[l] = 0;
            sum += static_cast<std::uint64_t>(host_kernels::sum_of_squares(from, whole));
        });
    }
    return std::sqrt(static_cast<double>(sum));
}

/// The testimonies of rows: of the peer's own, when it testifies, and of all that it used, when an owner checks
/// them.  Row by row the same bits, whatever other rows stand beside it.
///
/// @param norm_of_z not null: gets |z|, which costs little here where z is made
template <class B, verifiable_aggregator A, class T>
    requires backend<B, T>
[[nodiscard]] std::vector<testimony> testify(B const& on, A const& rule, matrix_view<T const> rows,
                                             std::span<T const> aggregate, directions z,
                                             double* norm_of_z = nullptr) {
    std::vector<double> numbers(2 * rows.rows());
    matrix_view<double> const out(numbers.data(), rows.rows(), 2);
    std::uint64_t square = 0;
    if constexpr (requires { on.project(rows, aggregate, z, out, &square); }) {
        on.project(rows, aggregate, z, out, norm_of_z ? &square : nullptr);
        if (norm_of_z) *norm_of_z = std::sqrt(static_cast<double>(square));
    } else {
        on.project(rows, aggregate, z, out);
        if (norm_of_z) *norm_of_z = norm_of(z, rows.cols());
    }
    std::vector<testimony> all;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        double const dot = numbers[2 * i], distance = numbers[2 * i + 1];
        all.push_back({product(rule.pull(distance), dot), distance});
    }
    return all;
}

/// No row could lead to this testimony: its signed bytes are the evidence.
template <verifiable_aggregator A>
[[nodiscard]] bool malformed(testimony const& said, A const& rule, double norm_of_z) {
    if (!std::isfinite(said.projection) || !std::isfinite(said.distance) || said.distance < 0) return true;
    double const pulled = product(rule.pull(said.distance), said.distance);
    return std::fabs(said.projection) > pulled * norm_of_z * (1 + 1e-9);
}

/// What the checks of one part have to say.
struct sum_check {
    double sum = 0;       ///< |sum_k w_k projection_k|
    double tolerance = 0; ///< the most that an honest sum can be

    [[nodiscard]] bool passed() const { return sum <= tolerance; }
    friend bool operator==(sum_check const&, sum_check const&) = default;
};

/// The check of a part (VB), over the rows that its owner used and in their order.
///
///     |sum_k w_k projection_k| <= min(1, 8 / sqrt(length)) |z| ((1e-9 + 2^-24) sum_k w_k min(tau, distance_k)
///                                                               + 2^-24 |v| sum_k w_k pull(distance_k))
///
/// The first term is where the solver stops, and that the differences x_k - v, of which projections are made, are
/// rounded to floats: near v = 0 it is much more than the second, that v itself was rounded.  z does not know the
/// residual, so an honest projection is about |z| |residual| / sqrt(length); eight times that is passed with a
/// probability below 1e-13, and only costs that the rows are opened.
///
/// @param said    (rows) not malformed
/// @param weights (rows)
/// @param length  of the part, in coordinates
template <verifiable_aggregator A>
[[nodiscard]] sum_check check_sum(A const& rule, std::span<testimony const> said, std::span<double const> weights,
                                  std::size_t length, double norm_of_z, double norm_of_aggregate) {
    expects(said.size() == weights.size(), said.size(), " testimonies for ", weights.size(), " rows");
    double sum = 0, pulled = 0, pull = 0;
    for (std::size_t k = 0; k < said.size(); ++k) {
        double const w = weights[k], p = rule.pull(said[k].distance);
        sum += product(w, said[k].projection);
        pulled += product(w, product(p, said[k].distance));
        pull += product(w, p);
    }
    double const share = length > 64 ? 8 / std::sqrt(double(length)) : 1;
    double const stop = product(1e-9 + 0x1p-24, pulled), rounding = product(0x1p-24 * norm_of_aggregate, pull);
    return {.sum = std::fabs(sum), .tolerance = share * norm_of_z * (stop + rounding)};
}

/// The check of a part's distances (VC): too many of its rows are far from it.
///
/// @param most   Delta_max of the part
/// @param faults f: so many testimonies may be false
[[nodiscard]] inline bool too_many_far(std::span<testimony const> said, double most, std::size_t faults) {
    auto const far = static_cast<std::size_t>(
        std::ranges::count_if(said, [most](testimony const& one) { return one.distance > most; }));
    return far > 0 && far + faults >= said.size();
}

} // namespace btard
