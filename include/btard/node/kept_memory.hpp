// btard/node/kept_memory.hpp: memory that is freed stays with the process: each step wants as much again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace btard {

/// For the first line of a program: with many parts of megabytes coming and going, the system would hand out, clear
/// and take back each of their pages in each step.
inline void keep_freed_memory() {
#ifdef M_MMAP_THRESHOLD
    ::mallopt(M_MMAP_THRESHOLD, 32 << 20); // the most that it takes
    ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

} // namespace btard
