// tests/apps/network_test.cpp: the programs trainer and coordinator, as processes that find each other over TCP.
// SPDX-License-Identifier: Apache-2.0
#include "processes.hpp"
#include "web_server.hpp"

#include <btard/crypto/sha256.hpp>
#include <btard/crypto/text.hpp>

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

#include <sys/mount.h>
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
    CHECK(run.log("t2").find(", 0 of them counted") == std::string::npos);
    CHECK(run.log("t4").find("gradients were begun") == std::string::npos);
}

TEST_CASE("a trainer that was banned, and does not know it, is told so by the members that it asks") {
    processes run("banned", 5, {}, 1'000'000);
    run.coordinate();
    run.train("t1", {"--attack", "sign_flip{.scale = 10}"});
    run.train_all(2);
    CHECK(run.wait_for("t1") == 3);
    run.train("t1", {}, "t2");
    CHECK(run.wait_for("t1") == 3);
    CHECK(run.log("t1").find("members say that this trainer is banned") != std::string::npos);
    for (auto const* const name : {"t2", "t3", "t4", "t5"}) run.signal(name, SIGTERM);
    for (auto const* const name : {"t2", "t3", "t4", "t5"}) CHECK(run.wait_for(name) == 0);
}

TEST_CASE("a trainer that is killed is missed, and comes back with the state of the others") {
    processes run("killed", 5, {"--standing.first_wait", "3"}, 300);
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

TEST_CASE("three of eight trainers are killed at once: the others go on, and all of them come back") {
    processes run("three_killed", 8, {"--standing.first_wait", "3"}, 150);
    run.coordinate();
    run.train_all();
    run.reach(20);
    words const victims{"t2", "t5", "t8"};
    for (auto const& name : victims) run.signal(name, SIGKILL);
    for (auto const& name : victims) CHECK(run.wait_for(name) == 128 + SIGKILL);
    run.hear("coordinator", "  5 trainers  ", std::chrono::seconds(150)); // a deadline in each phase of the step
    for (auto const& name : victims) run.train(name, {}, "t1");
    for (auto const& name : victims) run.hear(name, "a member of the run from step");
    words const all{"t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"};
    for (auto const& name : all) CHECK(run.wait_for(name) == 0);
    run.check_equal(all);
    for (auto const& name : all) run.check_no_bans(name);
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
    processes run("stopped", 5, {"--standing.first_wait", "3"}, 300);
    run.coordinate();
    run.train("t1");
    run.train("t2", {"--verify", "overlapped"}); // what it has begun is of no use when it comes back
    run.train_all(3);
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
    processes run("strangers", 4, {"--token", "sesame"}, 1'000'000); // it must not end before the strangers have come
    run.coordinate();
    run.train_all(1, {"--token", "sesame", "--checkpoint-every", "20", "--keep", "20"});
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
    words const all{"t1", "t2", "t3", "t4"};
    auto const step = run.last_common(all);
    CHECK(within(std::chrono::seconds(60), [&] { return run.last_common(all) > step; }));
    run.check_equal(all, run.last_common(all));
    for (auto const& name : all) run.signal(name, SIGTERM);
    for (auto const& name : all) CHECK(run.wait_for(name) == 0);
}

TEST_CASE(
    "all are killed, and the run goes on from a checkpoint, to the parameters of one that was left alone") {
    // Without noise: the samples of a step are drawn by all members together, and nobody may know them before.
    words const settings{"--data.noise", "0",
                         "--optimizer",  "sgd{.learning_rate = 0.05, .momentum = 0.9}",
                         "--schedule",   "linear_decay{.warm_up = 50, .total = 150}"};
    words const trainers{"t1", "t2", "t3", "t4"};
    processes alone("alone", 4, settings, 150), run("all_killed", 4, settings, 150);
    for (auto* const each : {&alone, &run}) {
        each->coordinate({"--checkpoint-at", "{40}"});
        each->train_all();
    }
    run.hear("coordinator", "step-000040.safetensors");
    for (auto const* const name : {"coordinator", "t1", "t2", "t3", "t4"}) {
        run.signal(name, SIGKILL);
        CHECK(run.wait_for(name) == 128 + SIGKILL);
    }
    run.coordinate_alone({"--resume", run.path("coordinator/step-000040.safetensors")});
    run.train("t9");
    run.check_fails("t9", 1, "the run goes on with the members that it had");
    run.train_all();
    run.hear("coordinator", "step 41/150");
    for (auto* const each : {&alone, &run})
        for (auto const& name : trainers) CHECK(each->wait_for(name) == 0);
    CHECK(run.log("coordinator").find("step 40/") == std::string::npos);
    run.check_equal(trainers);
    auto const here = run.last_of("t1"), there = alone.last_of("t1");
    CHECK(here.step == there.step);
    CHECK(here.parameters == there.parameters);
    CHECK(here.optimizer == there.optimizer);
}

TEST_CASE("a run goes on from a checkpoint of another one, over HTTP") {
    processes run("resumed", 4, {"--optimizer", "sgd{.learning_rate = 0.05, .momentum = 0.9}"});
    run.coordinate({"--checkpoint-at", "{30}"});
    run.train_all();
    for (auto const* const name : {"t1", "t2", "t3", "t4", "coordinator"}) CHECK(run.wait_for(name) == 0);
    auto const file = contents(run.path("coordinator/step-000030.safetensors"));
    auto const hash = btard::detail::to_hex(sha256_of(std::as_bytes(std::span(file))).bytes);
    web_server const web(file);
    auto const fails = [&](std::string const& from, int status, std::string const& says) {
        run.coordinate({"--initial-state", from}, "k");
        run.check_fails("k", status, says);
    };
    fails(web.address() + "/other", 1, "The requested URL returned error: 404");
    fails(web.address() + "/file#sha256=" + std::string(64, '0'), 1, "has the hash " + hash);
    fails(web.address() + "/file#md5=0", 2, "behind the # stands no sha256=");
    fails("ftp://127.0.0.1/file", 2, "only http and https are known");
    std::string const path = std::getenv("PATH");
    ::setenv("PATH", "/nowhere", 1);
    fails(web.address() + "/file", 1, "the program curl is missing; install it, or give a file");
    ::setenv("PATH", path.c_str(), 1);
    run.coordinate({"--initial-state", web.address() + "/file#sha256=" + hash});
    run.train_all();
    run.hear("t1", "the run begins with a state of its own");
    for (auto const* const name : {"t1", "t2", "t3", "t4", "coordinator"}) CHECK(run.wait_for(name) == 0);
    run.check_equal({"t1", "t2", "t3", "t4"});
}

TEST_CASE("a full disk costs a trainer its checkpoints and not the run, and the last good one stays") {
    processes run("full_disk", 4, {"--data.dimension", "40000"}, 60); // 160 kB each
    struct small_disk {
        explicit small_disk(std::string at) : path(std::move(at)) {
            std::filesystem::create_directories(path);
            there = ::mount("none", path.c_str(), "tmpfs", 0, "size=400k") == 0;
        }
        ~small_disk() {
            if (there) ::umount2(path.c_str(), MNT_DETACH);
        }
        std::string path;
        bool there;
    } const disk(run.path("t1"));
    if (!disk.there) {
        MESSAGE("skipped: a small disk cannot be mounted here");
        return;
    }
    run.coordinate();
    run.train("t1", {"--checkpoint-every", "10"});
    run.train("t2", {"--checkpoint-every", "10", "--keep", "20"});
    run.train_all(3);
    for (auto const* const name : {"t1", "t2", "t3", "t4"}) CHECK(run.wait_for(name) == 0);
    CHECK(run.log("t1").find("no checkpoint of step 30: ") != std::string::npos);
    CHECK(run.log("t1").find("No space left on device; what was there before is unchanged") !=
          std::string::npos);
    auto const last = run.last_of("t1");
    CHECK(last.step == 20);
    CHECK(last.parameters == read_checkpoint(run.path("t2/step-000020.safetensors")).parameters);
    run.check_equal({"t2", "t3", "t4"});
    run.check_no_bans("t2");
}

TEST_CASE("bad input: a sentence and status 2, or 1 for what is around us") {
    processes run("bad_input", 4);
    run.coordinate();
    auto const fails = [&](std::string const& name, words const& more, int status, std::string const& says) {
        run.train(name, more);
        run.check_fails(name, status, says);
    };
    run.train("k1");
    run.hear("k1", "ready");
    ::chmod(run.path("k1.key").c_str(), 0644);
    fails("k2", {"--key", run.path("k1.key")}, 1, "is open to others");
    fails("k3", {"--attack", "sign_flop{}"}, 2, "sign_flip");
    fails("k4", {"--join", "nowhere"}, 2, "is no address");
    fails("k5", {"--checkpoint-evry", "3"}, 2, "checkpoint-every");
    fails("k6", {"--listen", "192.0.2.77:80"}, 1, "cannot listen");
    fails("k7", {"--listen", "127.0.0.1:" + run.port_of("coordinator")}, 1, "Address already in use");
    fails("k7", {"--listen", "99999"}, 2, "is no address; right would be 31337");
    fails("k7", {"--announce", "here, or there"}, 2, "is no address");
    fails("k8", {"--out", run.path("k1")}, 1, "k1");
    fails("k9", {"--config", run.path("none.toml")}, 1, "none.toml': No such file or directory");

    auto const cannot = [&](words const& more, int status, std::string const& says) {
        run.coordinate_alone(more, "k");
        run.check_fails("k", status, says);
    };
    cannot({"--founders", "0"}, 2, "--founders is 0, it must be 1 or more");
    cannot({"--steps-before", "200"}, 2, "--steps is 200, and 200 of them were done before");
    cannot({"--data", "text:none.txt"}, 2, "none.txt");
    cannot({"--resume", run.path("none.safetensors")}, 1, "none.safetensors': No such file or directory");
    cannot({"--resume", run.path("k1.key")}, 1, "k1.key");
    cannot({"--resume", "a", "--initial-state", "b"}, 2, "give one of them");
}

namespace {

/// In the last step that a coordinator shows: "step 514/1000  loss 0.03  6 trainers  0.4 s".
std::size_t trainers_shown(std::string const& log) {
    auto const end = log.rfind(" trainers  ");
    if (end == std::string::npos) return 0;
    return std::stoul(log.substr(log.rfind(' ', end - 1) + 1));
}

} // namespace

// BTARD_KILLS=100 test_network --test-case=soak* --no-skip
TEST_CASE("soak: random kills of trainers and the coordinator stop nobody for long, and nobody is banned" *
          doctest::skip()) {
    char const* const wanted = std::getenv("BTARD_KILLS");
    std::size_t const kills = wanted ? std::stoul(wanted) : 10;
    // Somebody dies every few steps here, where a run has thousands between two crashes: about every second kill
    // costs its victim a point, for a digest that all others missed, and a budget of f + 1 points that is spent twice
    // within `strike_fades` ends it for good.  So what is counted in steps is about 50 times shorter than by default.
    words const patience{"--standing.first_wait", "3",  "--standing.wait_halves",  "5",
                         "--standing.window",     "20", "--standing.strike_fades", "100",
                         "--probation.admits",    "nobody"};
    processes run("soak", 7, patience, 1'000'000);
    words const all{"t1", "t2", "t3", "t4", "t5", "t6", "t7"},
        kept{"--checkpoint-every", "20", "--keep", "20"};
    run.coordinate();
    run.train_all(1, kept);
    run.reach(10);
    std::uint64_t lot = 88'172'645'463'325'252;
    double longest = 0;
    std::size_t done = 0;
    auto const is_whole = [&] { return trainers_shown(run.log("coordinator")) == all.size(); };
    for (; done < kills; ++done) {
        // One after another: of the members that a step began with a quorum must live, or the run stands still.
        bool const whole = within(std::chrono::seconds(300), is_whole);
        INFO("after ", done, " kills");
        REQUIRE(whole);
        lot ^= lot << 13, lot ^= lot >> 7, lot ^= lot << 17; // xorshift
        std::size_t const victim = lot % 8;
        std::string const name = victim == 0 ? "coordinator" : "t" + std::to_string(victim);
        auto const other = victim == 1 ? std::string("t2") : std::string("t1");
        std::this_thread::sleep_for(std::chrono::milliseconds(lot >> 20 & 1'023)); // at any moment
        run.signal(name, SIGKILL);
        (void)run.wait_for(name);
        run.check_no_bans(name); // its log begins anew
        if (victim == 0) {
            run.coordinate({"--join", "127.0.0.1:" + run.port_of(other)});
            run.hear("coordinator", "step ");
        } else {
            auto const begun = std::chrono::steady_clock::now();
            run.train(name, kept, other);
            run.hear(name, "a member of the run from step", std::chrono::seconds(300));
            longest = std::max(
                longest, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
        }
    }
    MESSAGE(done << " kills; at most " << longest << " s until the one that was killed was a member again");
    auto const step = run.last_common(all); // later than the last return: then all have one of each
    CHECK(within(std::chrono::seconds(300), [&] { return run.last_common(all) > step; }));
    run.check_equal(all, run.last_common(all));
    auto const shown = run.log("coordinator").size(); // it has found them again, too, wherever they are now
    CHECK(within(std::chrono::seconds(60),
                 [&] { return run.log("coordinator").find(" step ", shown) != std::string::npos; }));
    for (auto const& name : all) run.signal(name, SIGTERM);
    for (auto const& name : all) CHECK(run.wait_for(name) == 0);
    for (auto const& name : all) run.check_no_bans(name);
}
