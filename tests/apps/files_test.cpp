// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/files.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

using namespace btard;
using namespace btard::apps;

namespace {
std::string const folder = std::filesystem::temp_directory_path() / "btard_files_test";
} // namespace

TEST_CASE("line_file: each line is in the file at once, and an old file is replaced") {
    make_folder(folder + "/a/b");
    std::string const path = folder + "/a/b/lines";
    line_file{path}.write("old and longer");
    line_file file{path};
    file.write("one");
    CHECK(read_file(path) == "one\n");
    file.write("two");
    CHECK(read_file(path) == "one\ntwo\n");
    std::filesystem::remove_all(folder);
}

TEST_CASE("read_file: so many bytes and not one more") {
    make_folder(folder);
    std::string const path = folder + "/long";
    write_file(path, std::string(20'000, 'x') + "\n");
    CHECK(read_file(path, 20'001).size() == 20'001);
    CHECK_THROWS_WITH_AS(
        (void)read_file(path, 20'000),
        concat("'", path, "' is longer than the 20000 bytes that such a file may have").c_str(),
        environment_error);
    std::filesystem::remove_all(folder);
}

TEST_CASE("line_file: a full disk is a sentence with the name of the file") {
    if (!std::filesystem::exists("/dev/full")) return;
    line_file file{"/dev/full"};
    CHECK_THROWS_WITH_AS(file.write("x"), "cannot write '/dev/full': No space left on device",
                         environment_error);
}

TEST_CASE("files: what cannot be opened or made is a sentence") {
    CHECK_THROWS_WITH_AS(line_file{"/nowhere/x"}, "cannot write '/nowhere/x': No such file or directory",
                         environment_error);
    CHECK_THROWS_WITH_AS((void)read_file("/"), "cannot read '/': Is a directory", environment_error);
    CHECK_THROWS_AS(make_folder("/dev/null/x"), environment_error);
}

TEST_CASE("folder_lock: one at a time, and the next one when the first is gone") {
    make_folder(folder);
    {
        folder_lock const first(folder);
        CHECK_THROWS_WITH_AS(folder_lock{folder},
                             concat("another program writes into the folder '", folder, "' at this moment").c_str(),
                             environment_error);
    }
    CHECK_NOTHROW(folder_lock{folder});
    std::filesystem::remove_all(folder);
    CHECK_THROWS_AS(folder_lock{folder}, environment_error);
}
