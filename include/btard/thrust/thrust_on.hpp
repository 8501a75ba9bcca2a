// btard/thrust/thrust_on.hpp: the backend of a device system of Thrust: TBB, OpenMP, one thread, or CUDA.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/backend.hpp>
#include <btard/core/error.hpp>
#include <btard/thrust/columns.hpp>
#include <btard/thrust/combine.hpp>
#include <btard/thrust/gram.hpp>
#include <btard/thrust/project.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace btard {

/// The five kernels as Thrust algorithms over block numbers: `aggregate(thrust_on{}, rule, rows, weights, out)`.
///
/// Bits are those of `host`, with any device system and any number of threads; that number is the system's own
/// affair (`tbb::global_control`, `OMP_NUM_THREADS`).
///
/// With the CUDA system, rows and vectors must be memory that the device can address: managed, pinned and mapped,
/// or any memory where the system shares page tables with the device.  What the kernels make for themselves is on
/// the device; G and the coefficients are on the host.  Compile with `--expt-relaxed-constexpr`.
///
/// Workspace: about 4 MiB for `gram`, or one chunk of 512 columns of double, whichever is more; 4 MiB for `columns` of
/// more than 512 rows; nothing of the size of the rows.
struct thrust_on {
    /// The device system that this was compiled for.
    static constexpr std::string_view system = THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB   ? "tbb"
                                               : THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP ? "omp"
                                               : THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CPP ? "cpp"
                                                                                                  : "cuda";

    friend bool operator==(thrust_on const&, thrust_on const&) = default;

    template <thrust_kernels::element T>
    [[nodiscard]] bool gram(matrix_view<T const> x, start_point start, products need, std::span<T> v,
                            matrix_view<double> g) const {
        return thrust_kernels::gram<T>(x, start, need, v, g);
    }
    template <thrust_kernels::element T>
    [[nodiscard]] bool add_row(matrix_view<T const> x, std::span<bool const> arrived, std::size_t i,
                               std::span<T const> v, matrix_view<double> g) const {
        return thrust_kernels::add_row<T>(x, arrived, i, v, g);
    }
    template <thrust_kernels::element T>
    [[nodiscard]] double combine(matrix_view<T const> x, std::span<double const> a, start_point start,
                                 std::span<T> v) const {
        expects(start == start_point::given || start == start_point::origin,
                "combine starts from the given vector or from the origin, not from ", start.text());
        return thrust_kernels::combine<T>(x, a, start == start_point::given, v);
    }
    template <thrust_kernels::element T, coordinate_rule<T> A>
    [[nodiscard]] bool columns(matrix_view<T const> x, matrix_view<double const> mix, A const& rule,
                               std::span<T> v) const {
        return thrust_kernels::columns<T>(x, mix, rule, v);
    }
    template <thrust_kernels::element T>
    void project(matrix_view<T const> x, std::span<T const> v, directions z, matrix_view<double> out) const {
        thrust_kernels::project<T>(x, v, z, out);
    }
};

static_assert(backend<thrust_on> && backend<thrust_on, double> && backend<thrust_on, bfloat16> &&
              backend<thrust_on, float16>);

} // namespace btard
