// tests/data/sample_files.hpp: files of a test alone, packed and unpacked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/data/text.hpp>

#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

/// A folder of this test alone, gone at its end.
struct sample_folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("btard_sample_files_" + std::to_string(::getpid()));
    sample_folder() { std::filesystem::create_directory(path); }
    ~sample_folder() { std::filesystem::remove_all(path); }

    void file(std::string const& name, std::string const& content) const {
        std::ofstream(path / name, std::ios::binary) << content;
    }
};

inline std::string gzipped(std::string const& bytes) {
    ::z_stream state{};
    REQUIRE(::deflateInit2(&state, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string packed(::deflateBound(&state, bytes.size()) + 32, '\0');
    state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    state.avail_in = static_cast<uInt>(bytes.size());
    state.next_out = reinterpret_cast<Bytef*>(packed.data());
    state.avail_out = static_cast<uInt>(packed.size());
    REQUIRE(::deflate(&state, Z_FINISH) == Z_STREAM_END);
    packed.resize(state.total_out);
    ::deflateEnd(&state);
    return packed;
}

inline std::string bytes_of(std::initializer_list<int> values) {
    std::string bytes;
    for (int const value : values) bytes += static_cast<char>(value);
    return bytes;
}

/// An idx file with any header and any content.
inline std::string idx_file(int kind, std::initializer_list<std::uint32_t> shape,
                            std::string const& content) {
    std::string bytes = bytes_of({0, 0, kind, static_cast<int>(shape.size())});
    for (std::uint32_t const dimension : shape)
        for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(dimension >> shift & 0xFF);
    return bytes + content;
}

inline btard::byte_text named(std::string const& bytes, std::string const& name = "file") {
    return btard::byte_text::from_string(bytes, name);
}

/// The sentence with which a call refuses its data.
inline std::string refusal_of(auto&& call) {
    try {
        call();
    } catch (btard::environment_error const& error) {
        return error.what();
    }
    return "was not refused";
}
