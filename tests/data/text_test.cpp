// tests/data/text_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/data/text.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

using namespace btard;

namespace {

/// A folder of this test alone, gone at its end.
struct scratch_folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("btard_text_test_" + std::to_string(::getpid()));
    scratch_folder() { std::filesystem::create_directory(path); }
    ~scratch_folder() { std::filesystem::remove_all(path); }

    std::string file(std::string const& name, std::string const& content) const {
        std::ofstream(path / name, std::ios::binary) << content;
        return (path / name).string();
    }
};

environment_error failure_of(std::string const& path) {
    try {
        (void)byte_text::from_file(path);
    } catch (environment_error const& error) {
        return error;
    }
    FAIL("a text came from " << path);
    throw;
}

} // namespace

TEST_CASE("byte_text: a file is seen byte for byte, zeros and bytes above 127 among them") {
    scratch_folder const folder;
    std::string const content("In the\0beginning\xff\n", 18);
    auto const text = byte_text::from_file(folder.file("text", content));
    CHECK(text.bytes() == content);
    CHECK(text.size() == 18);
    CHECK(text.name() == (folder.path / "text").string());
}

TEST_CASE("byte_text: copies share the bytes, which live as long as the last copy, file or not") {
    scratch_folder const folder;
    auto const path = folder.file("text", "In the beginning");
    std::optional<byte_text> first = byte_text::from_file(path);
    byte_text const second = *first;
    CHECK(second.bytes().data() == first->bytes().data());
    first.reset();
    std::filesystem::remove(path);
    CHECK(second.bytes() == "In the beginning");
}

TEST_CASE("byte_text: a string moves in, and keeps its place when the text is copied") {
    auto const text = byte_text::from_string("In the beginning", "genesis");
    byte_text const copy = text;
    CHECK(copy.bytes() == "In the beginning");
    CHECK(copy.bytes().data() == text.bytes().data());
    CHECK(copy.name() == "genesis");
}

TEST_CASE("byte_text: what cannot be a text is refused with a sentence that names the file") {
    scratch_folder const folder;
    std::string const here = folder.path.string();

    auto const missing = failure_of(here + "/missing");
    CHECK(missing.code() == std::errc::no_such_file_or_directory);
    CHECK(missing.what() == "cannot open the file '" + here + "/missing': No such file or directory");

    auto const directory = failure_of(here);
    CHECK(directory.code() == std::errc::is_a_directory);
    CHECK(directory.what() == "cannot read the file '" + here + "': Is a directory");

    auto const empty = failure_of(folder.file("empty", ""));
    CHECK(empty.code() == errc::bad_data);
    CHECK(empty.what() == "the file '" + here + "/empty' is empty");

    auto const device = failure_of("/dev/null");
    CHECK(device.code() == errc::bad_data);
    CHECK(device.what() == std::string{"the file '/dev/null' is not a regular file"});

    CHECK_THROWS_AS((void)byte_text::from_string(""), environment_error);
}
