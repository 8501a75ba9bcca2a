// apps/simulate/axes.hpp: settings of which several were given.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"
#include "sweep.hpp"

#include "../common/given.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// What was given several times, before it is made into a sweep.
class axes {
public:
    /// Takes the axes out of a layer; they replace those of lower layers, and so does a single value, which
    /// is left there.
    ///
    /// @throws environment_error: no seeds, or a field (`--rule.tau`) of which nobody knows whose it is.
    void take_from(std::vector<given>& layer);

    [[nodiscard]] bool empty() const {
        return rules_.empty() && attacks_.empty() && conducts_.empty() && seeds_.empty();
    }

    /// The lines of a configuration file for them, and the names of the settings that they stand for.
    [[nodiscard]] std::string config_text() const;
    [[nodiscard]] std::vector<std::string> names() const;

    /// Fills the axes of `shown`, and gives one curve for each run, not yet checked.
    ///
    /// @throws environment_error, contract_violation: a rule that cannot be read, or is there twice.
    [[nodiscard]] std::vector<curve> product(settings const& base, sweep& shown) const;

private:
    std::vector<given> rules_, attacks_, conducts_, seed_texts_;
    std::vector<std::uint64_t> seeds_;
};

/// `0..4`, `0,3,7`, `0..2,7`: both ends belong to it.
///
/// @throws environment_error with `errc::bad_text`.
[[nodiscard]] std::vector<std::uint64_t> read_seeds(std::string_view text);

} // namespace btard::apps
