// SPDX-License-Identifier: Apache-2.0
#include "run_of.hpp"

#include <btard/protocol/applicants.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace membership_test {

namespace {

/// Everybody may come; newcomers have the numbers from 20 on.
run_rules open_to_all() {
    run_rules made = rules();
    made.probation.admits = admission::anybody;
    return made;
}
digest const secret = tagged_hash("secret");

} // namespace

TEST_CASE("applicants: a wish is passed on once, whoever brings it, and a forged one never") {
    run_of m(4, open_to_all());
    m.steps(2);
    applicants heard(run, m.with, secret);
    auto const wish = m.join_of(20);
    auto forged = m.join_of(21);
    forged.step -= 1;
    heard.hear(key_of(20), wish, m.of, signer_of(0));
    heard.hear(key_of(1), wish, m.of, signer_of(0));
    heard.hear(key_of(21), forged, m.of, signer_of(0));
    CHECK(heard.take_wishes() == std::vector{wish});
    CHECK(heard.take_wishes().empty());
    CHECK(!heard.has_guests());
}

TEST_CASE("applicants: who knows of no step is told of the run once, if it asks itself") {
    run_of m(4, open_to_all());
    m.steps(2);
    applicants heard(run, m.with, secret);
    auto const asks = ask_to_join(signer_of(20), run, member(20), 0);
    heard.hear(key_of(1), asks, m.of, signer_of(0));
    CHECK(!heard.has_guests());
    heard.hear(key_of(20), asks, m.of, signer_of(0));
    heard.hear(key_of(20), asks, m.of, signer_of(0));
    CHECK(heard.take_guests() == std::vector{key_of(20)});
    CHECK(!heard.has_guests());
    CHECK(heard.take_wishes().empty());
}

TEST_CASE("applicants: trials are of those on probation, signed for this step, and from their own links") {
    run_of m(4, open_to_all());
    m.steps(2);
    auto at = m.of.context();
    for (std::size_t const k : {20, 21, 22}) at.probation.tried.push_back({.who = member(k)});
    applicants heard(run, m.with, secret);
    auto const trial_of = [&](std::size_t k, step_context const& of) {
        wire::trial one{member(k), tagged_hash("root", k), 1, {}};
        one.by = signer_of(k).sign(text_of_trial(hash_of(of), one).bytes);
        return one;
    };
    auto const good = trial_of(20, at);
    heard.hear(key_of(20), good, m.of);
    heard.hear(key_of(1), trial_of(21, at), m.of);
    heard.hear(key_of(22), trial_of(22, m.of.context()), m.of);
    heard.hear(key_of(23), trial_of(23, at), m.of);
    CHECK(heard.take_trials(at, signer_of(0)) == std::vector{good});
    CHECK(heard.take_trials(at, signer_of(0)).empty());
}

} // namespace membership_test
