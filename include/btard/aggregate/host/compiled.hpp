// btard/aggregate/host/compiled.hpp: the kernels compiled once for a program of many translation units.
// SPDX-License-Identifier: Apache-2.0
#pragma once

// They are most of what is compiled where something is aggregated.  With BTARD_COMPILED_KERNELS defined, units leave them to
// one that is compiled without it and says
//
//     #include <btard/aggregate/host.hpp>
//     BTARD_HOST_KERNELS()

#include <btard/aggregate/host/combine.hpp>
#include <btard/aggregate/host/dispatch.hpp>
#include <btard/aggregate/host/gram.hpp>
#include <btard/aggregate/host/project.hpp>
#include <btard/aggregate/host/sort.hpp>
#include <btard/core/half.hpp>

/// The instances for all types of rows; `prefix` is empty, or `extern`.
#define BTARD_HOST_KERNELS(prefix)                                                                                     \
    prefix template void btard::host_kernels::column_sorter<float>::run(                                               \
        btard::instruction_set, float const*, std::size_t, float*, std::size_t, std::size_t, soon_columns) const;      \
    prefix template void btard::host_kernels::column_sorter<double>::run(                                              \
        btard::instruction_set, double const*, std::size_t, double*, std::size_t, std::size_t, soon_columns) const;    \
    BTARD_HOST_KERNELS_OF(prefix, float)                                                                               \
    BTARD_HOST_KERNELS_OF(prefix, double)                                                                              \
    BTARD_HOST_KERNELS_OF(prefix, btard::bfloat16)                                                                     \
    BTARD_HOST_KERNELS_OF(prefix, btard::float16)

#define BTARD_HOST_KERNELS_OF(prefix, T)                                                                               \
    prefix template bool btard::host_kernels::gram_pass<T>(                                                            \
        btard::instruction_set, std::size_t, btard::matrix_view<T const>, gram_cut const&, btard::start_point,         \
        pair_choice, std::span<T const>, std::span<T>, std::span<double>);                                             \
    prefix template double btard::host_kernels::combine<T>(btard::instruction_set, std::size_t,                        \
                                                           btard::matrix_view<T const>, std::span<double const>, bool, \
                                                           std::span<T>);                                              \
    prefix template void btard::host_kernels::project<T>(btard::instruction_set, std::size_t,                          \
                                                         btard::matrix_view<T const>, std::span<T const>,              \
                                                         btard::directions, btard::matrix_view<double>, std::uint64_t*);

#ifdef BTARD_COMPILED_KERNELS
BTARD_HOST_KERNELS(extern)
#endif
