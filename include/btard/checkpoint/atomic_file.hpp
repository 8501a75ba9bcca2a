// btard/checkpoint/atomic_file.hpp: a file that is replaced whole, or not at all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/crypto/descriptor.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio> // rename
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace btard {

namespace detail {
/// Removes what a process left behind that was killed while it wrote: a writer that lives holds a lock.
inline void remove_abandoned_part(std::string const& part) noexcept {
    descriptor const old(::open(part.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (old.number >= 0 && ::flock(old.number, LOCK_EX | LOCK_NB) == 0) ::unlink(part.c_str());
}
} // namespace detail

/// Writes a new file beside the one that it is to replace; `commit` puts it in its place.  Whoever opens the path at
/// any moment, after a power cut too, finds the old file or the new one.
///
///     PATH.part0: written, fsync; renamed to PATH; fsync of the folder
///
/// Without `commit`, and after every failure (a full disk), the new file is removed and the old one is what it was.
/// A process that is killed leaves its part behind; the next one that writes the same path takes it away.
class atomic_file {
public:
    /// @throws environment_error, here and below: a `std::errc`, and a sentence that names the file.
    explicit atomic_file(std::string path) : path_(std::move(path)), file_(create()) {}
    atomic_file(atomic_file const&) = delete;
    atomic_file& operator=(atomic_file const&) = delete;
    ~atomic_file() { drop(); }

    void write(std::span<std::byte const> bytes) {
        expects(there_, "the file '", path_, "' is not being written any more");
        constexpr std::size_t piece = 1 << 26; // a system may take no more than 2 GiB at once
        while (!bytes.empty()) {
            auto const written = ::write(file_.number, bytes.data(), std::min(bytes.size(), piece));
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail(errno);
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }
    void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

    /// The new file takes the place of the old one.
    void commit() {
        expects(there_, "the file '", path_, "' is not being written any more");
        if (::fsync(file_.number) != 0) fail(errno);
        if (::rename(part_.c_str(), path_.c_str()) != 0) fail(errno);
        there_ = false;
        auto const slash = path_.rfind('/');
        auto const folder = slash == std::string::npos ? std::string(".") : path_.substr(0, slash + 1);
        detail::descriptor const parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        // A file system that cannot do this says EINVAL: then nobody can.
        if (parent.number < 0 || (::fsync(parent.number) != 0 && errno != EINVAL)) {
            std::error_code const code(errno, std::generic_category());
            throw environment_error(
                code, concat("the file '", path_, "' is written, and may be gone after a power cut: ",
                             "its folder cannot be written to the disk: ", code.message()));
        }
    }

private:
    /// A new file, with a lock that says that its writer lives.
    int create() {
        for (int k = 0; k < 100; ++k) {
            part_ = concat(path_, ".part", k);
            detail::remove_abandoned_part(part_);
            int const opened = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (opened >= 0) {
                ::flock(opened, LOCK_EX | LOCK_NB);
                there_ = true;
                return opened;
            }
            if (errno != EEXIST) break;
        }
        fail(errno);
    }
    void drop() noexcept {
        if (there_) ::unlink(part_.c_str());
        there_ = false;
    }
    [[noreturn]] void fail(int error) {
        drop();
        std::error_code const code(error, std::generic_category());
        throw environment_error(code, concat("cannot write the file '", path_, "': ", code.message(),
                                             "; what was there before is unchanged"));
    }

    std::string path_, part_;
    bool there_ = false; // the part
    detail::descriptor file_;
};

} // namespace btard
