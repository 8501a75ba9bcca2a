// SPDX-License-Identifier: Apache-2.0
#include "download.hpp"

#include "../common/command_line.hpp"

#include <btard/checkpoint/checkpoint_file.hpp>
#include <btard/core/error.hpp>
#include <btard/crypto/descriptor.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/crypto/text.hpp>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace btard::apps {

namespace {

constexpr std::size_t most_of_a_checkpoint = std::size_t{8} << 30; // it is held in memory

struct closes {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

/// curl, while it runs.
class fetcher {
public:
    fetcher(std::string const& url, bool safe) : url_(url), complaints_(std::tmpfile()), pipe_(-1) {
        std::string const kinds = safe ? "=https" : "=http,https";
        auto words =
            split_words(concat("curl -q --fail --silent --show-error --globoff --location --max-redirs 5 "
                               "--connect-timeout 20 --speed-limit 1000 --speed-time 30 --proto ",
                               kinds, " --proto-redir ", kinds, " --url"));
        words.push_back(url);
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        int ends[2];
        if (!complaints_ || ::pipe2(ends, O_CLOEXEC) != 0) fail(errno);
        pipe_.number = ends[0];
        detail::descriptor const writes(ends[1]);
        ::posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, ::fileno(complaints_.get()), STDERR_FILENO);
        int const failed = ::posix_spawnp(&id_, "curl", &actions, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (failed == ENOENT)
            throw environment_error(
                std::make_error_code(std::errc::no_such_file_or_directory),
                concat("cannot fetch ", url_, ": the program curl is missing; install it, or give a file"));
        if (failed != 0) fail(failed);
    }
    fetcher(fetcher const&) = delete;
    fetcher& operator=(fetcher const&) = delete;
    ~fetcher() {
        if (id_ < 0) return;
        ::kill(id_, SIGKILL);
        (void)wait();
    }

    /// @return how many bytes; 0: that is all
    [[nodiscard]] std::size_t read(std::span<std::byte> out) {
        for (;;) {
            auto const got = ::read(pipe_.number, out.data(), out.size());
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR) fail(errno);
        }
    }
    /// @throws environment_error, in curl's own words, where that is not all
    void finish() {
        if (wait() == 0) return;
        std::string text(300, '\0');
        std::rewind(complaints_.get());
        text.resize(std::fread(text.data(), 1, text.size(), complaints_.get()));
        text.resize(std::min(text.find('\n'), text.size()));
        if (text.starts_with("curl: ")) text.erase(0, 6);
        for (char& one : text)
            if (!std::isprint(static_cast<unsigned char>(one))) one = '?'; // it goes to a terminal
        throw environment_error(std::make_error_code(std::errc::io_error),
                                concat("cannot fetch ", url_, ": ", text.empty() ? "curl has failed" : text));
    }

private:
    [[nodiscard]] int wait() {
        int status = -1;
        while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
        }
        id_ = -1;
        return status;
    }
    [[noreturn]] void fail(int error) const {
        std::error_code const code(error, std::generic_category());
        throw environment_error(code, concat("cannot fetch ", url_, ": ", code.message()));
    }

    std::string url_;
    std::unique_ptr<std::FILE, closes> complaints_;
    detail::descriptor pipe_;
    ::pid_t id_ = -1;
};

[[noreturn]] void refuse(std::string const& url, std::string_view why) {
    throw environment_error(errc::bad_text,
                            concat("'", url, "': ", why,
                                   "; right would be https://example.org/step-000900.safetensors, with "
                                   "#sha256= and 64 hexadecimal digits behind it if need be"));
}

} // namespace

downloaded download(std::string const& url, std::size_t most) {
    auto const hash_at = url.find('#');
    auto const address = url.substr(0, hash_at);
    bool const safe = address.starts_with("https://");
    if (!safe && !address.starts_with("http://")) refuse(url, "only http and https are known");
    for (char const one : address)
        if (one <= ' ' || one > '~') refuse(url, "a letter that no address has");
    std::string wanted;
    if (hash_at != std::string::npos) {
        wanted = url.substr(hash_at + 1);
        if (!wanted.starts_with("sha256=")) refuse(url, "behind the # stands no sha256=");
        wanted.erase(0, 7);
        std::ranges::transform(wanted, wanted.begin(), [](unsigned char one) { return std::tolower(one); });
        if (wanted.size() != 64 || wanted.find_first_not_of(detail::hex_digits) != std::string::npos)
            refuse(url, "a hash has 64 hexadecimal digits");
    }

    fetcher from(address, safe);
    downloaded all;
    std::size_t filled = 0;
    for (std::size_t got = 1; got > 0; filled += got) {
        all.bytes.resize(std::max(all.bytes.size(), filled + (std::size_t{1} << 16)));
        got = from.read(std::span(all.bytes).subspan(filled));
        if (filled + got > most)
            throw environment_error(errc::bad_data,
                                    concat("cannot fetch ", address, ": it has more than ", most, " bytes"));
    }
    all.bytes.resize(filled);
    from.finish();
    all.hash = sha256_of(all.bytes);
    auto const found = detail::to_hex(all.hash.bytes);
    if (!wanted.empty() && found != wanted)
        throw environment_error(errc::bad_data, concat("what was fetched from ", address, " has the hash ",
                                                       found, ", and not the one behind the #"));
    return all;
}

checkpoint read_start(std::string const& from, std::function<void(std::string const&)> const& say) {
    if (from.find("://") == std::string::npos) return read_checkpoint(from);
    auto const got = download(from, most_of_a_checkpoint);
    auto const address = from.substr(0, from.find('#'));
    say(concat("fetched ", got.bytes.size(), " bytes: ", address,
               "#sha256=", detail::to_hex(got.hash.bytes)));
    return read_checkpoint(byte_source::from_memory(got.bytes, address));
}

} // namespace btard::apps
