// btard/data/text.hpp: a text as bytes that nobody changes: a mapped file, or a string.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace btard {

/// The bytes of a text.  Copies share them: a copy per thread costs nothing.
///
/// A file is mapped into memory and not read: its pages come when they are used, and all runs on one machine
/// share them.  Whoever shortens the file meanwhile ends this process with SIGBUS, as with every mapped file.
class byte_text {
public:
    /// @throws environment_error: no such file, not allowed, no regular file (a directory, a pipe), empty.
    [[nodiscard]] static byte_text from_file(std::string path) {
        descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        if (file.number < 0) fail(errno, "cannot open the file '", path);
        struct ::stat status {};
        if (::fstat(file.number, &status) != 0) fail(errno, "cannot examine the file '", path);
        if (S_ISDIR(status.st_mode)) fail(EISDIR, "cannot read the file '", path);
        if (!S_ISREG(status.st_mode)) {
            throw environment_error(errc::bad_data, concat("the file '", path, "' is not a regular file"));
        }
        if (status.st_size == 0)
            throw environment_error(errc::bad_data, concat("the file '", path, "' is empty"));

        auto const size = static_cast<std::size_t>(status.st_size);
        void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
        if (data == MAP_FAILED) fail(errno, "cannot map the file '", path);
        std::shared_ptr<void const> owner(data,
                                          [size](void const* p) { ::munmap(const_cast<void*>(p), size); });
        return {std::move(owner), {static_cast<char const*>(data), size}, std::move(path)};
    }

    /// @throws environment_error: an empty string.
    [[nodiscard]] static byte_text from_string(std::string bytes, std::string name = "a string") {
        if (bytes.empty()) throw environment_error(errc::bad_data, concat("the text '", name, "' is empty"));
        auto owner = std::make_shared<std::string const>(std::move(bytes));
        std::string_view const view = *owner;
        return {std::move(owner), view, std::move(name)};
    }

    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] std::string const& name() const { return name_; } ///< the path, for messages

private:
    struct descriptor {
        int number;
        explicit descriptor(int opened) : number(opened) {}
        descriptor(descriptor const&) = delete;
        descriptor& operator=(descriptor const&) = delete;
        ~descriptor() {
            if (number >= 0) ::close(number);
        }
    };

    byte_text(std::shared_ptr<void const> owner, std::string_view bytes, std::string name)
        : owner_(std::move(owner)), bytes_(bytes), name_(std::move(name)) {}

    [[noreturn]] static void fail(int error, std::string_view what, std::string const& path) {
        std::error_code const code(error, std::generic_category());
        throw environment_error(code, concat(what, path, "': ", code.message()));
    }

    std::shared_ptr<void const> owner_;
    std::string_view bytes_;
    std::string name_;
};

} // namespace btard
