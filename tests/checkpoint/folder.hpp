// tests/checkpoint/folder.hpp: what the tests of files share: a folder of their own, and what a refusal says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace btard::testing {

/// Gone at the end of the test.
struct own_folder {
    std::filesystem::path path;
    explicit own_folder(std::string const& name)
        : path(std::filesystem::temp_directory_path() /
               ("btard_" + name + "_" + std::to_string(::getpid()))) {
        std::filesystem::create_directory(path);
    }
    own_folder(own_folder const&) = delete;
    own_folder& operator=(own_folder const&) = delete;
    ~own_folder() { std::filesystem::remove_all(path); }

    std::string operator/(std::string const& name) const { return (path / name).string(); }
    long count() const { return std::distance(std::filesystem::directory_iterator(path), {}); }
};

inline std::string content_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
inline void put(std::string const& path, std::string const& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// Any other exception, or none, is a failure.
inline environment_error refusal_of(auto&& work) {
    try {
        work();
    } catch (environment_error const& error) {
        return error;
    }
    throw std::runtime_error("nothing was refused");
}

} // namespace btard::testing
