// apps/simulate/conduct_setting.hpp: what Byzantine peers do to the protocol, as a text: only verified_peers.cpp reads it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace btard::apps {

/// An `any_conduct`, whose headers include the whole protocol.
struct conduct_setting {
    std::string value = "upright{}"; ///< with all fields
    std::string brief = "upright{}"; ///< with those that differ from their defaults

    static constexpr auto kinds = "TEXT";
    friend bool operator==(conduct_setting const&, conduct_setting const&) = default;

    [[nodiscard]] std::string const& text() const { return value; }
    [[nodiscard]] bool is_upright() const { return bare_name() == "upright"; }
    /// "slander", with a schedule or without.
    [[nodiscard]] std::string bare_name() const {
        std::string_view name = brief;
        if (name.starts_with("scheduled{")) name.remove_prefix(std::string_view("scheduled{").size());
        return std::string(name.substr(0, name.find('{')));
    }

    // Defined by verified_peers.cpp.

    /// @throws environment_error with `errc::bad_text`: it names no conduct
    [[nodiscard]] static conduct_setting from_text(std::string_view text);
    /// @throws contract_violation: a field makes no sense
    void validate() const;
    /// `never` for an upright one.
    [[nodiscard]] std::size_t first_step() const;
};

/// All that a text can name, for `--list`; defined by verified_peers.cpp.
[[nodiscard]] std::string list_of_conducts();

} // namespace btard::apps
