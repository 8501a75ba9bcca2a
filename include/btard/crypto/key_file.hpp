// btard/crypto/key_file.hpp: the file that holds a peer's secret key, for its owner's eyes alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/crypto/descriptor.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/pem.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib> // mkostemp
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace btard {

/// What `write_key_file` does where the file is there already.
enum class existing_key { keep, replace };

namespace detail {

[[noreturn]] inline void key_file_failed(int error, std::string_view what, std::string_view path) {
    std::error_code const code(error, std::generic_category());
    throw environment_error(code, concat("cannot ", what, " the key file '", path, "': ", code.message()));
}

[[noreturn]] inline void refuse_key_file(std::string_view path, std::string_view why) {
    throw environment_error(errc::unsafe_key, concat("the key file '", path, "' ", why));
}

/// 0640 as "0640".
[[nodiscard]] inline std::string octal(unsigned mode) {
    std::string text = "0";
    for (int shift = 6; shift >= 0; shift -= 3) text += static_cast<char>('0' + (mode >> shift & 7));
    return text;
}

/// Removes the file that is being written, unless it was renamed.
struct unfinished_file {
    std::string path;
    bool there = false;
    explicit unfinished_file(std::string wanted) : path(std::move(wanted)) {}
    unfinished_file(unfinished_file const&) = delete;
    unfinished_file& operator=(unfinished_file const&) = delete;
    ~unfinished_file() {
        if (there) ::unlink(path.c_str());
    }
};

} // namespace detail

/// Writes a key whole or not at all, with the rights 0600 from its first byte on.  A path that is there, even
/// as a link that leads nowhere, is refused, or replaced where that is asked for.
///
/// @throws environment_error: a `std::errc`; `file_exists` where a file would have been replaced.
inline void write_key_file(std::string const& path, identity const& who,
                           existing_key there = existing_key::keep) {
    auto const slash = path.rfind('/');
    auto const folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
    pem_text text;
    write_pem(who, text);

    detail::unfinished_file part(
        concat(path, ".XXXXXX")); // a new name, in the same folder: no other program's file
    detail::descriptor const file(::mkostemp(part.path.data(), O_CLOEXEC));
    if (file.number < 0) detail::key_file_failed(errno, "write", path);
    part.there = true;
    if (::fchmod(file.number, S_IRUSR | S_IWUSR) != 0) detail::key_file_failed(errno, "write", path);
    for (std::size_t done = 0; done < pem_size;) {
        auto const written = ::write(file.number, text.data() + done, pem_size - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) detail::key_file_failed(errno, "write", path);
        done += static_cast<std::size_t>(written);
    }
    if (::fsync(file.number) != 0) detail::key_file_failed(errno, "write", path);

    if (there == existing_key::replace) {
        if (::rename(part.path.c_str(), path.c_str()) != 0) detail::key_file_failed(errno, "replace", path);
        part.there = false;
    } else if (::link(part.path.c_str(), path.c_str()) != 0) { // rename would replace
        detail::key_file_failed(errno, "write", path);
    }
    detail::descriptor const parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.number >= 0) ::fsync(parent.number); // so that its name, too, outlives a power cut
}

/// Reads a key that nobody else could have read or changed.
///
/// @throws environment_error: `unsafe_key` where others may read or write the file, it is another user's or a
/// symbolic link; `bad_data` where it does not hold a key; a `std::errc` where it cannot be read.
[[nodiscard]] inline identity read_key_file(std::string const& path) {
    // Everything is asked of the file that was opened; a pipe does not make us wait.
    detail::descriptor const file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct ::stat status {};
    if (file.number < 0) {
        int const error = errno;
        if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode))
            detail::refuse_key_file(path, "is a symbolic link; give the path of the file itself");
        detail::key_file_failed(error, "open", path);
    }
    if (::fstat(file.number, &status) != 0) detail::key_file_failed(errno, "examine", path);
    if (S_ISDIR(status.st_mode)) detail::key_file_failed(EISDIR, "read", path);
    if (!S_ISREG(status.st_mode)) detail::refuse_key_file(path, "is not a regular file");
    if (status.st_uid != ::geteuid())
        detail::refuse_key_file(
            path, concat("belongs to user ", status.st_uid, ", and this program runs as user ", ::geteuid()));
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        detail::refuse_key_file(path, concat("is open to others: its mode is ", detail::octal(status.st_mode),
                                             "; 'chmod 600 ", path, "' closes it"));

    secret<pem_size + 1> text; // one byte more shows that a file is too long
    std::size_t size = 0;
    while (size < text.bytes().size()) {
        auto const got = ::read(file.number, text.data() + size, text.bytes().size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) detail::key_file_failed(errno, "read", path);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    return read_pem(text.bytes().first(size), path);
}

} // namespace btard
