// tests/transport/tcp/nodes.hpp: peers over sockets on one loop, and what befell them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/crypto/identity.hpp>
#include <btard/transport/tcp.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace btard::testing {

using namespace std::chrono_literals;

inline identity key_number(std::size_t k) {
    std::array<std::byte, 32> seed{};
    seed[0] = static_cast<std::byte>(k);
    return identity::from_seed(seed);
}

/// Runs the loop until that holds; the deadline is for a test that has gone wrong.
inline bool run_until(asio::io_context& io, std::function<bool()> const& holds,
                      std::chrono::seconds patience = 20s) {
    auto const deadline = std::chrono::steady_clock::now() + patience;
    io.restart();
    while (!holds())
        if (io.run_one_until(deadline) == 0) return holds();
    return true;
}

/// Channel 0: small and urgent; 1: large.
inline tcp_setup setup(std::size_t instance = 1) {
    tcp_setup one;
    one.channels = {{1u << 16, 1u << 20}, {1u << 27, 4u << 20}};
    one.host = "127.0.0.1";
    one.instance[0] = static_cast<std::byte>(instance);
    one.options.retry_first = 5;
    one.options.retry_longest = 50;
    return one;
}

struct arrived {
    public_key from;
    std::size_t channel;
    std::vector<std::byte> bytes;
};
struct loss {
    public_key peer;
    std::error_code why;
    std::string sentence;
};

struct node final : tcp_handler {
    identity who;
    std::vector<arrived> frames;
    std::vector<std::pair<public_key, tcp_link_info>> linked;
    std::vector<loss> lost;
    std::vector<std::pair<std::error_code, std::string>> unreachable;
    std::vector<std::string> notices;
    std::size_t rooms = 0, timers = 0;
    bool lets_all_in = false, stopped = false;
    std::function<void(public_key const&, std::size_t)> on_room_do;
    std::function<void(arrived const&)> on_frame_do;
    std::unique_ptr<tcp> net;

    node(asio::io_context& io, std::size_t k, tcp_setup how = setup())
        : who(key_number(k)), net(std::make_unique<tcp>(io, who, std::move(how), *this)) {}

    [[nodiscard]] public_key const& key() const { return who.key(); }
    void reach(node const& other) { net->reach(other.key(), "127.0.0.1", other.net->port()); }
    posted post(node const& to, std::size_t channel, std::size_t size, std::size_t fill = 0) {
        return net->post(to.key(), channel,
                         std::make_shared<std::vector<std::byte> const>(size, static_cast<std::byte>(fill)));
    }

    void on_frame(public_key const& from, std::size_t channel, std::vector<std::byte> frame, time_point) override {
        frames.push_back({from, channel, std::move(frame)});
        if (on_frame_do) on_frame_do(frames.back());
    }
    void on_linked(public_key const& peer, tcp_link_info const& info, time_point) override {
        linked.emplace_back(peer, info);
    }
    void on_lost(public_key const& peer, std::error_code why, std::string const& sentence, time_point) override {
        lost.push_back({peer, why, sentence});
    }
    void on_unreachable(std::string const&, std::error_code why, std::string const& sentence,
                        std::chrono::nanoseconds) override {
        unreachable.emplace_back(why, sentence);
    }
    void on_room(public_key const& peer, std::size_t channel, time_point) override {
        ++rooms;
        if (on_room_do) on_room_do(peer, channel);
    }
    void on_timer(time_point) override { ++timers; }
    bool admits(public_key const&) override { return lets_all_in; }
    void on_notice(std::string const& sentence) override { notices.push_back(sentence); }
    void on_stopped() override { stopped = true; }
};

} // namespace btard::testing
