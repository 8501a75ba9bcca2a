// tests/crypto/key_file_test.cpp: files that hold a key safely, and all the others.
// SPDX-License-Identifier: Apache-2.0
#include "hex.hpp"
#include "rfc8032.hpp"

#include <btard/core/error.hpp>
#include <btard/crypto/key_file.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <system_error>

using namespace btard;

namespace {

/// A folder of this test alone, gone at its end.
struct key_folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("btard_key_file_test_" + std::to_string(::getpid()));
    key_folder() { std::filesystem::create_directory(path); }
    ~key_folder() { std::filesystem::remove_all(path); }

    std::string operator/(std::string const& name) const { return (path / name).string(); }
    std::size_t count() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
    }
};

std::string content(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

unsigned mode_of(std::string const& path) {
    struct ::stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode & 07777u;
}

environment_error failure_of(auto&& work) {
    try {
        work();
    } catch (environment_error const& error) {
        return error;
    }
    FAIL("nothing was refused");
    throw;
}

identity known() {
    auto const seed = bytes_of(rfc8032[0].secret);
    return identity::from_seed(std::span<std::byte const, 32>(seed.data(), 32));
}

} // namespace

TEST_CASE("key file: what is written is read again, whatever umask is set, and nothing else is left behind") {
    key_folder const folder;
    for (unsigned const mask : {0u, 022u, 077u, 0777u}) {
        auto const path = folder / ("peer.key" + std::to_string(mask));
        auto const before = ::umask(static_cast<::mode_t>(mask));
        write_key_file(path, known());
        ::umask(before);
        CHECK(mode_of(path) == 0600);
        CHECK(read_key_file(path).key() == known().key());
        CHECK(content(path).size() == pem_size);
    }
    CHECK(folder.count() == 4);
}

TEST_CASE("key file: a path without a folder is one in the working directory") {
    key_folder const folder;
    auto const before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path);
    write_key_file("peer.key", known());
    auto const read = read_key_file("peer.key");
    std::filesystem::current_path(before);
    CHECK(read.key() == known().key());
    CHECK(folder.count() == 1);
}

TEST_CASE("key file: a file that is there is kept, and replaced only where that is asked for") {
    key_folder const folder;
    auto const path = folder / "peer.key";
    std::ofstream(path) << "mine";
    auto const refused = failure_of([&] { write_key_file(path, known()); });
    CHECK(refused.code() == std::errc::file_exists);
    CHECK(refused.what() == "cannot write the key file '" + path + "': File exists");
    CHECK(content(path) == "mine");
    CHECK(folder.count() == 1);

    write_key_file(path, known(), existing_key::replace);
    CHECK(mode_of(path) == 0600);
    CHECK(read_key_file(path).key() == known().key());
    write_key_file(path, identity::generate(), existing_key::replace);
    CHECK(read_key_file(path).key() != known().key());
    CHECK(folder.count() == 1);
}

TEST_CASE("key file: a symbolic link is not followed: neither written through nor read") {
    key_folder const folder;
    auto const link = folder / "link.key", target = folder / "target.key";
    std::filesystem::create_symlink(target, link); // leads nowhere yet
    CHECK(failure_of([&] { write_key_file(link, known()); }).code() == std::errc::file_exists);
    CHECK_FALSE(std::filesystem::exists(target));

    write_key_file(target, known());
    auto const refused = failure_of([&] { (void)read_key_file(link); });
    CHECK(refused.code() == errc::unsafe_key);
    CHECK(refused.what() ==
          "the key file '" + link + "' is a symbolic link; give the path of the file itself");

    write_key_file(link, identity::generate(), existing_key::replace); // the link goes, its target stays
    CHECK(read_key_file(target).key() == known().key());
    CHECK(read_key_file(link).key() != known().key());
}

TEST_CASE(
    "key file: whatever group or others may do with it, it is refused, and the sentence says the way out") {
    key_folder const folder;
    auto const path = folder / "peer.key";
    write_key_file(path, known());
    for (unsigned const mode : {0600u, 0400u, 0700u}) {
        REQUIRE(::chmod(path.c_str(), static_cast<::mode_t>(mode)) == 0);
        CHECK(read_key_file(path).key() == known().key());
    }
    for (unsigned bit = 1; bit <= 040; bit *= 2) {
        REQUIRE(::chmod(path.c_str(), static_cast<::mode_t>(0600u | bit)) == 0);
        CHECK(failure_of([&] { (void)read_key_file(path); }).code() == errc::unsafe_key);
    }
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    CHECK(failure_of([&] { (void)read_key_file(path); }).what() ==
          "the key file '" + path + "' is open to others: its mode is 0644; 'chmod 600 " + path +
              "' closes it");
}

TEST_CASE("key file: one that belongs to somebody else is refused") {
    key_folder const folder;
    std::string path = "/etc/passwd", owner = "0";
    if (::geteuid() == 0) {
        path = folder / "peer.key";
        write_key_file(path, known());
        REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
        owner = "12345";
    }
    auto const refused = failure_of([&] { (void)read_key_file(path); });
    CHECK(refused.code() == errc::unsafe_key);
    CHECK(refused.what() == "the key file '" + path + "' belongs to user " + owner +
                                ", and this program runs as user " + std::to_string(::geteuid()));
}

TEST_CASE("key file: what is there but is no key file is refused with a sentence that names it") {
    key_folder const folder;
    auto const path = folder / "peer.key";
    write_key_file(path, known());
    auto const whole = content(path);
    auto const reading = [&](std::string const& text) {
        std::ofstream(path, std::ios::binary) << text; // keeps the rights
        auto const error = failure_of([&] { (void)read_key_file(path); });
        CHECK(error.code() == errc::bad_data);
        return std::string(error.what());
    };
    CHECK(reading("") == "the key file '" + path + "' is empty");
    CHECK(reading(whole.substr(0, 118)) == "the key file '" + path + "' is cut off: it has 118 bytes of 119");
    auto const not_ours = "the key file '" + path +
                         "' does not hold an Ed25519 key as 'openssl genpkey -algorithm ed25519' writes it";
    CHECK(reading(whole + "\n") == not_ours);
    CHECK(reading(std::string(100'000, 'a')) == not_ours);

    auto const directory = failure_of([&] { (void)read_key_file(folder.path.string()); });
    CHECK(directory.code() == std::errc::is_a_directory);
    CHECK(directory.what() == "cannot read the key file '" + folder.path.string() + "': Is a directory");

    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) ==
            0); // nobody writes into it: opening it must not wait
    auto const pipe = failure_of([&] { (void)read_key_file(folder / "pipe"); });
    CHECK(pipe.code() == errc::unsafe_key);
    CHECK(pipe.what() == "the key file '" + (folder / "pipe") + "' is not a regular file");
}

TEST_CASE("key file: a folder that is missing is an error of the file system, for reading and writing") {
    key_folder const folder;
    auto const path = folder / "missing/peer.key";
    auto const unread = failure_of([&] { (void)read_key_file(path); });
    CHECK(unread.code() == std::errc::no_such_file_or_directory);
    CHECK(unread.what() == "cannot open the key file '" + path + "': No such file or directory");
    auto const unwritten = failure_of([&] { write_key_file(path, known()); });
    CHECK(unwritten.code() == std::errc::no_such_file_or_directory);
    CHECK(unwritten.what() == "cannot write the key file '" + path + "': No such file or directory");
    CHECK(failure_of([&] { write_key_file(folder.path.string(), known(), existing_key::replace); }).code() ==
          std::errc::is_a_directory);
}
