// btard/checkpoint/byte_source.hpp: the bytes of a file, or of memory, read once from front to back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/crypto/descriptor.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace btard {

/// Bytes whose number is known, and a name for messages.
///
/// A file is read and not mapped: one that is shortened meanwhile is an error, and not the end of the process.
class byte_source {
public:
    /// @throws environment_error: no such file, not allowed, no regular file (a folder, a pipe).
    [[nodiscard]] static byte_source from_file(std::string path) {
        // Not blocking: a pipe does not make us wait before it is refused.
        detail::descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        struct ::stat status {};
        if (file.number < 0) failed(errno, "open", path);
        if (::fstat(file.number, &status) != 0) failed(errno, "examine", path);
        if (S_ISDIR(status.st_mode)) failed(EISDIR, "read", path);
        if (!S_ISREG(status.st_mode))
            throw environment_error(errc::bad_data, concat("the file '", path, "' is not a regular file"));
        return {std::move(file), {}, static_cast<std::uint64_t>(status.st_size), std::move(path)};
    }

    /// The bytes must outlive the source.
    [[nodiscard]] static byte_source from_memory(std::span<std::byte const> bytes,
                                                 std::string name = "memory") {
        return {detail::descriptor(-1), bytes, bytes.size(), std::move(name)};
    }

    [[nodiscard]] std::uint64_t size() const { return size_; } ///< bytes, of the whole
    [[nodiscard]] std::string const& name() const { return name_; }

    /// The next bytes, all that are asked for.
    ///
    /// @throws environment_error: `bad_data` where there are fewer, a `std::errc` where they cannot be read.
    void read(std::span<std::byte> out) {
        if (file_.number < 0 && out.size() <= memory_.size()) {
            std::ranges::copy(memory_.first(out.size()), out.begin());
            memory_ = memory_.subspan(out.size());
            return;
        }
        while (!out.empty()) {
            auto const got = file_.number < 0 ? 0 : ::read(file_.number, out.data(), out.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) failed(errno, "read", name_);
            if (got == 0)
                throw environment_error(
                    errc::bad_data, concat("the file '", name_, "' ends ", out.size(), " bytes too early"));
            out = out.subspan(static_cast<std::size_t>(got));
        }
    }

private:
    byte_source(detail::descriptor file, std::span<std::byte const> memory, std::uint64_t size,
                std::string name)
        : file_(std::move(file)), memory_(memory), size_(size), name_(std::move(name)) {}

    [[noreturn]] static void failed(int error, std::string_view what, std::string const& path) {
        std::error_code const code(error, std::generic_category());
        throw environment_error(code, concat("cannot ", what, " the file '", path, "': ", code.message()));
    }

    detail::descriptor file_;
    std::span<std::byte const> memory_; // what is left of it
    std::uint64_t size_;
    std::string name_;
};

} // namespace btard
