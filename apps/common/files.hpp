// apps/common/files.hpp: files whose errors are sentences.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

namespace btard::apps {

/// @throws environment_error, with `errc::bad_text` where there are more bytes than `most`.
[[nodiscard]] std::string read_file(std::string const& path,
                                    std::size_t most = std::numeric_limits<std::size_t>::max());

/// A file that is written line by line, each of which reaches the operating system at once: a program that is
/// killed leaves what it had done.
class line_file {
public:
    enum class existing { emptied, continued };
    /// @throws environment_error.
    explicit line_file(std::string path, existing what = existing::emptied);

    /// @throws environment_error: the disk is full.
    void write(std::string_view line);

    /// Closes the file and gives it another name, in one step for whoever looks.  @throws environment_error.
    void rename(std::string const& path);

    [[nodiscard]] std::string const& path() const { return path_; }
    [[nodiscard]] bool was_empty() const { return is_empty_; } ///< when it was opened

private:
    struct closes {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::string path_;
    std::unique_ptr<std::FILE, closes> file_;
    bool is_empty_ = true;
};

/// Writes a whole file, which replaces one of this name only when it is complete.  @throws environment_error.
void write_file(std::string const& path, std::string_view text);

/// @throws environment_error, but not where there is no such file.
void remove_file(std::string const& path);

/// Makes a folder, and those above it.  @throws environment_error.
void make_folder(std::string const& path);

/// Keeps other programs that ask for the same folder out of it, until it is destroyed or the program ends, however it ends.
class folder_lock {
public:
    /// @throws environment_error: another program has it.
    explicit folder_lock(std::string const& path);
    ~folder_lock();
    folder_lock(folder_lock const&) = delete;
    folder_lock& operator=(folder_lock const&) = delete;

private:
    int folder_;
};

} // namespace btard::apps
