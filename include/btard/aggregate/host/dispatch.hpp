// btard/aggregate/host/dispatch.hpp: the choice of the instruction set at run time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/simd.hpp>

#include <array>
#include <string_view>

namespace btard {

/// Which instructions the host kernels use.  The result has the same bits with each.
enum class instruction_set { baseline, avx2, avx512, best };

constexpr std::array<std::string_view, 4> enum_names(instruction_set) { return {"baseline", "avx2", "avx512", "best"}; }

/// Can this machine execute it?
[[nodiscard]] inline bool supported(instruction_set set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (set == instruction_set::avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (set == instruction_set::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return set == instruction_set::baseline || set == instruction_set::best;
}

namespace host_kernels {

#if defined(__x86_64__)
template <class Kernel>
__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))) void run_avx512(Kernel const& kernel) {
    kernel(width<64>{});
}
template <class Kernel>
__attribute__((target("avx2,fma"))) void run_avx2(Kernel const& kernel) {
    kernel(width<32>{});
}
#endif

/// Calls `kernel(width<Bytes>{})` compiled for the instruction set.  The kernel and all that it calls must be
/// `always_inline`: a function is compiled for the set of whom it is inlined into.
///
/// Here rather than `target_clones`, which clang 14 refuses for inline functions in several translation units.
template <class Kernel>
void dispatch(instruction_set set, Kernel const& kernel) {
#if defined(__x86_64__)
    if (set == instruction_set::best)
        set = supported(instruction_set::avx512) ? instruction_set::avx512
              : supported(instruction_set::avx2) ? instruction_set::avx2
                                                 : instruction_set::baseline;
    if (set == instruction_set::avx512) return run_avx512(kernel);
    if (set == instruction_set::avx2) return run_avx2(kernel);
#endif
    kernel(width<16>{});
}

} // namespace host_kernels
} // namespace btard
