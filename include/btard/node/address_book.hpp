// btard/node/address_book.hpp: where peers can be reached, as far as somebody has said.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/run/messages.hpp>
#include <btard/transport/tcp/handler.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace btard {

struct host_and_port {
    std::string host = {};
    std::uint16_t port = 0;
    friend bool operator==(host_and_port const&, host_and_port const&) = default;
};

/// "192.0.2.1:4000", "[2001:db8::1]:4000", "name:4000"; nothing for any other text.
[[nodiscard]] inline std::optional<host_and_port> read_address(std::string_view text) {
    auto const colon = text.rfind(':');
    if (colon == text.npos || colon == 0 || colon + 1 == text.size() || text.size() - colon > 6) return {};
    std::uint32_t port = 0;
    for (char const digit : text.substr(colon + 1)) {
        if (digit < '0' || digit > '9') return {};
        port = port * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    auto host = text.substr(0, colon);
    if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    else if (host.find(':') != host.npos) return {}; // an IPv6 address needs its brackets
    if (host.empty() || port == 0 || port > 65'535) return {};
    return host_and_port{std::string(host), static_cast<std::uint16_t>(port)};
}

/// What others say is a hint: a wrong one costs an attempt in vain, since a link shows who is at its end.
class address_book {
public:
    /// A peer that has linked: at the address that it announces, or at that of its socket.
    void linked(public_key const& key, tcp_link_info const& info) {
        host_and_port at{info.announced_host, info.announced_port};
        if (at.port == 0) return; // it does not listen
        if (at.host.empty()) {
            auto const colon = info.address.rfind(':');
            at.host = info.address.substr(0, colon == std::string::npos ? 0 : colon);
            if (!at.host.empty() && at.host.front() == '[') at.host = at.host.substr(1, at.host.size() - 2);
        }
        if (own_words_.size() < wire_limits{}.peers || own_words_.contains(key))
            own_words_[key] = std::move(at);
    }
    /// What somebody else says of those that concern us, and all that our operator's contact says, which counts more than
    /// what others do.  What the peer itself has said counts most.
    template <class F>
    void heard(wire::addresses const& from, bool contact, F&& concerns) {
        for (auto const& one : from.known) {
            if (one.port == 0 || !is_host(one.host.text())) continue;
            if (hearsay_.size() >= wire_limits{}.peers || !(contact || concerns(one.key))) continue;
            host_and_port at{one.host.text(), one.port};
            if (contact) hearsay_.insert_or_assign(one.key, std::move(at));
            else hearsay_.emplace(one.key, std::move(at));
        }
    }
    [[nodiscard]] std::optional<host_and_port> find(public_key const& key) const {
        for (auto const* in : {&own_words_, &hearsay_})
            if (auto const at = in->find(key); at != in->end()) return at->second;
        return {};
    }
    /// Of those that this process has had a link with, and that concern others.
    template <class F>
    [[nodiscard]] wire::addresses known(F&& concerns) const {
        wire::addresses all;
        for (auto const& [key, at] : own_words_)
            if (all.known.size() < wire_limits{}.peers && concerns(key))
                all.known.push_back({key, wire::letters(at.host), at.port});
        return all;
    }

private:
    [[nodiscard]] static bool is_host(std::string const& text) {
        return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
            bool const word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            return word || std::string_view(".:-_%").find(c) != std::string_view::npos;
        });
    }

    std::map<public_key, host_and_port> own_words_, hearsay_;
};

} // namespace btard
