// tests/apps/network_test.cpp: the programs trainer and coordinator, as processes that find each other over TCP.
// SPDX-License-Identifier: Apache-2.0
#include "processes.hpp"

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

using namespace btard;
using namespace btard::testing;

TEST_CASE("five trainers finish a run with the same parameters, and ban the one that lies, by evidence that "
          "anybody can check") {
    processes run("lies", 5);
    run.coordinate();
    run.train("t1", {"--attack", "sign_flip{.scale = 10}"});
    run.train("t2", {"--verify", "overlapped"}); // a matter of its own: the others are strict
    run.train("t3", {"--verify", "overlapped"});
    run.train_all(4);
    for (auto const* const name : {"t2", "t3", "t4", "t5", "coordinator"}) CHECK(run.wait_for(name) == 0);
    CHECK(run.wait_for("t1") == 3);
    run.check_equal({"t2", "t3", "t4", "t5", "coordinator"});
    CHECK(run.log("coordinator").find("is banned: wrong_gradient") != std::string::npos);
    CHECK(run.log("coordinator").find("4 of 4 members have the same state") != std::string::npos);
    CHECK(run.log("t1").find("this trainer is banned: wrong_gradient") != std::string::npos);
    CHECK(run.log("t2").find("gradients were begun while the step before was judged") != std::string::npos);
    CHECK(run.log("t4").find("gradients were begun") == std::string::npos);
}

TEST_CASE("a trainer that is killed is missed, and comes back with the state of the others") {
    processes run("killed", 5, {"--standing.first_wait", "3"}, 500);
    run.coordinate();
    run.train_all();
    run.reach(20);
    run.signal("t3", SIGKILL);
    CHECK(run.wait_for("t3") == 128 + SIGKILL);
    run.hear("coordinator", "is no member any more: absence");
    run.train("t3", {}, "t1"); // any member will do
    run.hear("t3", "a member of the run from step");
    for (auto const* const name : {"t1", "t2", "t3", "t4", "t5", "coordinator"})
        CHECK(run.wait_for(name) == 0);
    run.check_equal({"t1", "t2", "t3", "t4", "t5", "coordinator"});
    run.check_no_bans("t1");
}

TEST_CASE("the run goes on when the coordinator is killed, and another one follows it") {
    processes run("no_coordinator", 4);
    run.coordinate();
    run.train_all();
    run.reach(20);
    run.signal("coordinator", SIGKILL);
    (void)run.wait_for("coordinator");
    run.coordinate({"--join", "127.0.0.1:" + run.port_of("t2")});
    run.hear("coordinator", "step 1");
    for (auto const* const name : {"t1", "t2", "t3", "t4", "coordinator"}) CHECK(run.wait_for(name) == 0);
    run.check_equal({"t1", "t2", "t3", "t4", "coordinator"});
    run.check_no_bans("t1");
}

TEST_CASE("a trainer that is stopped for longer than the deadline comes back") {
    processes run("stopped", 5, {"--standing.first_wait", "3"}, 500);
    run.coordinate();
    run.train_all();
    run.reach(20);
    run.signal("t2", SIGSTOP);
    run.hear("coordinator", "is no member any more: absence");
    run.signal("t2", SIGCONT);
    run.hear("t2", "a member of the run from step");
    for (auto const* const name : {"t1", "t2", "t3", "t4", "t5"}) CHECK(run.wait_for(name) == 0);
    run.check_equal({"t1", "t2", "t3", "t4", "t5"});
    run.check_no_bans("t1");
}

TEST_CASE("a newcomer is tried, let in, and ends with the parameters of the others") {
    processes run("newcomer", 5,
                  {"--probation", "probation{.admits = anybody, .steps = 10, .cleans = 1, .apart = 1}"});
    run.coordinate();
    run.train_all();
    run.reach(5);
    run.train("t6", {}, "t4");
    run.hear("t6", "a member of the run from step");
    for (auto const* const name : {"t1", "t2", "t3", "t4", "t5", "t6"}) CHECK(run.wait_for(name) == 0);
    run.check_equal({"t1", "t6"});
    run.check_no_bans("t1");
}

TEST_CASE("SIGTERM leaves the run in good order") {
    processes run("leave", 5);
    run.coordinate();
    run.train_all();
    run.reach(20);
    run.signal("t5", SIGTERM);
    CHECK(run.wait_for("t5") == 0);
    run.hear("coordinator", "is no member any more: leave");
    for (auto const* const name : {"t1", "t2", "t3", "t4", "coordinator"}) CHECK(run.wait_for(name) == 0);
    run.check_equal({"t1", "t2", "t3", "t4"});
    run.check_no_bans("t1");
}

