// SPDX-License-Identifier: Apache-2.0
// Deadlines that most members propose: what moves them, how far, and that liars do not.
#include <btard/core/random.hpp>
#include <btard/protocol/step/agreed_deadlines.hpp>
#include <btard/protocol/step/observed_times.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace deadlines_test {

using namespace btard;
using namespace std::chrono_literals;

namespace {

using said = std::vector<std::optional<deadline_table>>;

step_timing timing(std::uint64_t every = 4) {
    return {.gradient = 10s, .bulk = 4s, .body = 1s, .question = 250ms, .interval = 1s, .renew_every = every,
            .floor = 500ms};
}
deadline_table const longest{10'000, 4'000, 1'000}, shortest{500, 500, 500};

} // namespace

TEST_CASE("deadlines: they begin with the settings; every K steps they go towards the median, by half at most") {
    agreed_deadlines all(timing());
    CHECK(all.now() == longest);
    CHECK(all.timing() == timing());
    said const short_ones(4, deadline_table{900, 3'000, 1});
    for (std::uint64_t const step : {0, 1, 2, 3, 5}) CHECK(!all.renews(step));
    CHECK(!all.finish(4, short_ones, 0, 1, false));
    CHECK(all.now() == deadline_table{5'000, 3'000, 500});
    CHECK(all.timing().gradient == 5s);
    CHECK(all.timing().interval == 1s);
    for (std::uint64_t const step : {8, 12, 16, 20}) CHECK(!all.finish(step, short_ones, 0, 1, false));
    CHECK(all.now() == deadline_table{900, 3'000, 500});
    CHECK(!all.finish(24, said(4, deadline_table{8'000, 3'000, 1}), 0, 1, false));
    CHECK(all.now() == deadline_table{1'800, 3'000, 500});
    for (std::uint64_t const step : {28, 32, 36, 40})
        CHECK(!all.finish(step, said(4, deadline_table{99'000'000, 9, 9}), 0, 1, false));
    CHECK(all.now() == deadline_table{10'000, 500, 500});
}

TEST_CASE("deadlines: who proposes nothing proposes what is on; too few proposals change nothing") {
    agreed_deadlines all(timing());
    deadline_table const little{1, 1, 1};
    CHECK(!all.finish(4, said{little, {}, little, {}}, 0, 1, false));
    CHECK(all.now() == deadline_table{5'000, 2'000, 500}); // the lower of two in the middle
    CHECK(!all.finish(8, said{little, {}, {}, {}, little}, 0, 1, false));
    CHECK(all.now() == deadline_table{5'000, 2'000, 500});
    CHECK(!all.finish(12, said{little, little}, 0, 1, false)); // one of the two may lie
    CHECK(all.now() == deadline_table{5'000, 2'000, 500});
    CHECK(!all.finish(16, said{}, 0, 0, false));
    CHECK(all.now() == deadline_table{5'000, 2'000, 500});
}

TEST_CASE("deadlines: one absent doubles them; more than f, or somebody who comes in, bring back the settings") {
    auto const low = [] { return agreed_deadlines(timing(), {1'000, 600, 500}); };
    auto all = low();
    CHECK(!all.finish(3, said(4), 1, 2, false));
    CHECK(all.now() == deadline_table{2'000, 1'200, 1'000});
    for (int k = 0; k < 3; ++k) CHECK(!all.finish(5, said(4), 2, 2, false));
    CHECK(all.now() == deadline_table{10'000, 4'000, 1'000});
    all = low();
    CHECK(!all.finish(4, said(7, deadline_table{1, 1, 1}), 1, 2, false)); // instead of a renewal
    CHECK(all.now() == deadline_table{2'000, 1'200, 1'000});
    all = low();
    CHECK(all.finish(3, said(4), 3, 2, false));
    CHECK(all.now() == longest);
    all = low();
    CHECK(all.finish(4, said(4, deadline_table{1, 1, 1}), 0, 1, true));
    CHECK(all.now() == longest);
}

TEST_CASE("deadlines: f + 1 who say that one was hit bring back the settings, f do not") {
    deadline_table const any{1, 1, 1};
    agreed_deadlines all(timing(), {1'000, 600, 500});
    CHECK(!all.finish(3, said{any, {}, {}, any, {}}, 0, 2, false));
    CHECK(all.now() == deadline_table{1'000, 600, 500});
    CHECK(all.finish(3, said{any, {}, any, any, {}}, 0, 2, false));
    CHECK(all.now() == longest);
}

TEST_CASE("deadlines: f liars among 2f + 1, whatever they propose, move none out of the range of the honest") {
    random_stream random(seed{5, 0});
    std::size_t moved = 0;
    for (int k = 0; k < 4'000; ++k) {
        std::size_t const f = 1 + random.below(7);
        deadline_table const on{1'000 + std::uint32_t(random.below(9'000)), 2'000, 800};
        auto const wish = [&] { return 500 + std::uint32_t(random.below(9'500)); };
        said all;
        std::uint32_t least = 10'000, most = 0;
        for (std::size_t one = 0; one <= f; ++one) {
            all.push_back(deadline_table{wish(), 2'000, 800});
            least = std::min(least, all.back()->gradient), most = std::max(most, all.back()->gradient);
        }
        for (std::size_t one = 0; one < f; ++one) {
            auto const lie = random.below(4);
            if (lie == 0) all.push_back({});
            if (lie == 1) all.push_back(deadline_table{0, 0, 0});
            if (lie == 2) all.push_back(deadline_table{~0u, ~0u, ~0u});
            if (lie == 3) all.push_back(deadline_table{wish(), wish(), wish()});
        }
        std::rotate(all.begin(), all.begin() + std::ptrdiff_t(random.below(std::uint32_t(all.size()))), all.end());
        agreed_deadlines agreed(timing(), on);
        CHECK(!agreed.finish(4, all, 0, f, false));
        auto const now = agreed.now().gradient;
        CHECK(now >= std::min(least, 2 * on.gradient));
        CHECK(now <= std::max(most, on.gradient - on.gradient / 2));
        CHECK(agreed.now().bulk == 2'000); // the honest ones want that
        CHECK(agreed.now().body == 800);
        moved += now != on.gradient;
    }
    CHECK(moved > 3'000);
}

TEST_CASE("deadlines: fixed ones stay, to the nanosecond") {
    step_timing fixed = timing(0);
    fixed.gradient = 1s + 1ns;
    agreed_deadlines all(fixed);
    CHECK(!all.finish(4, said(4, deadline_table{1, 1, 1}), 3, 1, true));
    CHECK(all.timing() == fixed);
    CHECK(agreed_deadlines::is_sound(fixed, all.now()));
    CHECK(!agreed_deadlines::is_sound(fixed, {1'000, 4'000, 1'000}));
    CHECK(agreed_deadlines::is_sound(timing(), shortest));
    CHECK(!agreed_deadlines::is_sound(timing(), {10'001, 4'000, 1'000}));
    CHECK(!agreed_deadlines::is_sound(timing(), {10'000, 499, 1'000}));
    step_timing low = timing();
    low.floor = 100ms; // less than a question and its answer
    CHECK(shortest_deadlines(low) == deadline_table{250, 250, 250});
    low.floor = 20s;
    CHECK(shortest_deadlines(low) == longest);
}

TEST_CASE("observed times: what always took the same may take three times as long; where it varies, more") {
    observed_times seen(4);
    agreed_deadlines const on(timing());
    auto const step = [&](std::chrono::milliseconds gradient, bool whole = true) {
        seen.note(phase::commit, gradient, true);
        seen.note(phase::result, 50ms, true);
        seen.note(phase::reveal, 80ms, whole);
        seen.note(phase::share, 1h, true); // not observed
        seen.note(phase::testimony, 20ms, true);
        seen.note(phase::accuse, 90ms, true);
        seen.end_step(on.now());
    };
    CHECK(!seen.proposal(4, on));
    step(100ms);
    step(5s, false); // somebody was missing
    CHECK(!seen.proposal(4, on)); // one step of four
    step(100ms);
    CHECK(seen.proposal(4, on) == deadline_table{300, 240, 60});
    CHECK(!seen.proposal(5, on)); // nothing was hit
    step(200ms);
    step(300ms);
    CHECK(seen.proposal(4, on).value().gradient == 200 + 8 * 100);
    for (int k = 0; k < 4; ++k) step(1s);
    CHECK(seen.proposal(4, on).value().gradient == 3'000); // the last four alone
    for (int k = 0; k < 4; ++k) seen.note_gradient(2s), step(1ms); // begun before the step
    CHECK(seen.proposal(4, on).value().gradient == 6'000);
    CHECK(seen.proposal(4, on).value().body == 3);
    seen.forget();
    CHECK(!seen.proposal(4, on));
}

TEST_CASE("observed times: a deadline that was hit though all came is told of out of turn") {
    observed_times seen(4);
    agreed_deadlines const on(timing(), {600, 600, 500}), whole(timing());
    seen.note(phase::commit, 601ms, true);
    seen.end_step(on.now());
    CHECK(seen.proposal(5, on));
    CHECK(!seen.proposal(5, whole)); // the settings are on: there is nothing longer
    seen.note(phase::commit, 600ms, true);
    seen.end_step(on.now());
    CHECK(!seen.proposal(6, on));
    seen.note(phase::commit, 9s, false); // one crashed: its absence says so
    seen.end_step(on.now());
    CHECK(!seen.proposal(7, on));
}

} // namespace deadlines_test
