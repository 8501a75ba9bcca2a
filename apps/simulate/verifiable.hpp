// apps/simulate/verifiable.hpp: with which settings peers can check each other, and what becomes of `bans` where nobody gave it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <span>
#include <string>

namespace btard::apps {

/// Why peers cannot check each other with these settings, as a sentence; "": they can.
[[nodiscard]] std::string why_unverifiable(settings const& what);

/// Gives `bans` a value where it is absent: `validators`, if that is possible in all curves without a value; else
/// `none` in all of them, so that runs of one command differ in nothing that nobody asked for.
///
/// @param base the settings below the curves, whose absent value becomes the same
/// @return a sentence where it is `none`; else ""
[[nodiscard]] std::string choose_bans(std::span<curve> curves, settings& base);

} // namespace btard::apps
