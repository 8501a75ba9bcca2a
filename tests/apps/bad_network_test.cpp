// tests/apps/bad_network_test.cpp: trainers as processes, whose links go over relays that delay, stall and cut them.
// SPDX-License-Identifier: Apache-2.0
#include "../transport/tcp/relay.hpp"
#include "processes.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace btard;
using namespace btard::testing;

namespace {

/// A relay before each of the trainers: all others reach it over that.
class relayed_run : public processes {
public:
    relayed_run(std::string const& name, std::size_t founders, words more = {}, std::size_t steps = 150)
        : processes(name, founders, std::move(more), steps), thread_([this] { io_.run(); }) {
        coordinate();
        for (std::size_t k = 0; k < founders; ++k) {
            std::uint16_t const port = free_port();
            on_thread([&] { relays_.push_back(std::make_unique<relay>(io_, port)); });
            train("t" + std::to_string(k + 1), {"--listen", "127.0.0.1:" + std::to_string(port), "--announce",
                                                "127.0.0.1:" + std::to_string(relays_.back()->port())});
        }
    }
    ~relayed_run() {
        on_thread([&] { relays_.clear(); });
        work_.reset();
        io_.stop();
    }
    template <class F>
    void each(F&& change) {
        on_thread([&] {
            for (auto const& one : relays_) change(*one);
        });
    }
    template <class F>
    void first(F&& change) {
        on_thread([&] { change(*relays_.front()); });
    }
    void finish(std::size_t founders) {
        words names;
        for (std::size_t k = 1; k <= founders; ++k) names.push_back("t" + std::to_string(k));
        for (auto const& name : names) CHECK(wait_for(name, std::chrono::seconds(120)) == 0);
        check_equal(names);
        for (auto const& name : names) check_no_bans(name);
    }

private:
    [[nodiscard]] static std::uint16_t free_port() {
        asio::io_context io;
        asio::ip::tcp::acceptor const probe(io, {asio::ip::make_address("127.0.0.1"), 0});
        return probe.local_endpoint().port();
    }
    template <class F>
    void on_thread(F&& run) {
        std::promise<void> done;
        asio::post(io_, [&] {
            run();
            done.set_value();
        });
        done.get_future().wait();
    }

    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    std::vector<std::unique_ptr<relay>> relays_;
    std::jthread thread_;
};

} // namespace

TEST_CASE("links that take 50 ms each way slow the run down, and nobody is missed") {
    relayed_run run("slow", 4, {}, 25);
    run.each([](relay& one) { one.set({.delay = std::chrono::milliseconds(50)}); });
    run.finish(4);
    CHECK(run.log("t1").find("is no member any more") == std::string::npos);
}

TEST_CASE("a trainer behind 10 Mbit/s takes part like the others") {
    relayed_run run("narrow", 4, {"--data.dimension", "40000"}, 25);
    run.first([](relay& one) { one.set({.bytes_per_second = 1'250'000}); });
    run.finish(4);
    CHECK(run.log("t2").find("is no member any more") == std::string::npos);
}

TEST_CASE("links that are reset in the middle of frames come back, and the run goes on") {
    relayed_run run("resets", 5, {"--standing.first_wait", "3"}, 300);
    for (std::size_t step = 20; step <= 100; step += 20) {
        run.reach(step);
        run.each([](relay& one) { one.reset(); });
    }
    run.finish(5);
}

TEST_CASE("when nobody hears anybody all wait, and when the links heal the run goes on") {
    relayed_run run("partition", 4, {"--standing.first_wait", "3"}, 150);
    run.reach(20);
    run.each([](relay& one) { one.partition(); });
    run.hear("t1", "paused: ");
    run.each([](relay& one) { one.heal(); });
    run.finish(4);
}
