// apps/common/config_file.hpp: a configuration file: the flat part of TOML.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "given.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// Reads lines such as these; the values of an array are several values of one name, each from its own line,
/// at least one.
///
///     peers = 16                              # a comment
///     rule = 'centered_clip{.tau = 1}'        # as it stands; between "..." are \" \\ \n \t
///     optimizer.learning_rate = 0.02          # a dotted name is a name with a dot: there are no tables
///     curve = ["a: --rule 'mean{}'", "b:"]    # over several lines if need be
///
/// Here: not CLI11's reader, which forgets the line of a value, takes a `#` between quotes for a comment, and
/// splits what stands between quotes at its commas.
///
/// @param name how complaints and origins call the text
/// @throws environment_error with `errc::bad_text`: the line, what is wrong, and what would be right.
[[nodiscard]] std::vector<given> parse_config(std::string_view text, std::string const& name);

/// Refuses an array for what is given once only: of several values the last one would win, without a word.
///
/// @throws environment_error with `errc::bad_text`.
void refuse_arrays(std::vector<given> const& file, std::vector<option_info> const& known);

/// @throws environment_error, also when the file cannot be read, or has more than 1 MiB.
[[nodiscard]] std::vector<given> read_config(std::string const& path);

} // namespace btard::apps
