// SPDX-License-Identifier: Apache-2.0
#include "data_path.hpp"

#include <btard/core/error.hpp>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace btard::apps {

namespace {

bool is_there(std::filesystem::path const& path) {
    std::error_code failure; // another failure than absence is for whoever reads the file to tell
    return std::filesystem::status(path, failure).type() != std::filesystem::file_type::not_found;
}

} // namespace

std::string find_data(std::string const& path) {
    if (is_there(path)) return path;
    expects(std::filesystem::path(path).is_relative(), "--data: there is no '", path, "'");
    char const* const sets = std::getenv("BTARD_DATA");
    expects(sets && *sets, "--data: there is no '", path,
            "' in the working directory, and BTARD_DATA, which names the folder of data sets, is not set");
    std::string const other = concat(sets, "/", path);
    expects(is_there(other), "--data: there is neither '", path, "' nor '", other,
            "', in the folder of BTARD_DATA");
    return other;
}

} // namespace btard::apps
