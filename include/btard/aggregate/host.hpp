// btard/aggregate/host.hpp: the backend of this machine's processors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/host/combine.hpp>
#include <btard/aggregate/host/columns.hpp>
#include <btard/aggregate/host/compiled.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/gram.hpp>
#include <btard/aggregate/host/project.hpp>
#include <btard/core/half.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard {

/// What the rows may be made of.
template <class T>
concept host_element = std::same_as<T, float> || std::same_as<T, double> || half_precision<T>;

/// Vector instructions chosen at run time, and threads.  Neither changes a bit of any result.
///
/// Rows of a two-byte type are widened to float, exactly, while they are read; then all is as for rows of float.  What
/// is written, v0 and the result, is rounded once, from float or double.
///
/// Workspace: 8 MiB for sums (two times n^2 numbers, where that is more), and for each thread two blocks of n times
/// 528 floats, or doubles for rows of double; nothing of the size of the rows.
struct host {
    std::size_t threads = 0;                     ///< 0: as many as there are processors
    instruction_set set = instruction_set::best; ///< `best`: the widest that the machine has

    friend bool operator==(host const&, host const&) = default;

    template <host_element T>
    [[nodiscard]] bool gram(matrix_view<T const> x, start_point start, products need, std::span<T> v,
                            matrix_view<double> g) const {
        return host_kernels::gram<T>(set, workers(), x, start, need, v, g);
    }
    template <host_element T>
    [[nodiscard]] bool add_row(matrix_view<T const> x, std::span<bool const> arrived, std::size_t i,
                               std::span<T const> v, matrix_view<double> g) const {
        return host_kernels::add_row<T>(set, workers(), x, arrived, i, v, g);
    }
    template <host_element T>
    [[nodiscard]] double combine(matrix_view<T const> x, std::span<double const> a, start_point start,
                                 std::span<T> v) const {
        expects(start == start_point::given || start == start_point::origin,
                "combine starts from the given vector or from the origin, not from ", start.text());
        return host_kernels::combine<T>(set, workers(), x, a, start == start_point::given, v);
    }
    template <host_element T, coordinate_rule<T> A>
    [[nodiscard]] bool columns(matrix_view<T const> x, matrix_view<double const> mix, A const& rule,
                               std::span<T> v) const {
        return host_kernels::columns<T>(set, workers(), x, mix, rule, v);
    }
    template <host_element T>
    void project(matrix_view<T const> x, std::span<T const> v, directions z, matrix_view<double> out,
                 std::uint64_t* square_of_z = nullptr) const {
        host_kernels::project<T>(set, workers(), x, v, z, out, square_of_z);
    }

private:
    [[nodiscard]] std::size_t workers() const {
        expects(supported(set), "this machine does not have the instructions asked for: ",
                enum_names(set)[std::size_t(set)]);
        return threads == 0 ? parallel::hardware() : threads;
    }
};

static_assert(backend<host> && backend<host, double> && backend<host, bfloat16> && backend<host, float16>);

} // namespace btard
