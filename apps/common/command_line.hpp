// apps/common/command_line.hpp: from words to options; its .cpp is the only place that knows CLI11.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "given.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// What the words say.  Options keep the order of `known`, and repeated ones their own.
///
/// @param origin of all of them: "command line"
/// @param before_name begins a complaint, before "--rule": "" or "curve 'mean': "
/// @throws environment_error with `errc::bad_text`, for anything that is not one of the known options.
[[nodiscard]] std::vector<given> parse_words(std::vector<std::string> const& words,
                                             std::vector<option_info> const& known, std::string const& origin,
                                             std::string const& before_name = "");

/// The text for `--help`: the options under the headings of their groups, between two paragraphs.
[[nodiscard]] std::string help_text(std::string const& program, std::string const& about,
                                    std::vector<option_info> const& known, std::string const& after);

/// Cuts a text into words as a shell does: at blanks, but not between quotes, '...' or "...".
///
/// @throws environment_error with `errc::bad_text`: a quote does not end.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);

} // namespace btard::apps
