// SPDX-License-Identifier: Apache-2.0
// Swarms whose liars are banned; the record of each ban is taken from an honest peer, and checked by nobody who was there.
#include <btard/aggregate/centered_clip.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/protocol/ban_check.hpp>
#include <btard/protocol/verified_swarm.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace btard;

namespace {

enum class lie { none, testimony, quiet_testimony, covered_testimony, result, quiet_result, share, slander, nonsense, twice };

/// Lies in one way.
struct liar {
    lie how = lie::none;

    template <class P>
    void shape_part(deed<P> const& at, part_id, std::vector<float>& aggregate) {
        if (at.step() == 0) return;
        if (how == lie::result) aggregate[0] += 1;
        if (how == lie::quiet_result) aggregate[0] = std::nextafter(aggregate[0], 1.0f);
    }
    template <class P>
    bool shape(deed<P> const& at, wire::testify& said) {
        if (at.step() == 0 || said.parts.empty()) return true;
        auto const standing = at.self.state().record.standing_parts();
        for (std::size_t j = 0; j < said.parts.size(); ++j) {
            auto& numbers = said.parts[j];
            auto const owner = at.self.state().key(at.self.state().part(standing[j]).owner);
            bool const covered = owner != at.self.key() && at.is_accomplice(owner);
            if (how == lie::testimony) numbers.projection *= 0.5;
            if (how == lie::quiet_testimony && covered) numbers.projection = std::nextafter(numbers.projection, 1.0);
            if (how == lie::covered_testimony && covered) numbers.projection *= 0.5;
            if (how == lie::nonsense) numbers.distance = std::numeric_limits<double>::quiet_NaN();
        }
        return true;
    }
    template <class P>
    bool shape(deed<P> const& at, wire::reveal& said) {
        if (how == lie::share && at.step() == 1) said.opened.value[5] ^= std::byte{4};
        return true;
    }
    template <class P>
    bool shape(deed<P> const&, wire::accuse& said) {
        if (how != lie::slander) return true;
        for (auto const& one : said.cleans) said.accusations.push_back({one.target, one.step, wire::charge::gradient, {}, {}});
        said.cleans.clear();
        return true;
    }
};

using rule = centered_clip;
using run_of_liars = verified_swarm<quadratic, rule, scheduled<sign_flip>, liar, testing::counting_signer>;

rule const clip{.tau = 1, .start_at = start_point::given};
constexpr std::size_t size = 150, peers = 8;

struct shown_ban {
    ban_record record;
    trust_root root;
    run_rules rules;

    [[nodiscard]] std::optional<std::string> check(ban_record const& changed) const {
        court<host, rule> const bench{host{.threads = 1}, clip, size};
        return verify_ban(changed, testing::counting_signer(99), bench, rules, root);
    }
    [[nodiscard]] std::optional<std::string> check() const { return check(record); }
};

/// Until there are bans of that kind; their records.
std::vector<shown_ban> bans_for(lie how, std::string_view why, std::size_t byzantine = 1, std::uint64_t flips_from = 1'000'000,
                                std::size_t steps = 40) {
    std::vector<testing::counting_signer> keys;
    for (std::size_t k = 0; k < peers; ++k) keys.emplace_back(k);
    verification checks{};
    checks.validators = 2;
    swarm_options options{.peers = peers, .seed = 5, .threads = 1, .bans = bans::validators};
    for (std::size_t k = 0; k < byzantine; ++k) options.byzantine.push_back(2 * k + 1);
    run_of_liars run(quadratic{.dimension = size}, clip, scheduled{sign_flip{}, {.start = flips_from}}, liar{how}, options,
                     checks, keys);
    std::vector<shown_ban> found;
    run.train(steps, [&](step_report const& report) {
        for (auto const& one : report.removed) {
            if (!one.banned) continue;
            INFO("step ", report.step, ", peer ", one.peer, ", ", std::string(one.why));
            auto record = run.record_of(one);
            REQUIRE(record);
            shown_ban ban{*std::move(record), run.root_of_trust(), checks.rules(peers)};
            CHECK(ban.check().value_or("verified") == "verified");
            auto const again = decode_record(encode_record(ban.record));
            REQUIRE(again);
            CHECK(*again == ban.record);
            if (one.why == why) found.push_back(std::move(ban));
        }
        return found.empty();
    });
    return found;
}

} // namespace

TEST_CASE("ban record: each kind of lie leaves one that a third party can check") {
    struct { lie how; std::string_view why; std::size_t byzantine; std::size_t steps; } const all[] = {
        {lie::testimony, "false_testimony", 1, 2},     // found by the owner: the step alone, and who may accuse
        {lie::quiet_testimony, "false_testimony", 3, 3}, // found by a validator: the step before, with its verdicts
        {lie::covered_testimony, "cover_up", 3, 2},    // rows are opened
        {lie::result, "wrong_result", 1, 2},           // rows are opened
        {lie::quiet_result, "wrong_result", 1, 2},     // found by a validator
        {lie::share, "wrong_share", 1, 1},
        {lie::slander, "slander", 2, 2},
        {lie::nonsense, "malformed", 1, 1},
    };
    for (auto const& [how, why, byzantine, steps] : all) {
        INFO(std::string(why), " ", int(how));
        auto const found = bans_for(how, why, byzantine);
        CHECK(!found.empty());
        for (auto const& one : found) {
            MESSAGE(std::string(why), " ", one.record.steps.size(), " steps, ", encode_record(one.record).size(), " bytes");
            CHECK(one.record.steps.size() == steps);
        }
    }
}
TEST_CASE("ban record: a wrong gradient is shown by the votes on it, in a later epoch by a chain of rosters") {
    auto const found = bans_for(lie::none, "wrong_gradient", 3, 2);
    REQUIRE(!found.empty());
    CHECK(found.front().record.epochs.empty());
}