TEST_CASE("strangers on the port: garbage, 200 connections that say nothing, a wrong token") {
    processes run("strangers", 4, {"--token", "sesame"});
    run.coordinate();
    run.train_all(1, {"--token", "sesame"});
    run.reach(5);
    asio::io_context io;
    std::vector<asio::ip::tcp::socket> silent;
    auto const connect = [&](std::string const& port) {
        silent.emplace_back(io);
        silent.back().connect(
            {asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(port))});
    };
    for (int k = 0; k < 100; ++k)
        for (auto const* const name : {"coordinator", "t1"}) connect(run.port_of(name));
    std::array<char, 4'000> garbage{};
    for (std::size_t k = 0; k < garbage.size(); ++k) garbage[k] = static_cast<char>(k * 31 % 251);
    connect(run.port_of("t2"));
    std::error_code ignored;
    asio::write(silent.back(), asio::buffer(garbage), ignored);
    run.train("t9", {"--token", "open"});
    CHECK(run.wait_for("t9") == 1);
    CHECK(run.log("t9").find("our join token is missing, or another one") != std::string::npos);
    for (auto const* const name : {"t1", "t2", "t3", "t4", "coordinator"}) CHECK(run.wait_for(name) == 0);
    run.check_equal({"t1", "t2", "t3", "t4"});
}

TEST_CASE("a run goes on from a checkpoint of another one") {
    processes run("resumed", 4, {"--optimizer", "sgd{.learning_rate = 0.05, .momentum = 0.9}"});
    run.coordinate({"--checkpoint-at", "{30}"});
    run.train_all();
    for (auto const* const name : {"t1", "t2", "t3", "t4", "coordinator"}) CHECK(run.wait_for(name) == 0);
    run.coordinate({"--initial-state", run.path("coordinator/step-000030.safetensors")});
    run.train_all();
    run.hear("t1", "the run begins with a state of its own");
    for (auto const* const name : {"t1", "t2", "t3", "t4", "coordinator"}) CHECK(run.wait_for(name) == 0);
    run.check_equal({"t1", "t2", "t3", "t4"});
}

TEST_CASE("bad input: a sentence and status 2, or 1 for what is around us") {
    processes run("bad_input", 4);
    run.coordinate();
    auto const fails = [&](std::string const& name, words const& more, int status, std::string const& says) {
        run.train(name, more);
        INFO(name);
        CHECK(run.wait_for(name) == status);
        CHECK(run.log(name).find(says) != std::string::npos);
    };
    run.train("k1");
    run.hear("k1", "ready");
    ::chmod(run.path("k1.key").c_str(), 0644);
    fails("k2", {"--key", run.path("k1.key")}, 1, "is open to others");
    fails("k3", {"--attack", "sign_flop{}"}, 2, "sign_flip");
    fails("k4", {"--join", "nowhere"}, 2, "is no address");
    fails("k5", {"--checkpoint-evry", "3"}, 2, "checkpoint-every");
    fails("k6", {"--listen", "192.0.2.77:80"}, 1, "cannot listen");
}

// BTARD_KILLS=100 test_network --test-case=soak* --no-skip
TEST_CASE("soak: random kills of trainers and the coordinator stop nobody for long, and nobody is banned" *
          doctest::skip()) {
    char const* const wanted = std::getenv("BTARD_KILLS");
    std::size_t const kills = wanted ? std::stoul(wanted) : 10, steps = 60 * kills + 200;
    processes run(
        "soak", 7,
        {"--standing.first_wait", "3", "--standing.wait_halves", "5", "--probation.admits", "nobody"}, steps);
    run.coordinate();
    run.train_all();
    run.reach(10);
    std::uint64_t lot = 88'172'645'463'325'252;
    double longest = 0;
    std::size_t done = 0;
    for (; done < kills; ++done) {
        lot ^= lot << 13, lot ^= lot >> 7, lot ^= lot << 17; // xorshift
        std::size_t const victim = lot % 8;
        std::string const name = victim == 0 ? "coordinator" : "t" + std::to_string(victim);
        auto const other = victim == 1 ? std::string("t2") : std::string("t1");
        if (!run.runs(other)) break;                                               // the run is over
        std::this_thread::sleep_for(std::chrono::milliseconds(lot >> 20 & 1'023)); // at any moment
        run.signal(name, SIGKILL);
        (void)run.wait_for(name);
        if (victim == 0) {
            run.coordinate({"--join", "127.0.0.1:" + run.port_of(other)});
            run.hear("coordinator", "step ");
        } else {
            auto const begun = std::chrono::steady_clock::now();
            run.train(name, {}, other);
            run.hear(name, "a member of the run from step", std::chrono::seconds(120));
            longest = std::max(
                longest, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
        }
    }
    MESSAGE(done << " kills; at most " << longest << " s until the one that was killed was a member again");
    words const all{"t1", "t2", "t3", "t4", "t5", "t6", "t7"};
    for (auto const& name : all) CHECK(run.wait_for(name, std::chrono::seconds(600)) == 0);
    run.check_equal(all);
    for (auto const& name : all) run.check_no_bans(name);
}
