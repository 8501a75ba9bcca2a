// apps/simulate/data_path.hpp: where data sets are, and complaints about them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <string>
#include <string_view>

namespace btard::apps {

/// The path itself where something is there; a relative one is then looked for in the folder that the
/// environment variable BTARD_DATA names.
///
/// @throws contract_violation: it is in neither; the sentence says where it was looked for.
[[nodiscard]] std::string find_data(std::string const& path);

/// Calls something; what it refuses is refused with the name of a setting before it: "--data: ".
template <class Call>
auto about(std::string_view setting, Call&& call) {
    try {
        return call();
    } catch (contract_violation const& wrong) {
        throw contract_violation(concat(setting, wrong.what()));
    }
}

} // namespace btard::apps
