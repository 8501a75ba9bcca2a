// SPDX-License-Identifier: Apache-2.0
// Whole swarms whose honest peers fall silent in the middle of something, and come back.
#include <btard/aggregate/centered_clip.hpp>
#include <btard/attack/contest_flood.hpp>
#include <btard/attack/false_complaints.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/attack/withholding.hpp>
#include <btard/core/random.hpp>
#include <btard/protocol/verified_swarm.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

using namespace btard;

namespace {

/// Calls somebody when a number of signatures has been made and checked: a moment that is none of the phases' own.
struct watch {
    std::uint64_t seen = 0, at = ~std::uint64_t{0};
    std::function<void()> then;
};
class watched_signer {
public:
    watched_signer(std::uint64_t number, std::shared_ptr<watch> by) : key_(number), by_(std::move(by)) {}
    [[nodiscard]] public_key const& key() const { return key_.key(); }
    [[nodiscard]] signature sign(std::span<std::byte const> text) const { return key_.sign(text); }
    [[nodiscard]] bool verify(public_key const& k, std::span<std::byte const> text,
                              signature const& by) const noexcept {
        if (++by_->seen == by_->at) by_->then();
        return key_.verify(k, text, by);
    }

private:
    testing::counting_signer key_;
    std::shared_ptr<watch> by_;
};
static_assert(signer<watched_signer>);

struct crashing {
    using swarm_type = verified_swarm<quadratic, centered_clip, sign_flip, upright, watched_signer>;

    explicit crashing(std::size_t peers, std::uint64_t seed, std::vector<std::size_t> byzantine = {},
                      std::size_t threads = 1)
        : run({.dimension = 24}, {.tau = 1, .start_at = start_point::given}, {}, {},
              {.peers = peers,
               .byzantine = std::move(byzantine),
               .seed = seed,
               .threads = threads,
               .bans = bans::validators},
              {}, keys(peers)) {}
    std::vector<watched_signer> keys(std::size_t peers) const {
        std::vector<watched_signer> all;
        for (std::size_t k = 0; k < peers; ++k) all.emplace_back(k, by);
        return all;
    }

    std::shared_ptr<watch> by = std::make_shared<watch>();
    swarm_type run;
};

/// Removed all at once for its complaints, in the middle of a flood of lists against one member.
struct contests_and_complains {
    contest_flood contest = {.victim = 7};
    false_complaints complain = {};
    withhold_parts withhold = {};

    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::result& said) {
        return complain.shape(at, said);
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) {
        if (auto const goes = withhold.pass(at, to, message); !goes.sent) return goes;
        return contest.pass(at, to, message);
    }
};

} // namespace

TEST_CASE("verified swarm: gradients computed by three threads give the bits that one gives") {
    crashing one(6, 5, {2}), three(6, 5, {2}, 3);
    for (int step = 0; step < 12; ++step) {
        one.run.train(1);
        three.run.train(1);
        REQUIRE(std::ranges::equal(one.run.parameters(), three.run.parameters()));
    }
    CHECK(std::ranges::equal(one.run.removals(), three.run.removals()));
}

TEST_CASE("crash: at any moment, of any peer: it is absent, comes back after its wait, and nobody is banned "
          "or struck") {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        crashing s(8, seed);
        s.run.train(1);
        auto const before = s.by->seen;
        s.run.train(1);
        auto const bits = philox(btard::seed{seed, 1}, 0);
        std::size_t const who = bits[0] % 8;
        INFO("seed ", seed, ", peer ", who);
        s.by->at = s.by->seen + 1 + bits[1] % (s.by->seen - before);
        s.by->then = [&] { s.run.crash(who); };
        s.run.train(2);
        REQUIRE(s.run.removals().size() == 1);
        CHECK(s.run.removals()[0] == removal{who, "absence", false});
        s.run.restart(who);
        s.run.train(16);
        CHECK(!s.run.is_member(who));
        s.run.train(8);
        CHECK(s.run.is_member(who));
        CHECK(s.run.removals().size() == 1);
        CHECK(s.run.at(who).membership().context() == s.run.at((who + 1) % 8).membership().context());
        CHECK(s.run.events().diverged == 0);
    }
}

TEST_CASE("crash: who is back before it was missed joins again, and is not taken for what it was") {
    crashing s(5, 3);
    s.run.train(2);
    s.run.crash(1);
    s.run.restart(1);
    s.run.train(1);
    REQUIRE(s.run.removals().size() == 1);
    CHECK(s.run.removals()[0] == removal{1, "absence", false});
    s.run.train(24);
    CHECK(s.run.is_member(1));
    CHECK(s.run.removals().size() == 1);
}

TEST_CASE("crash: twice: the second wait is longer, and no wish to join of an earlier life counts") {
    crashing s(5, 4);
    s.run.train(2);
    for (std::size_t const wait : {24, 44}) {
        s.run.crash(1);
        s.run.train(1);
        s.run.restart(1);
        s.run.train(wait - 8);
        CHECK(!s.run.is_member(1));
        s.run.train(8);
        CHECK(s.run.is_member(1));
    }
    CHECK(s.run.removals().size() == 2);
}

TEST_CASE("crash: with liars about, honest crashes cost nobody his place") {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        crashing s(9, seed, {0, 4}); // f = 3: one crash at a time is left
        INFO("seed ", seed);
        s.by->at = 2'000 + 700 * seed;
        s.by->then = [&] { s.run.crash(7); };
        s.run.train(10);
        s.run.restart(7);
        s.run.train(40);
        CHECK(s.run.is_member(7));
        for (auto const& one : s.run.removals()) {
            if (one.peer == 7) CHECK(one == removal{7, "absence", false});
            else CHECK((one.peer == 0 || one.peer == 4));
        }
    }
}

TEST_CASE("crash: an attacker that comes back attacks again, and counts as one") {
    crashing s(8, 2, {0});
    s.run.crash(0);
    s.run.train(1);
    s.run.restart(0);
    s.run.train(24, [&](step_report const&) { return !s.run.is_member(0); });
    REQUIRE(s.run.is_member(0));
    s.run.train(1, [&](step_report const& step) {
        CHECK(step.attacking == 1);
        CHECK(step.byzantine == 1);
    });
}

TEST_CASE("contests: liars that are removed while they contest a slot cost its sender no more than before") {
    std::vector<testing::counting_signer> keys;
    for (std::size_t k = 0; k < 8; ++k) keys.emplace_back(k);
    verified_swarm swarm(quadratic{.dimension = 24}, centered_clip{.tau = 1, .start_at = start_point::given}, honest{},
                       contests_and_complains{},
                       {.peers = 8, .byzantine = {0, 1, 2}, .seed = 1, .threads = 1, .bans = bans::validators}, {},
                       keys);
    auto const owed = [&] { return swarm.at(6).membership().standing().points_of(keys[7].key(), 0); };
    auto const liars = [&] { return swarm.is_member(0) + swarm.is_member(1) + swarm.is_member(2); };
    swarm.train(10, [&](step_report const&) { return liars() > 0; });
    REQUIRE(liars() == 0);
    swarm.train(2); // the last lists against it are judged when fewer are there
    for (auto const& one : swarm.removals()) CHECK(one.peer < 3);
    CHECK(owed() <= 3 * point); // f: one for each liar
    CHECK(owed() > 2 * point);
}
