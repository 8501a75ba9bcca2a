// expect: the protocol cannot check this rule: it has no residual that sums to zero
// tests/compile_fail/require_verifiable_krum.cpp: no peer can check with one number a row that Krum chose that row.
// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/krum.hpp>

template struct btard::require_verifiable<btard::krum>;
