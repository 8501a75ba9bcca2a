// SPDX-License-Identifier: Apache-2.0
// Swarms whose liars are banned; the record of each ban is taken from an honest peer, and checked by nobody who was there.
#include "../golden.hpp"

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
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace btard;

namespace ban_records_tests { // other tests of its batch have helpers of the same names

namespace {

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

rule const clip{.tau = 1, .start_at = start_point::given};
constexpr std::size_t size = 150, peers = 8;

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
std::vector<shown_ban> bans_for(lie how, std::string_view why, std::size_t byzantine = 1,
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

/// Who, when, for what, and what the record holds of each step.
std::vector<std::string> lines_of(shown_ban const& ban) {
    auto const& record = ban.record;
    std::size_t who = 0;
    while (testing::counting_signer(who).key() != record.who.key) ++who;
    auto const bytes = encode_record(record);
    std::vector<std::string> lines{concat("step ", record.step, ", peer ", who, ", ",
                                          enum_names(record.why)[std::size_t(record.why)], ", ", bytes.size(),
                                          " bytes, ", golden::first_of(sha256_of(bytes)), ", ",
                                          ban.check().value_or("verified"))};
    auto const name = [](std::uint8_t of) { return enum_names(phase{})[of]; };
    if (record.twice)
        lines.push_back(
            concat("statements in ", name(record.twice->in.at.phase), " of step ", record.twice->in.at.step));
    for (auto const& step : record.steps) {
        std::string line = concat("step ", step.context.step, ":");
        for (auto const& log : step.logs) line += concat(" ", name(log.certificate.at.phase));
        if (!step.later.empty()) line += " |";
        for (auto const& log : step.later) line += concat(" ", name(log.phase));
        lines.push_back(std::move(line));
        auto const rows = [](std::vector<wire::row> const& of) {
            std::string text;
            for (auto const& row : of) text += concat(" ", std::size_t(row.sender), ":", std::size_t(row.part));
            return text;
        };
        for (auto const& shown : step.exhibits) lines.push_back("  exhibit of rows" + rows(shown.rows));
        if (!step.rows.empty()) lines.push_back("  rows" + rows(step.rows));
        if (!step.floats.empty()) lines.push_back(concat("  floats: ", step.floats.size()));
    }
    return lines;
}

} // namespace

TEST_CASE("ban record: each kind of lie leaves one that a third party can check, and it is the one that it was") {
    struct {
        lie how;
        std::string_view name, why;
        std::size_t byzantine, steps;
        std::uint64_t flips_from;
    } const all[] = {
        {lie::testimony, "a false testimony", "false_testimony", 1, 2,
         never}, // found by the owner: who may accuse
        {lie::quiet_testimony, "one of the last bit, to accomplices", "false_testimony", 3, 3,
         never},                                                                   // found by a validator
        {lie::covered_testimony, "one to an accomplice", "cover_up", 3, 2, never}, // rows are opened
        {lie::hidden, "the same, and the row is not opened", "hidden_row", 3, 2, never},
        {lie::result, "a wrong result", "wrong_result", 1, 2, never},            // rows are opened
        {lie::quiet_result, "one in the last bit", "wrong_result", 1, 2, never}, // found by a validator
        {lie::shy_result, "the same, of one that shows its rows to nobody", "wrong_result", 1, 2,
         never}, // its own is known
        {lie::share, "a share that was not committed to", "wrong_share", 1, 1, never},
        {lie::slander, "an accusation by validators", "slander", 2, 2, never},
        {lie::nonsense, "a testimony that is no number", "malformed", 1, 1, never},
        {lie::twice, "two bodies for one slot", "equivocation", 1, 0, never},
        {lie::none, "a gradient with another sign", "wrong_gradient", 3, 2, 2},
        {lie::shy, "rows that a validator is not shown, with a tolerance", "hidden_row", 1, 2, never},
        {lie::shy_testimony, "the same until all are to see them, and a false testimony", "false_testimony",
         3, 3, never},
    };
    std::vector<std::string> lines;
    std::set<std::string_view> kinds;
    for (auto const& one_lie : all) {
        INFO(std::string(one_lie.name));
        auto const found = bans_for(one_lie.how, one_lie.why, one_lie.byzantine, one_lie.flips_from);
        REQUIRE(!found.empty());
        for (auto const& one : found) CHECK(one.record.steps.size() == one_lie.steps);
        kinds.insert(one_lie.why);
        lines.push_back(std::string(one_lie.name) + ":");
        for (auto const& line : lines_of(found.front())) lines.push_back("  " + line);
    }
    for (std::size_t k = 0; k < enum_count(offence{}); ++k) // no kind of ban is left out
        CHECK(kinds.contains(enum_names(offence{})[k]) == is_ban(offence(k)));
    golden::check("bans.txt", lines);
}
TEST_CASE("ban record: a wrong gradient is shown by the votes on it, in a later epoch with a chain of rosters") {
    auto const found = bans_for(lie::none, "wrong_gradient", 3, 2, 3);
    REQUIRE(found.size() == 3);
    CHECK(found.front().record.epochs.empty());
    auto last = found.back();
    auto& epochs = last.record.epochs;
    REQUIRE(!epochs.empty());
    MESSAGE(epochs.size(), " epochs, ", encode_record(last.record).size(), " bytes");
    auto const lost = std::exchange(epochs, {});
    CHECK(last.check() == "its epochs do not end with that of the step");
    epochs = lost;
    ++epochs.back().context.banned;
    CHECK(last.check()->find("members say that they started from this") != std::string::npos);
}

TEST_CASE("ban record: it is of one peer, one offence, one run and one step") {
    auto const one = bans_for(lie::share, "wrong_share").at(0);
    auto const after = [&](auto change) {
        auto other = one;
        change(other.record, other.root);
        return other.check().value_or("verified");
    };
    CHECK(after([](auto&, auto&) {}) == "verified");
    CHECK(after([](ban_record& r, auto&) { r.who = r.steps[0].context.roster[0]; }) ==
          "it does not follow that this peer is guilty of wrong_share");
    CHECK(after([](ban_record& r, auto&) { r.who.incarnation[0] ^= std::byte{1}; }) ==
          "nobody of that key and incarnation was a member");
    CHECK(after([](ban_record& r, auto&) { r.why = offence::slander; }) ==
          "it does not follow that this peer is guilty of slander");
    CHECK(after([](ban_record& r, auto&) { r.why = offence::absence; }) == "absence is no reason for a ban");
    CHECK(after([](ban_record& r, auto&) { ++r.step; }) == "its steps do not follow on each other");
    CHECK(after([](auto&, trust_root& t) { t.run.bytes[3] ^= std::byte{1}; }) == "it is of another run");
    CHECK(after([](auto&, trust_root& t) { std::swap(t.roster[0], t.roster[1]); }) ==
          "step 1 has another roster than its epoch");
    CHECK(after([](ban_record& r, auto&) { r.steps.clear(); }) == "it holds no step");
    CHECK(after([](ban_record& r, auto&) { r.twice.emplace(); }) ==
          "it holds two statements or the logs of steps, never both");
    CHECK(after([](ban_record& r, auto&) { r.steps[0].floats.push_back({{1}}); }) ==
          "it holds more than the verdict rests on");
}

TEST_CASE("ban record: a signature that is broken or missing is named") {
    auto const one = bans_for(lie::share, "wrong_share").at(0);
    auto const after = [&](auto change) {
        auto other = one;
        change(other.record.steps[0].logs);
        return other.check().value_or("verified");
    };
    CHECK(after([](auto& logs) { logs[1].bodies[2].by_sender.bytes[9] ^= std::byte{1}; }) ==
          "log result of step 1: the signature of member 2 under its body is broken");
    CHECK(after([](auto& logs) { logs[0].certificate.signatures[3].by_member.bytes[0] ^= std::byte{1}; }) ==
          "log commit of step 1: the signature of member 3 under the list is broken");
    CHECK(after([](auto& logs) { logs[0].certificate.signatures.resize(3); }) ==
          "log commit of step 1 is signed by 3 members, a quorum is 6");
    auto fewer = one; // the step after it began from this list: among a quorum that says so is an honest member
    fewer.record.steps[0].logs[2].certificate.signatures.resize(3);
    CHECK(fewer.check().value_or("verified") == "verified");
    fewer.record.next.reset();
    CHECK(fewer.check(fewer.record, confirmation::may_be_missing) ==
          "log reveal of step 1 is signed by 3 members, a quorum is 6");
    CHECK(after([](auto& logs) { logs[2].certificate.signatures[1] = logs[2].certificate.signatures[0]; }) ==
          "log reveal of step 1 is signed by somebody twice, or by no member");
    CHECK(after([](auto& logs) { logs[1].bodies[0].bytes[40] ^= std::byte{1}; }) ==
          "log result of step 1: the body of member 0 is another one");
    CHECK(after([](auto& logs) { logs[1].bodies.pop_back(); }) == "log result of step 1 lacks a body");
    CHECK(after([](auto& logs) { logs.pop_back(); }) == "it does not follow that this peer is guilty of wrong_share");
    CHECK(after([](auto& logs) { std::swap(logs[1], logs[2]); }) ==
          "step 1 lacks a log that follows on the one before");
}

TEST_CASE("ban record: a flipped bit, wherever it is, makes it worthless") {
    for (auto const& [how, why] : {std::pair(lie::share, "wrong_share"), {lie::quiet_result, "wrong_result"},
                                   {lie::quiet_testimony, "false_testimony"}}) {
        auto const one = bans_for(how, why, how == lie::quiet_testimony ? 3 : 1).at(0);
        auto const bytes = encode_record(one.record);
        std::size_t read = 0;
        for (std::size_t bit = 5; bit < 8 * bytes.size(); bit += 619) {
            auto flipped = bytes;
            flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
            auto const other = decode_record(flipped);
            read += other.has_value();
            INFO("bit ", bit);
            if (other) CHECK(one.check(*other));
        }
        CHECK(read > 20);
        for (std::size_t length = 0; length < bytes.size(); length += 97)
            CHECK(!decode_record(std::span(bytes).first(length)));
    }
}

TEST_CASE("ban record: two statements of one slot need nothing else") {
    testing::counting_signer const liar_key(3);
    trust_root const root{tagged_hash("some run"), {}};
    ban_record record{.who = {liar_key.key(), {std::byte{7}}}, .why = offence::equivocation, .step = 4};
    auto& both = record.twice.emplace();
    both.in = {root.run, {1, 4, std::uint8_t(phase::result), 0}};
    both.kind = statement::body;
    both.member = peer_id{2};
    for (std::size_t k = 0; k < 2; ++k) {
        both.hashes[k] = tagged_hash("body", k);
        both.signatures[k] = liar_key.sign(
            statement_text(both.in, both.kind, both.member, record.who, both.hashes[k], both.member));
    }
    shown_ban const one{record, root, verification{}.rules(peers)};
    CHECK(one.check().value_or("verified") == "verified");
    auto const bytes = encode_record(record);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        auto flipped = bytes;
        flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        if (auto const other = decode_record(flipped)) {
            auto const wrong = one.check(*other);
            bool const later =
                other->step >
                4; // it may be shown in any later step of the epoch, and the number is not signed
            CHECK((wrong || later));
        }
    }
    auto same = one;
    same.record.twice->hashes[1] = same.record.twice->hashes[0];
    CHECK(same.check() == "the two statements are one and the same");
    auto broken = one;
    broken.record.twice->signatures[1].bytes[0] ^= std::byte{1};
    CHECK(broken.check() == "the signature under statement 2 is broken");
}

namespace {

/// A log out of these bodies, each signed by its member, in a list signed by all `signers`.
kept_log signed_log(step_context const& context, place at,
                    std::vector<std::optional<std::vector<std::byte>>> const& bodies,
                    std::vector<std::size_t> const& signers) {
    auto const sign = [&](std::size_t member, statement kind, digest const& hash) {
        auto const who = context.roster[member];
        for (std::size_t k = 0; k < peers; ++k)
            if (testing::counting_signer const key(k); key.key() == who.key)
                return key.sign(statement_text({context.run, at}, kind, peer_id(member), who, hash, peer_id(member)));
        return signature{};
    };
    kept_log log{{at, false, {}, {}}, {}};
    for (std::size_t k = 0; k < bodies.size(); ++k) {
        auto& entry = log.certificate.list.emplace_back();
        if (!bodies[k]) continue;
        entry = {entry_kind::body, sha256_of(*bodies[k])};
        log.bodies.push_back({*bodies[k], sign(k, statement::body, entry.hash)});
    }
    digest const hash = hash_of(log.certificate.list);
    for (std::size_t const k : signers)
        log.certificate.signatures.push_back({peer_id(k), sign(k, statement::list, hash)});
    return log;
}

} // namespace

TEST_CASE("ban record: a list that the relay overruled, and that liars sign afterwards, shows nothing") {
    auto const found = bans_for(lie::none, "wrong_gradient", 3, 2, 1, 1).at(0); // f = 3 of 8: more than a third
    CHECK(found.check().value_or("verified") == "verified");
    auto forged = found.record;
    auto& step = forged.steps.back();
    std::size_t const n = step.context.roster.size(), quorum = quorum_of(n, found.rules.faults);
    auto const is_liar = [&](log_member const& one) {
        for (std::size_t const k : {1, 3, 5})
            if (testing::counting_signer(k).key() == one.key) return true;
        return false;
    };

    // Two honest members had not heard the others in time, and signed that; three liars have signed nothing until now.
    kept_log const votes = step.logs.back();
    REQUIRE(votes.certificate.at.phase == std::uint8_t(phase::vote));
    REQUIRE(votes.bodies.size() == n);
    std::vector<std::optional<std::vector<std::byte>>> heard(n);
    std::vector<std::size_t> signers;
    std::size_t honest = 0;
    for (std::size_t k = 0; k < n; ++k) {
        if (!is_liar(step.context.roster[k]) && ++honest > 2) continue;
        heard[k] = votes.bodies[k].bytes;
        signers.push_back(k);
    }
    REQUIRE(signers.size() == quorum);
    step.logs.back() = signed_log(step.context, votes.certificate.at, heard, signers);
    // By it the validator that found the liar is the one to go.
    auto const& accusals = step.logs[step.logs.size() - 2];
    for (std::size_t k = 0; k < n; ++k) {
        auto const said = decode<wire::said<wire::accuse>>(accusals.bodies.at(k).bytes);
        REQUIRE(said);
        if (!said->body.accusations.empty()) forged.who = step.context.roster[k];
    }
    REQUIRE(!is_liar(forged.who));
    forged.why = offence::slander;
    CHECK(found.check(forged) == "the logs of step " + std::to_string(forged.step) +
                                     " are not those from which step " + std::to_string(forged.step + 1) +
                                     " began");
    auto alone = forged;
    alone.next.reset();
    CHECK(found.check(alone, confirmation::may_be_missing).value_or("verified") ==
          "verified"); // a quorum has signed it
    CHECK(found.check(alone) == "nobody says that the next step began from its logs");

    // They can say that the next step began from there, but honest members have said something else.
    auto& [next, commits, end] = *forged.next;
    digest const begun = hash_of(next);
    next.logs = hash_of_logs(step.logs, step.later);
    std::erase_if(next.roster, [&](log_member const& one) { return one.key == forged.who.key; });
    std::vector<std::optional<std::vector<std::byte>>> said(next.roster.size());
    signers.clear();
    for (std::size_t k = 0; k < said.size(); ++k) {
        said[k] = encode(wire::said<wire::commit>{{}, {.context = is_liar(next.roster[k]) ? hash_of(next) : begun}});
        signers.push_back(k);
    }
    commits = signed_log(next, {next.epoch, next.step}, said, signers);
    auto const wrong = found.check(forged);
    REQUIRE(wrong);
    CHECK(wrong->find("members say that they started from this, a quorum is 5") != std::string::npos);
    CHECK(wrong->find(": 2 members") != std::string::npos); // the third liar is out
}

} // namespace ban_records_tests
