// tests/apps/bad_network_test.cpp: trainers as processes, whose links go over relays that delay, stall and cut them.
// SPDX-License-Identifier: Apache-2.0
#include "../transport/tcp/relay.hpp"
#include "processes.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <chrono>
#include <csignal>
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

/// Relays, and the thread that runs them.
class relays {
public:
    relays() : thread_([this] { io_.run(); }) {}
    ~relays() {
        on_thread([&] { all_.clear(); });
        work_.reset();
        io_.stop();
    }
    /// @return where it listens
    [[nodiscard]] std::string add(std::uint16_t target) {
        on_thread([&] { all_.push_back(std::make_unique<relay>(io_, target)); });
        return "127.0.0.1:" + std::to_string(all_.back()->port());
    }
    template <class F>
    void each(F&& change) {
        on_thread([&] {
            for (auto const& one : all_) change(*one);
        });
    }
    template <class F>
    void first(F&& change) {
        on_thread([&] { change(*all_.front()); });
    }

private:
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
    std::vector<std::unique_ptr<relay>> all_;
    std::jthread thread_;
};

/// A relay before each of the trainers: all others reach it over that.
class relayed_run : public processes, public relays {
public:
    relayed_run(std::string const& name, std::size_t founders, words more = {}, std::size_t steps = 150)
        : processes(name, founders, std::move(more), steps) {
        coordinate();
        for (std::size_t k = 0; k < founders; ++k) {
            std::uint16_t const port = free_port();
            train("t" + std::to_string(k + 1),
                  {"--listen", "127.0.0.1:" + std::to_string(port), "--announce", add(port)});
        }
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

TEST_CASE("a link that stalls for two deadlines costs nobody more than a few steps") {
    relayed_run run("stall", 5,
                    {"--standing.first_wait", "3", "--deadlines.gradient", "1000", "--deadlines.bulk", "800",
                     "--deadlines.body", "500", "--deadlines.question", "125", "--deadlines.interval", "500"},
                    150);
    run.each(
        [](relay& one) { one.set({.delay = std::chrono::milliseconds(5)}); }); // else all is over too soon
    run.reach(20);
    run.first([](relay& one) { one.partition(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(2'000));
    CHECK(run.runs("t2"));
    run.first([](relay& one) { one.heal(); });
    run.finish(5);
}

TEST_CASE("links of which only one end is gone are made anew, though the other end still believes in them") {
    relayed_run run("half_open", 5, {"--standing.first_wait", "3"}, 120);
    for (std::size_t const step : {20, 60}) {
        run.reach(step);
        run.each([](relay& one) { one.half_open(); });
    }
    run.finish(5);
}

TEST_CASE("trainers that find another key, or another run, at the address of their coordinator do not speak "
          "to it") {
    processes run("one_run", 4, {}, 5'000), other("other_run", 4, {"--seed", "1"}, 5'000);
    relays before;
    auto const port_of = [](processes const& of, std::string const& name) {
        return static_cast<std::uint16_t>(std::stoi(of.port_of(name)));
    };
    run.coordinate();
    other.coordinate({"--key", run.path("coordinator.key")}); // the same operator
    run.train_all(1, {"--join", before.add(port_of(run, "coordinator"))});
    other.train_all();
    run.reach(5);
    other.reach(5);
    auto const lead = [&](std::uint16_t to) {
        before.first([&](relay& one) {
            one.lead_to(to);
            one.reset();
        });
    };
    run.signal("coordinator", SIGKILL); // else it would call them
    lead(port_of(other, "t1"));
    run.hear("t1", "another peer answers there, with a key that is not the expected one");
    lead(port_of(other, "coordinator"));
    run.hear("t1", "it is of another run");
    other.hear("coordinator", "it is of another run");
    for (auto* const each : {&run, &other}) {
        auto const metrics = each->last_file("t1", ".jsonl");
        auto const before_it = contents(metrics).size();
        CHECK(within(std::chrono::seconds(60),
                     [&] { return contents(metrics).size() > before_it; })); // goes on
        words const trainers{"t1", "t2", "t3", "t4"};
        for (auto const& name : trainers) each->signal(name, SIGTERM);
        for (auto const& name : trainers) CHECK(each->wait_for(name) == 0);
        each->check_no_bans("t1");
    }
}
