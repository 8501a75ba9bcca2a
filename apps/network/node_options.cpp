// SPDX-License-Identifier: Apache-2.0
#include "node_options.hpp"
#include "lines.hpp"

#include "../common/files.hpp"

#include <btard/core/error.hpp>
#include <btard/crypto/key_file.hpp>
#include <btard/transport/tcp/address.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace btard::apps {

namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view text, std::string_view right) {
    throw environment_error(errc::bad_text,
                            concat("--", option, ": '", text, "' is no address; right would be ", right));
}

std::optional<std::uint16_t> read_port(std::string_view text) {
    auto const as_address = read_address(concat("x:", text));
    if (!as_address) return {};
    return as_address->port;
}

} // namespace

identity load_key(std::string const& path) {
    if (path.empty()) return identity::generate();
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) {
        auto const made = identity::generate();
        write_key_file(path, made);
        return made;
    }
    return read_key_file(path);
}

node_setup setup_of(node_options const& all, std::vector<std::string> const& contacts, char const* program) {
    node_setup made;
    made.token = all.token;
    made.say = [program](std::string const& line) { say_line(program, line); };
    made.net.options.link = all.link;
    for (auto const& one : contacts) {
        auto const at = read_address(one);
        if (!at) refuse("join", one, "192.0.2.1:31337, [2001:db8::1]:31337 or name:31337");
        made.contacts.push_back(*at);
    }
    if (!all.listen.empty()) {
        if (auto const port = read_port(all.listen)) made.net.port = *port;
        else if (auto const at = read_address(all.listen)) made.net.host = at->host, made.net.port = at->port;
        else if (all.listen.find_first_not_of("0123456789") != std::string::npos &&
                 all.listen.find(':') == std::string::npos)
            made.net.host = all.listen;
        else refuse("listen", all.listen, "31337 or 192.0.2.1:31337");
    }
    if (!all.announce.empty()) {
        auto const at = read_address(all.announce);
        if (all.announce.find_first_of(" /,") != std::string::npos)
            refuse("announce", all.announce, "192.0.2.1, [2001:db8::1]:31337 or name:31337");
        made.net.announced_host = at ? at->host : all.announce;
        if (at) made.net.announced_port = at->port;
    } else if (!made.net.host.empty()) {
        made.net.announced_host = made.net.host;
    } else if (!made.contacts.empty()) {
        made.net.announced_host =
            local_address_towards(made.contacts.front().host, made.contacts.front().port);
    }
    return made;
}

void write_port(std::string const& path, std::uint16_t port) {
    if (!path.empty()) write_file(path, concat(port, "\n"));
}

} // namespace btard::apps
