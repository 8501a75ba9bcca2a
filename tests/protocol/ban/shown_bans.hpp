// Swarms whose liars are banned, and the record of each ban, taken from an honest peer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/centered_clip.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/core/random.hpp>
#include <btard/protocol/ban/ban_check.hpp>
#include <btard/protocol/verified_swarm.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/learnable.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ban_records_tests {

using namespace btard;

enum class lie { none, testimony, quiet_testimony, covered_testimony, hidden, result, quiet_result, share, slander,
                 nonsense, twice, shy, shy_testimony, shy_result };

/// Gradients of small whole numbers, the same on every machine; there is nothing to learn.
struct whole_numbers {
    std::size_t dimension;
    bool rounds = false;     ///< differently, each time
    std::uint64_t times = 0; ///< it was asked

    [[nodiscard]] std::size_t size() const { return dimension; }
    [[nodiscard]] std::vector<tensor_layout> layout() const { return {{"all", 0, {dimension}, dimension, true}}; }
    [[nodiscard]] static bool labelled() { return false; }
    static void initialize(seed, std::span<float> out) { std::ranges::fill(out, 0.0f); }
    double gradient(std::span<float const>, seed from, labels_hook, std::span<float> out) {
        random_stream random(from);
        for (float& x : out) x = float(random.below(17)) - 8;
        if (rounds) out[++times % out.size()] *= 1 + 0x1p-20f;
        return 0;
    }
    static double evaluate(std::span<float const>) { return 0; }
};

/// Lies in one way.
struct liar {
    lie how = lie::none;

    template <class P>
    void shape_part(deed<P> const& at, part_id, std::vector<float>& aggregate) {
        if (at.step() == 0) return;
        if (how == lie::result) aggregate[0] += 1;
        if (how == lie::quiet_result || how == lie::shy_result) aggregate[0] = std::nextafter(aggregate[0], 1.0f);
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
            if ((how == lie::quiet_testimony || how == lie::shy_testimony) && covered)
                numbers.projection = std::nextafter(numbers.projection, 1.0);
            bool const first =
                at.self.key() == at.with.members.front(); // owners that only look away are another matter
            if ((how == lie::covered_testimony || how == lie::hidden) && covered && first) numbers.projection *= 0.5;
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
        for (auto const& one : said.cleans)
            said.accusations.push_back({one.target, one.step, wire::charge::gradient, {}, {}});
        said.cleans.clear();
        return true;
    }
    template <class P>
    fate pass(deed<P> const& at, public_key const& to, wire::message& message) {
        auto const* const row = std::get_if<wire::row>(&message);
        if (row && (how == lie::shy || how == lie::shy_testimony || how == lie::shy_result))
            return {.sent = row->step + 1 != at.step() ||
                            (how == lie::shy_testimony && at.where_phase() == phase::vote)};
        if (row && how == lie::hidden)
            return {.sent = at.where_phase() != phase::open || !at.is_accomplice(at.self.state().key(row->sender))};
        auto* const said = std::get_if<wire::signed_body>(&message);
        bool const other = (to.bytes[0] & std::byte{1}) != std::byte{};
        if (how != lie::twice || !said || said->at.step != 2 ||
            said->at.phase != std::uint8_t(phase::result) || !other)
            return {};
        said->bytes.push_back({});
        for (std::size_t k = 0; k < 8; ++k)
            if (testing::counting_signer const mine(k); mine.key() == at.self.key())
                said->by_sender = mine.sign(statement_text({at.self.state().context.run, said->at},
                                                           statement::body, said->sender, {mine.key(), {}},
                                                           sha256_of(said->bytes), said->sender));
        return {};
    }
};

using rule = centered_clip;
using run_of_liars = verified_swarm<whole_numbers, rule, scheduled<sign_flip>, liar, testing::counting_signer>;

inline rule const clip{.tau = 1, .start_at = start_point::given};
inline constexpr std::size_t size = 150, peers = 8;

struct shown_ban {
    ban_record record;
    trust_root root;
    run_rules rules;

    [[nodiscard]] std::optional<std::string> check(ban_record const& changed,
                                                   confirmation how = confirmation::wanted) const {
        court<host, rule> const bench{host{.threads = 1}, clip, size, {}, rules.tolerance};
        return verify_ban(changed, testing::counting_signer(99), bench, rules, root, how);
    }
    [[nodiscard]] std::optional<std::string> check() const { return check(record); }
};

/// Until there are bans of that kind, and a step more; their records.
inline std::vector<shown_ban> bans_for(lie how, std::string_view why, std::size_t byzantine = 1,
                                std::uint64_t flips_from = never, std::size_t count = 1,
                                std::size_t validators = 2) {
    std::vector<testing::counting_signer> keys;
    for (std::size_t k = 0; k < peers; ++k) keys.emplace_back(k);
    verification checks{};
    checks.validators = validators;
    bool const rounds = how == lie::shy || how == lie::shy_testimony;
    if (rounds) checks.tolerance = 1e-5;
    swarm_options options{.peers = peers, .seed = 5, .threads = 1, .bans = bans::validators};
    for (std::size_t k = 0; k < byzantine; ++k) options.byzantine.push_back(2 * k + 1);
    run_of_liars run(whole_numbers{size, rounds}, clip, scheduled{sign_flip{}, {.start = flips_from}},
                     liar{how}, options, checks, keys);
    std::vector<shown_ban> found, fresh;
    run.train(60, [&](step_report const& report) {
        for (auto& ban : fresh) {
            if (!is_confirmed(ban.record)) {
                CHECK(ban.check() == "nobody says that the next step began from its logs");
                CHECK(ban.check(ban.record, confirmation::may_be_missing).value_or("verified") == "verified");
                ban.record.next = run.confirmation_of(ban.record);
            }
            CHECK(ban.check().value_or("verified") == "verified");
            auto const again = decode_record(encode_record(ban.record));
            REQUIRE(again);
            CHECK(*again == ban.record);
            if (enum_names(offence{})[std::size_t(ban.record.why)] == why) found.push_back(std::move(ban));
        }
        fresh.clear();
        for (auto const& one : report.removed) {
            if (!one.banned) continue;
            INFO("step ", report.step, ", peer ", one.peer, ", ", std::string(one.why));
            auto record = run.record_of(one);
            REQUIRE(record);
            fresh.push_back({*std::move(record), run.root_of_trust(), checks.rules(peers)});
        }
        return found.size() < count;
    });
    return found;
}

} // namespace ban_records_tests
