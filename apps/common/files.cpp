// SPDX-License-Identifier: Apache-2.0
#include "files.hpp"

#include <btard/core/error.hpp>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace btard::apps {

namespace {
[[noreturn]] void fail(std::error_code code, std::string_view what, std::string const& path) {
    throw environment_error(code, concat(what, " '", path, "': ", code.message()));
}
std::error_code last_error() { return {errno, std::generic_category()}; }
} // namespace

std::string read_file(std::string const& path, std::size_t most) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file) fail(last_error(), "cannot open", path);
    std::string text;
    char buffer[1 << 14];
    while (std::size_t const n = std::fread(buffer, 1, sizeof buffer, file.get())) {
        text.append(buffer, n);
        if (text.size() > most)
            throw environment_error(errc::bad_text, concat("'", path, "' is longer than the ", most,
                                                           " bytes that such a file may have"));
    }
    if (std::ferror(file.get())) fail(last_error(), "cannot read", path);
    return text;
}

line_file::line_file(std::string path, existing what)
    : path_(std::move(path)), file_(std::fopen(path_.c_str(), what == existing::continued ? "a+b" : "wb")) {
    if (!file_) fail(last_error(), "cannot write", path_);
    if (what == existing::emptied || std::fseek(file_.get(), -1, SEEK_END) != 0) return; // it is empty
    is_empty_ = false;
    if (std::fgetc(file_.get()) != '\n') write(""); // a line that was cut off stands alone
}

void line_file::write(std::string_view line) {
    bool const written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                         std::fputc('\n', file_.get()) != EOF && std::fflush(file_.get()) == 0;
    if (!written) fail(last_error(), "cannot write", path_);
}

void line_file::rename(std::string const& path) {
    if (std::fclose(file_.release()) != 0) fail(last_error(), "cannot write", path_);
    std::error_code code;
    std::filesystem::rename(path_, path, code);
    if (code) fail(code, "cannot write", path);
    path_ = path;
}

void write_file(std::string const& path, std::string_view text) {
    line_file file(path + ".part");
    if (text.ends_with('\n')) text.remove_suffix(1);
    file.write(text);
    file.rename(path);
}

void remove_file(std::string const& path) {
    std::error_code code;
    std::filesystem::remove(path, code);
    if (code) fail(code, "cannot remove", path);
}

void make_folder(std::string const& path) {
    std::error_code code;
    std::filesystem::create_directories(path, code);
    if (code) fail(code, "cannot make the folder", path);
}

folder_lock::folder_lock(std::string const& path) : folder_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (folder_ < 0) fail(last_error(), "cannot open", path);
    if (::flock(folder_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return; // some file systems have no locks
    ::close(folder_);
    throw environment_error(std::make_error_code(std::errc::device_or_resource_busy),
                            concat("another program writes into the folder '", path, "' at this moment"));
}

folder_lock::~folder_lock() { ::close(folder_); }

} // namespace btard::apps
