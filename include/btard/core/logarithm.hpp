// btard/core/logarithm.hpp: the natural logarithm, the same bits on every machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace btard {

namespace detail {

[[gnu::always_inline]] inline double natural_log(double x) {
    static constexpr double over_odd[] = {1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13, 1. / 11,
                                          1. / 9,  1. / 7,  1. / 5,  1. / 3,  1.};
    bool const subnormal = x < 0x1p-1022;
    auto const bits = std::bit_cast<std::uint64_t>(subnormal ? x * 0x1p54 : x);
    int exponent = int(bits >> 52) - (subnormal ? 1022 + 54 : 1022);
    double m = std::bit_cast<double>((bits & 0x000F'FFFF'FFFF'FFFF) | 0x3FE0'0000'0000'0000); // [0.5, 1)
    if (m < 0.70710678118654752) {
        m *= 2;
        --exponent;
    }
    double const s = (m - 1) / (m + 1), s2 = s * s; // log m = 2 artanh s, |s| < 0.172
    double series = 0;
    for (double const c : over_odd) series = std::fma(series, s2, c);
    return std::fma(double(exponent), 0.69314718055994531, 2 * s * series);
}

#if defined(__x86_64__) && !defined(__FMA__)
/// Where the instruction is not to be taken for granted, `fma` is a call: eight times slower.
[[gnu::target("fma")]] inline double natural_log_by_instruction(double x) { return natural_log(x); }
#endif

} // namespace detail

/// The natural logarithm of a positive number.
///
/// By +, *, / and `fma` alone, which every IEEE machine rounds alike, and not by libm, which does not.
[[nodiscard]] inline double natural_log(double x) {
#if defined(__x86_64__) && !defined(__FMA__)
    if (__builtin_cpu_supports("fma")) return detail::natural_log_by_instruction(x);
#endif
    return detail::natural_log(x);
}

} // namespace btard
