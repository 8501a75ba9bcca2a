// SPDX-License-Identifier: Apache-2.0
// Records of bans in which something is changed.
#include "shown_bans.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace ban_records_tests {

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

} // namespace ban_records_tests
