// SPDX-License-Identifier: Apache-2.0
#include "../../apps/simulate/verify_ban.hpp"

#include <btard/core/error.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/text.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>
#include <btard/testing/counting_signer.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace {

run_description run_named(std::string_view name, bool real) {
    run_description run{.root = {tagged_hash(name), {{testing::counting_signer(1).key(), {}}}},
                        .rule = "centered_clip{.tau = 1}", .size = 10, .real_keys = real};
    run.rules.faults = 3;
    run.rules.far = 0.5;
    run.rules.tolerance = real ? 1e-5 : 0;
    return run;
}

template <class S>
ban_record signed_twice(S const& with, digest const& run) {
    ban_record record{.who = {with.key(), {}}, .why = offence::equivocation, .step = 7};
    auto& both = record.twice.emplace();
    both.in = {run, {0, 7, std::uint8_t(phase::commit), 0}};
    for (std::size_t k = 0; k < 2; ++k) {
        both.hashes[k] = tagged_hash("body", k);
        both.signatures[k] = with.sign(statement_text(both.in, both.kind, both.member, record.who, both.hashes[k], both.member));
    }
    return record;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    auto const at = text.find(from);
    REQUIRE(at != text.npos);
    return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("base64: all lengths, and nothing but its own text") {
    std::vector<std::byte> bytes;
    for (int k = 0; k < 300; ++k) {
        CHECK(from_base64(base64(bytes)) == bytes);
        bytes.push_back(static_cast<std::byte>(37 * k));
    }
    CHECK(base64({std::byte{'f'}, std::byte{'o'}}) == "Zm8=");
    for (auto const* const text : {"Zg", "Zh==", "Zm9=", "====", "Z===", "Zm8\n", "Zg==Zg=="}) {
        INFO(std::string(text));
        CHECK(!from_base64(text));
    }
}

TEST_CASE("ban file: runs and bans come back as they were, with real keys and without") {
    auto const one = run_named("one", false), two = run_named("two", true);
    auto const real = identity::from_seed(tagged_hash("seed").bytes);
    auto const first = signed_twice(testing::counting_signer(1), one.root.run), second = signed_twice(real, two.root.run);
    std::string const text = run_line(one) + "\n" + run_line(two) + "\n" + ban_line(two.root.run, second) + "\n" +
                             ban_line(one.root.run, first) + "\n";
    auto const file = read_bans(text);
    REQUIRE(file.runs.size() == 2);
    CHECK(file.runs[0] == one);
    CHECK(file.runs[1] == two);
    REQUIRE(file.bans.size() == 2);
    CHECK(file.bans[0].record == second);
    CHECK(file.bans[1].record == first);
    CHECK(file.bans[1].line == 4);
    auto const [said, all] = verify_bans(file);
    CHECK(all);
    CHECK(said.find("step 7  " + to_text(real.key()).substr(0, 16) + "  equivocation  verified\n") != std::string::npos);
}

TEST_CASE("ban file: a broken line is named, and the others are read all the same") {
    auto const run = run_named("one", false);
    auto const record = signed_twice(testing::counting_signer(1), run.root.run);
    std::string const good = ban_line(run.root.run, record);
    auto broken = record;
    broken.twice->signatures[0].bytes[5] ^= std::byte{1};
    auto const check = [&](std::string const& line, std::string const& sentence) {
        auto const answer = verify_bans(read_bans(run_line(run) + "\n\n" + line + "\n" + good));
        INFO(answer.first);
        CHECK(!answer.second);
        CHECK(answer.first.find("line 3: " + sentence + "\n") != std::string::npos);
        CHECK(answer.first.ends_with("verified\n"));
    };
    check(good.substr(0, 200), "it is no JSON object: it was cut off or changed");
    check("{}", "it describes neither a run nor a ban");
    check(replaced(run_line(run), "\"size\":10", "\"size\":-1"), "it describes neither a run nor a ban");
    std::string const begins = "\"record\":\"", version = good.substr(good.find(begins) + begins.size(), 1);
    check(replaced(good, begins + version, begins), "its record is no base64: it was cut off or changed");
    check(replaced(good, begins + version, begins + "Z"), "its record cannot be read: it was cut off or changed");
    check(replaced(good, "\"step\":7", "\"step\":8"), "its record is of another step, peer or offence");
    check(replaced(good, "equivocation", "slander"), "its record is of another step, peer or offence");
    check(ban_line(tagged_hash("other"), record), "no line before it describes the run " + to_text(public_key{tagged_hash("other").bytes}).substr(0, 16));
    check(ban_line(run.root.run, broken), "the signature under statement 1 is broken");
    check(ban_line(run.root.run, signed_twice(testing::counting_signer(1), tagged_hash("foreign"))), "it is of another run");
}

TEST_CASE("ban file: a rule that peers cannot check, or that there is not, is a sentence") {
    for (std::string const rule : {"krum{}", "no_rule{}", "centered_clip{.tau = -1}"}) {
        auto run = run_named("one", false);
        run.rule = rule;
        ban_record const record{.why = offence::slander};
        auto const answer = verify_bans(read_bans(run_line(run) + "\n" + ban_line(run.root.run, record)));
        INFO(answer.first);
        CHECK(!answer.second);
        CHECK(answer.first.find("WRONG, line 2: ") != std::string::npos);
    }
}
