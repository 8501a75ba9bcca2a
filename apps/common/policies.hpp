// apps/common/policies.hpp: no rules and no attacks of one's own; -D BTARD_POLICIES=FILE puts another header in its place.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tuple>

using app_aggregators = std::tuple<>; ///< rules, beside those of btard::any_rule
using app_attacks = std::tuple<>;     ///< attacks, beside those of btard::attack_choice
