// tests/thrust/threads.hpp: a device system held to a number of threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/thrust/thrust_on.hpp>

#include <cstddef>

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
#include <tbb/global_control.h>
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
#include <omp.h>
#endif

/// Calls f for each number of threads that the system can be told to use.
template <class F>
void with_threads(F const& f) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CPP
    f(std::size_t{1});
#else
    for (std::size_t const threads : {1u, 2u, 3u, 8u}) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
        tbb::global_control const held(tbb::global_control::max_allowed_parallelism, threads);
        f(threads);
#else
        int const before = omp_get_max_threads();
        omp_set_num_threads(int(threads));
        f(threads);
        omp_set_num_threads(before);
#endif
    }
#endif
}
