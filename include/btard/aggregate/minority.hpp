// btard/aggregate/minority.hpp: the bound 2 f < n, for any f that somebody writes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <cstddef>
#include <string_view>

namespace btard {

/// For the `check(n)` of a rule that tells the honest rows by their number alone.
///
/// @throws contract_violation unless 2 f < n; twice a huge f has no room and would seem small, so it is never formed.
constexpr void expect_minority(std::string_view rule, std::size_t byzantine, std::size_t n) {
    expects(byzantine < n && byzantine < n - byzantine, rule, ": 2 * ", byzantine, " >= ", n, " rows");
}

} // namespace btard
