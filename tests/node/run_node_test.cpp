// tests/node/run_node_test.cpp: processes of a run greet each other, and what has waited comes after that.
// SPDX-License-Identifier: Apache-2.0
#include <btard/crypto/identity.hpp>
#include <btard/node/outbox.hpp>
#include <btard/node/run_node.hpp>

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;

namespace {

node_setup on_this_machine() {
    node_setup made;
    made.net.host = "127.0.0.1";
    return made;
}

/// Counts what it is told.
struct counting_node final : run_node {
    counting_node(asio::io_context& io, identity const& who)
        : run_node(io, who, run_role::trainer, on_this_machine()) {}

    void on_run_message(public_key const&, wire::run_message&, time_point) override {}
    void on_protocol_message(public_key const&, wire::message const& message, time_point) override {
        ++heard[channel_of(message)];
        if (heard == wanted) all_here();
    }
    [[nodiscard]] std::uint64_t most_from(public_key const&, std::size_t) const override { return most; }
    using run_node::stop_net;

    std::uint64_t most = 0; ///< bytes that it has a use for
    std::vector<std::size_t> heard = std::vector<std::size_t>(2), wanted = {};
    std::function<void()> all_here = [] {};
};

/// How much is heard, on each channel, of three small messages, a large part of a gradient and a small one, which all
/// wait for a link.
std::vector<std::size_t> heard_of_what_waited(std::uint64_t most, std::vector<std::size_t> const& wanted) {
    identity const here = identity::generate(), there = identity::generate();
    asio::io_context io;
    counting_node from(io, here), to(io, there);
    asio::steady_timer deadline(io, 20s);
    auto const stop = [&] {
        deadline.cancel();
        from.stop_net(), to.stop_net();
    };
    to.most = most, to.wanted = wanted, to.all_here = stop;
    deadline.async_wait([&](std::error_code failed) {
        if (!failed) stop();
    });
    from.net().expect(there.key());
    outbox out(io, [&](public_key const& key, std::size_t channel, shared_frame const& frame) {
        (void)from.net().post(key, channel, frame);
    });
    for (int k = 0; k < 3; ++k) out.send(there.key(), wire::wanted{});
    for (std::size_t const floats : {10'000, 1'000})
        out.send(there.key(), wire::row{1, {}, {}, {}, std::vector<float>(floats)});
    to.net().reach(here.key(), "127.0.0.1", from.net().port());
    io.run();
    return to.heard;
}

} // namespace

TEST_CASE("what has waited for a link is heard when the link comes, small messages and large ones") {
    CHECK(heard_of_what_waited(1u << 20, {3, 2}) == std::vector<std::size_t>{3, 2});
}

TEST_CASE("a large message for which there is no use is passed over, and those behind it are heard") {
    CHECK(heard_of_what_waited(20'000, {3, 1}) == std::vector<std::size_t>{3, 1});
}
