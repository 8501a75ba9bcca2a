// SPDX-License-Identifier: Apache-2.0
// Records of bans, checked by nobody who was there.
#include "../golden.hpp"
#include "shown_bans.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ban_records_tests {

namespace {

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
