// btard/core/logarithm.hpp: the natural logarithm, the same bits on every machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace btard {

/// The natural logarithm of a positive number.
///
/// By +, *, / and `fma` alone, which every IEEE machine rounds alike, and not by libm, which does not.
[[nodiscard]] inline double natural_log(double x) {
    int exponent = 0;
    double m = std::frexp(x, &exponent); // [0.5, 1)
    if (m < 0.70710678118654752) {
        m *= 2;
        --exponent;
    }
    double const s = (m - 1) / (m + 1), s2 = s * s; // log m = 2 artanh s, |s| < 0.172
    double series = 0;
    for (int k = 21; k >= 1; k -= 2) series = std::fma(series, s2, 1.0 / k);
    return std::fma(double(exponent), 0.69314718055994531, 2 * s * series);
}

} // namespace btard
