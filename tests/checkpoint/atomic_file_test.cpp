// tests/checkpoint/atomic_file_test.cpp: the old file or the new one, whatever happens while it is written.
// SPDX-License-Identifier: Apache-2.0
#include "folder.hpp"

#include <btard/checkpoint/atomic_file.hpp>
#include <btard/checkpoint/byte_source.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>
#include <system_error>

using namespace btard;
using namespace btard::testing;

namespace {

/// No file may grow beyond this: like a full disk, but for everybody, and without one.
struct small_files {
    struct ::rlimit before {};
    void (*handler)(int) = std::signal(SIGXFSZ, SIG_IGN);
    explicit small_files(::rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before);
        struct ::rlimit const now{bytes, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    small_files(small_files const&) = delete;
    small_files& operator=(small_files const&) = delete;
    ~small_files() {
        ::setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, handler);
    }
};

/// 64 KiB, mounted at a folder.
struct small_disk {
    std::string path;
    bool mounted;
    explicit small_disk(std::string const& at)
        : path(at), mounted(::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=64k") == 0) {}
    small_disk(small_disk const&) = delete;
    small_disk& operator=(small_disk const&) = delete;
    ~small_disk() {
        if (mounted) ::umount2(path.c_str(), MNT_DETACH);
    }
};

void write(std::string const& path, std::string const& text) {
    atomic_file file(path);
    file.write(text);
    file.commit();
}

void check_full_disk(std::string const& path, std::error_code expected) {
    auto const error = refusal_of([&] { write(path, std::string(1 << 20, 'n')); });
    CHECK(error.code() == expected);
    CHECK(std::string(error.what()) == "cannot write the file '" + path + "': " + expected.message() +
                                           "; what was there before is unchanged");
    CHECK(content_of(path) == "old");
}

} // namespace

TEST_CASE("atomic_file: the new file takes the place of the old one at once, and nothing else is left") {
    own_folder const folder("atomic_file_test");
    auto const path = folder / "f";
    write(path, "old");
    CHECK(content_of(path) == "old");
    {
        atomic_file file(path);
        file.write("ne");
        file.write("w");
        CHECK(content_of(path) == "old");
        CHECK(folder.count() == 2);
        file.commit();
        CHECK_THROWS_AS(file.write("more"), contract_violation);
    }
    CHECK(content_of(path) == "new");
    CHECK(folder.count() == 1);
}

TEST_CASE("atomic_file: what is not committed never was") {
    own_folder const folder("atomic_file_test");
    { atomic_file(folder / "f").write("new"); }
    CHECK(folder.count() == 0);
}

TEST_CASE("atomic_file: a path without a folder is one in the working directory") {
    own_folder const folder("atomic_file_test");
    auto const before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path);
    write("f", "new");
    std::filesystem::current_path(before);
    CHECK(content_of(folder / "f") == "new");
}

TEST_CASE("atomic_file: a folder that is missing, or in the way, is named") {
    own_folder const folder("atomic_file_test");
    auto const missing = refusal_of([&] { write(folder / "none/f", "new"); });
    CHECK(missing.code() == std::errc::no_such_file_or_directory);
    std::filesystem::create_directory(folder / "f");
    CHECK(refusal_of([&] { write(folder / "f", "new"); }).code() == std::errc::is_a_directory);
    CHECK(folder.count() == 1);
}

TEST_CASE("atomic_file: a part whose writer was killed is taken away, one that is being written is not") {
    own_folder const folder("atomic_file_test");
    put(folder / "f.part0", "half");
    write(folder / "f", "new");
    CHECK(folder.count() == 1);

    put(folder / "f.part0", "another's");
    int const other = ::open((folder / "f.part0").c_str(), O_WRONLY | O_CLOEXEC);
    REQUIRE(::flock(other, LOCK_EX | LOCK_NB) == 0);
    write(folder / "f", "newer");
    ::close(other);
    CHECK(content_of(folder / "f") == "newer");
    CHECK(content_of(folder / "f.part0") == "another's");
}

TEST_CASE("atomic_file: a file that may not grow leaves the old one as it was, and says so") {
    own_folder const folder("atomic_file_test");
    write(folder / "f", "old");
    {
        small_files const limit(4096);
        check_full_disk(folder / "f", std::make_error_code(std::errc::file_too_large));
    }
    CHECK(folder.count() == 1);
    write(folder / "f", "new");
    CHECK(content_of(folder / "f") == "new");
}

TEST_CASE("atomic_file: so does a disk that is full") {
    own_folder const folder("atomic_file_test");
    small_disk const disk(folder.path);
    if (!disk.mounted) {
        MESSAGE("skipped: this user may mount no small disk");
        return;
    }
    write(folder / "f", "old");
    check_full_disk(folder / "f", std::make_error_code(std::errc::no_space_on_device));
    CHECK(folder.count() == 1);
}

TEST_CASE("byte_source: folders and pipes are refused, and a file that is shorter than it was is an error") {
    own_folder const folder("atomic_file_test");
    CHECK(refusal_of([&] { (void)byte_source::from_file(folder / "none"); }).code() ==
          std::errc::no_such_file_or_directory);
    CHECK(refusal_of([&] { (void)byte_source::from_file(folder.path.string()); }).code() ==
          std::errc::is_a_directory);
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(refusal_of([&] { (void)byte_source::from_file(folder / "pipe"); }).code() == errc::bad_data);
    put(folder / "f", "1234");
    auto source = byte_source::from_file(folder / "f");
    CHECK(source.size() == 4);
    put(folder / "f", "12");
    std::array<std::byte, 4> bytes{};
    CHECK(std::string(refusal_of([&] { source.read(bytes); }).what()) ==
          "the file '" + folder / "f" + "' ends 2 bytes too early");
}
