// btard/core/product.hpp: a product that no compiler fuses with the addition after it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace btard {

/// a * b, rounded by itself.
///
/// Where the target has fused multiply-add, compilers contract `a * b + c`, and peers built for different targets
/// would get different bits.  Here rather than `std::fma`, which is a slow call where the hardware has none.
[[gnu::always_inline]] inline double product(double a, double b) {
    double p = a * b;
#if defined(__x86_64__) && !defined(__CUDACC__)
    asm("" : "+x"(p));
#elif defined(__aarch64__) && !defined(__CUDACC__)
    asm("" : "+w"(p));
#endif
    return p;
}

} // namespace btard
