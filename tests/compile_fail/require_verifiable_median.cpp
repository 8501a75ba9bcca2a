// expect: the protocol cannot check this rule: it has no residual that sums to zero
// tests/compile_fail/require_verifiable_median.cpp: nor that a vector is the median of each coordinate.
// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/coordinate_median.hpp>

template struct btard::require_verifiable<btard::coordinate_median>;
