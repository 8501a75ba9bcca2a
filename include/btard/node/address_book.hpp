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
#include <vector>

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

/// What others say is a hint: a wrong one costs an attempt in vain, since a link shows who is at its end.  A few are
/// kept for each peer, and the first is tried: what the peer itself has said, then what our operator's contact says,
/// then what others do, one from each.  One that fails goes behind the others; if it was hearsay, it is dropped.
class address_book {
public:
    static constexpr std::size_t most_hints = 4; ///< for a peer

    /// A peer that has linked: at the address that it announces, or at that of its socket.
    void linked(public_key const& key, tcp_link_info const& info) {
        host_and_port at{info.announced_host, info.announced_port};
        if (at.port == 0) return; // it does not listen
        if (at.host.empty()) {
            auto const colon = info.address.rfind(':');
            at.host = info.address.substr(0, colon == std::string::npos ? 0 : colon);
            if (!at.host.empty() && at.host.front() == '[') at.host = at.host.substr(1, at.host.size() - 2);
        }
        bool const known = own_words(key) != nullptr;
        if (!known && count_linked() >= wire_limits{}.peers) return;
        add(hints_[key], {std::move(at), key, source::itself});
    }
    /// What somebody says of those that concern us, and all that our operator's contact says.
    template <class F>
    void heard(public_key const& by, wire::addresses const& from, bool contact, F&& concerns) {
        for (auto const& one : from.known) {
            if (one.port == 0 || !is_host(one.host.text()) || !(contact || concerns(one.key))) continue;
            if (hints_.size() >= 2 * wire_limits{}.peers && !hints_.contains(one.key)) continue;
            add(hints_[one.key],
                {{one.host.text(), one.port}, by, contact ? source::contact : source::others});
        }
    }
    /// Nobody answers there, or somebody else does.
    ///
    /// @return who was looked for there, and may be elsewhere
    std::vector<public_key> failed(host_and_port const& at) {
        std::vector<public_key> whose;
        for (auto& [key, hints] : hints_) {
            if (hints.size() < 2 || hints.front().at != at) continue;
            if (hints.front().from == source::others) hints.erase(hints.begin());
            else std::rotate(hints.begin(), hints.begin() + 1, hints.end());
            whose.push_back(key);
        }
        return whose;
    }
    [[nodiscard]] std::optional<host_and_port> find(public_key const& key) const {
        auto const at = hints_.find(key);
        if (at == hints_.end() || at->second.empty()) return {};
        return at->second.front().at;
    }
    /// Of those that this process has had a link with, and that concern others.
    template <class F>
    [[nodiscard]] wire::addresses known(F&& concerns) const {
        wire::addresses all;
        for (auto const& [key, hints] : hints_)
            if (auto const* const own = own_words(key);
                own && all.known.size() < wire_limits{}.peers && concerns(key))
                all.known.push_back({key, wire::letters(own->host), own->port});
        return all;
    }

private:
    enum class source : std::uint8_t { itself, contact, others }; // the earlier, the more it counts
    struct hint {
        host_and_port at = {};
        public_key by{};
        source from = source::others;
    };

    /// In its place, and as the newest of its kind but for hearsay.
    static void add(std::vector<hint>& hints, hint made) {
        bool const counts_more = std::ranges::any_of(
            hints, [&](hint const& old) { return old.at == made.at && old.from < made.from; });
        if (counts_more) return;
        std::erase_if(hints, [&](hint const& old) { return old.by == made.by || old.at == made.at; });
        bool const last = made.from == source::others;
        if (hints.size() == most_hints && last) return;
        if (hints.size() == most_hints) hints.pop_back();
        auto const place = std::ranges::find_if(
            hints, [&](hint const& old) { return !last && old.from >= made.from; });
        hints.insert(place, std::move(made));
    }
    [[nodiscard]] host_and_port const* own_words(public_key const& key) const {
        auto const at = hints_.find(key);
        if (at == hints_.end()) return nullptr;
        auto const own = std::ranges::find(at->second, source::itself, &hint::from);
        return own == at->second.end() ? nullptr : &own->at;
    }
    [[nodiscard]] std::size_t count_linked() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(hints_, [&](auto const& one) { return own_words(one.first) != nullptr; }));
    }
    [[nodiscard]] static bool is_host(std::string const& text) {
        return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
            bool const word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            return word || std::string_view(".:-_%").find(c) != std::string_view::npos;
        });
    }

    std::map<public_key, std::vector<hint>> hints_; // what is tried first, first
};

} // namespace btard
