// tests/data/masked_text_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/data/masked_text.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace btard;

namespace {

/// 4,000 bytes: 'a' ... 'y' in the part for training, 'z' in the tail.
byte_text sample() {
    std::string bytes;
    for (int k = 0; k < 3'600; ++k) bytes += static_cast<char>('a' + k * k % 25);
    return byte_text::from_string(bytes + std::string(400, 'z'), "sample");
}

masking const small{.sequence = 32, .batch = 4, .masked = 0.2, .held_out = 0.1, .evaluation = 10};

} // namespace

TEST_CASE("masked_text: a batch has the shape that the settings promise") {
    masked_text const samples(sample(), small);
    auto const batch = samples.draw(seed{1, 2});
    CHECK(batch.sequences == 4);
    CHECK(batch.length == 32);
    CHECK(batch.ids.size() == 4 * 32);
    CHECK(batch.segments.size() == 4 * 32);
    CHECK(batch.masked.size() == 4 * 6); // 30 bytes * 0.2
    CHECK(batch.labels.size() == 4 * 6);
    for (std::size_t s = 0; s < 4; ++s) {
        CHECK(batch.ids[s * 32] == byte_vocabulary::cls);
        CHECK(batch.ids[s * 32 + 31] == byte_vocabulary::sep);
    }
}

TEST_CASE("masked_text: a batch is a function of its seed, and copies draw the same") {
    masked_text const samples(sample(), small), copy = samples;
    CHECK(samples.draw(seed{1, 2}) == copy.draw(seed{1, 2}));
    CHECK(samples.draw(seed{1, 2}) != samples.draw(seed{1, 3}));
    CHECK(samples.draw(seed{1, 2}) != samples.draw(seed{2, 2}));
    CHECK(samples.held_out().data() == copy.held_out().data());
}

TEST_CASE("masked_text: what is held out is never drawn, and nothing else is held out") {
    masked_text const samples(sample(), small);
    auto const z = byte_vocabulary::token('z');
    std::set<std::int64_t> drawn;
    for (std::uint64_t i = 0; i < 500; ++i) {
        for (auto const label : samples.draw(seed{9, i}).labels) drawn.insert(label);
    }
    CHECK(!drawn.contains(z));
    CHECK(drawn.size() == 11);               // the squares modulo 25
    REQUIRE(samples.held_out().size() == 3); // 10 sequences in batches of 4, rounded up
    for (auto const& batch : samples.held_out()) {
        for (auto const label : batch.labels) CHECK(label == z);
    }
    CHECK(samples.held_out()[0].masked != samples.held_out()[1].masked);
}

TEST_CASE("masked_text: the hook sees the labels and the number of classes, and can change the labels only") {
    masked_text const samples(sample(), small);
    auto const honest = samples.draw(seed{1, 2});
    int calls = 0;
    auto flip = [&](std::span<std::int64_t> labels, std::int64_t classes) {
        ++calls;
        CHECK(classes == 261);
        for (auto& label : labels) label = (label + 1) % classes;
    };
    auto flipped = samples.draw(seed{1, 2}, flip);
    CHECK(calls == 1);
    for (std::size_t k = 0; k < honest.labels.size(); ++k) CHECK(flipped.labels[k] == honest.labels[k] + 1);
    flipped.labels = honest.labels;
    CHECK(flipped == honest);

    auto broken = [](std::span<std::int64_t> labels, std::int64_t classes) { labels[0] = classes; };
    CHECK_THROWS_WITH_AS((void)samples.draw(seed{1, 2}, broken), "a label of 261 among 0 ... 260",
                         contract_violation);
}

TEST_CASE("masked_text: settings that make no batch are mistakes, a text too short is bad data") {
    CHECK_THROWS_AS(masked_text(sample(), {.sequence = 2}), contract_violation);
    CHECK_THROWS_AS(masked_text(sample(), {.batch = 0}), contract_violation);
    CHECK_THROWS_AS(masked_text(sample(), {.masked = 0}), contract_violation);
    CHECK_THROWS_AS(masked_text(sample(), {.masked = 1.5}), contract_violation);
    CHECK_THROWS_AS(masked_text(sample(), {.held_out = 0}), contract_violation);
    CHECK_NOTHROW(masked_text(sample(), {.sequence = 2'002}));
    CHECK_THROWS_AS(masked_text(sample(), {.sequence = 2'003}), environment_error);
}
