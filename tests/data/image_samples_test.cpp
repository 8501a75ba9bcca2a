// tests/data/image_samples_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/data/image_samples.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

using namespace btard;

namespace {

/// Image i, one of `count`, has the bytes 8 i + 1 ... 8 i + 8 and the label i mod 5.
image_set numbered(std::size_t count, image_shape shape = {2, 2, 2}) {
    std::vector<std::uint8_t> pixels, labels;
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t k = 0; k < shape.size(); ++k)
            pixels.push_back(static_cast<std::uint8_t>(8 * i + k + 1));
        labels.push_back(static_cast<std::uint8_t>(i % 5));
    }
    return {shape, pixels, labels, 5, "numbered"};
}

image_samples make(image_sampling settings = {}, std::size_t training = 20, std::size_t test = 30) {
    return image_samples({numbered(training), numbered(test)}, settings);
}

/// The bytes of an image of a batch, looked up backwards.
std::vector<int> bytes_of(image_batch const& batch, std::size_t image, image_set const& training) {
    normalization const scale(training);
    std::vector<int> bytes;
    std::size_t const plane = batch.shape.height * batch.shape.width;
    for (std::size_t k = 0; k < batch.shape.size(); ++k) {
        auto const& table = scale.channel(k / plane);
        auto const* const found = std::ranges::find(table, batch.pixels[image * batch.shape.size() + k]);
        bytes.push_back(found == table.end() ? -1 : static_cast<int>(found - table.begin()));
    }
    return bytes;
}

} // namespace

TEST_CASE(
    "image_samples: a batch has the shape that the settings promise, and whole images with their labels") {
    auto const samples = make({.batch = 6});
    auto const batch = samples.draw({1, 2});
    CHECK(batch.shape == image_shape{2, 2, 2});
    REQUIRE(batch.labels.size() == 6);
    REQUIRE(batch.pixels.size() == 6 * 8);
    for (std::size_t s = 0; s < 6; ++s) {
        auto const bytes = bytes_of(batch, s, samples.training());
        auto const number = static_cast<std::size_t>(bytes[0] / 8);
        CHECK(std::ranges::equal(bytes, samples.training().image(number)));
        CHECK(batch.labels[s] == samples.training().label(number));
    }
}

TEST_CASE("image_samples: a batch is a function of its seed, in copies and threads too") {
    auto const samples = make({.padding = 1, .flip = true}), copy = samples;
    CHECK(samples.draw({1, 2}) != samples.draw({1, 3}));
    CHECK(samples.draw({1, 2}) != samples.draw({2, 2}));
    CHECK(samples.held_out().data() == copy.held_out().data());
    std::vector<image_batch> seen(4);
    {
        std::vector<std::jthread> threads;
        for (auto& batch : seen) threads.emplace_back([&batch, copy] { batch = copy.draw({1, 2}); });
    }
    for (auto const& batch : seen) CHECK(batch == samples.draw({1, 2}));
}

TEST_CASE("image_samples: the same images are drawn on every machine, all equally likely") {
    auto const samples = make({.batch = 8});
    CHECK(samples.draw({1, 2}).labels == std::vector<std::int64_t>{2, 4, 0, 0, 1, 4, 2, 3});
    std::vector<int> drawn(20);
    for (std::uint64_t i = 0; i < 500; ++i) {
        auto const batch = samples.draw({3, i});
        for (std::size_t s = 0; s < 8; ++s)
            ++drawn[static_cast<std::size_t>(bytes_of(batch, s, samples.training())[0] / 8)];
    }
    CHECK(std::ranges::min(drawn) > 140); // 200 expected, deviation 14
    CHECK(std::ranges::max(drawn) < 260);
}

TEST_CASE("image_samples: a crop of the padded image, with black around it, flipped in half of the cases") {
    image_set const one({1, 2, 2}, {1, 2, 3, 4}, {0}, 5);
    image_samples const samples({one, one}, {.batch = 1, .padding = 1, .flip = true});
    std::set<std::vector<int>> expected, seen;
    for (int down = -1; down <= 1; ++down) {
        for (int right = -1; right <= 1; ++right) {
            auto const at = [&](int y, int x) {
                bool const inside = y >= 0 && y < 2 && x >= 0 && x < 2;
                return inside ? 2 * y + x + 1 : 0;
            };
            expected.insert(
                {at(down, right), at(down, right + 1), at(down + 1, right), at(down + 1, right + 1)});
            expected.insert(
                {at(down, right + 1), at(down, right), at(down + 1, right + 1), at(down + 1, right)});
        }
    }
    CHECK(expected.size() == 18);
    int flipped = 0;
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        auto const bytes = bytes_of(samples.draw({5, i}), 0, one);
        seen.insert(bytes);
        flipped += bytes == std::vector<int>{2, 1, 4, 3};
    }
    CHECK(seen == expected);
    CHECK(flipped > 30); // 1000 / 18 expected
    CHECK(flipped < 90);
}

TEST_CASE("image_samples: without padding and flip, images stay as they are, held out ones always") {
    image_samples const samples({numbered(20), numbered(30)}, {.padding = 2, .flip = true, .evaluation = 0});
    REQUIRE(samples.held_out().size() == 1);
    auto const& batch = samples.held_out()[0];
    REQUIRE(batch.labels.size() == 30);
    for (std::size_t s = 0; s < 30; ++s) {
        CHECK(std::ranges::equal(bytes_of(batch, s, samples.training()), numbered(30).image(s)));
        CHECK(batch.labels[s] == static_cast<std::int64_t>(s % 5));
    }
}

TEST_CASE("image_samples: held-out images are evenly spaced, in batches of one size") {
    auto const sizes = [](std::size_t evaluation, std::size_t test) {
        image_samples const samples({numbered(3, {1, 1, 1}), numbered(test, {1, 1, 1})},
                                    {.evaluation = evaluation});
        std::vector<std::size_t> each;
        for (auto const& batch : samples.held_out()) each.push_back(batch.labels.size());
        return each;
    };
    using list = std::vector<std::size_t>;
    CHECK(sizes(10, 30) == list{10});
    CHECK(sizes(1'000, 30) == list{30});
    CHECK(sizes(0, 240) == list{80, 80, 80});
    CHECK(sizes(150, 240) == list{75, 75});
    CHECK(sizes(101, 240) == list{50, 50});
    auto const samples = make({.evaluation = 10});
    for (std::size_t s = 0; s < 10; ++s)
        CHECK(bytes_of(samples.held_out()[0], s, samples.training())[0] == static_cast<int>(8 * 3 * s + 1));
}

TEST_CASE(
    "image_samples: the hook sees the labels and the number of classes, and can change the labels only") {
    auto const samples = make();
    auto const honest = samples.draw({1, 2});
    int calls = 0;
    auto flip = [&](std::span<std::int64_t> labels, std::int64_t classes) {
        ++calls;
        CHECK(classes == 5);
        for (auto& label : labels) label = classes - 1 - label;
    };
    auto flipped = samples.draw({1, 2}, flip);
    CHECK(calls == 1);
    for (std::size_t s = 0; s < honest.labels.size(); ++s) CHECK(flipped.labels[s] == 4 - honest.labels[s]);
    flipped.labels = honest.labels;
    CHECK(flipped == honest);
    auto broken = [](std::span<std::int64_t> labels, std::int64_t classes) { labels[0] = classes; };
    CHECK_THROWS_WITH_AS((void)samples.draw({1, 2}, broken), "a label of 5 among 0 ... 4",
                         contract_violation);
}

TEST_CASE("image_samples: divided, a peer draws from its share alone, and all of it") {
    auto const whole = make();
    auto const parts = whole.divided(by_label{.shards = 1}, 4, {8, 9});
    REQUIRE(parts.shares().size() == 4);
    for (std::size_t peer = 0; peer < 4; ++peer) {
        std::set<std::uint32_t> drawn;
        for (std::uint64_t i = 0; i < 60; ++i) {
            auto const batch = parts.draw_for(peer, {1, i});
            for (std::size_t s = 0; s < 8; ++s)
                drawn.insert(static_cast<std::uint32_t>(bytes_of(batch, s, whole.training())[0] / 8));
        }
        CHECK(std::ranges::equal(drawn, parts.shares()[peer]));
    }
    CHECK(parts.draw({1, 2}) == whole.draw({1, 2}));
    CHECK(parts.calibration() == whole.calibration());
    CHECK_THROWS_AS((void)parts.draw_for(4, {1, 2}), contract_violation);
}

TEST_CASE("image_samples: not divided, all peers draw from everything") {
    auto const whole = make();
    CHECK(whole.draw_for(3, {1, 2}) == whole.draw({1, 2}));
    CHECK(whole.divided(all_samples{}, 4, {8, 9}).draw_for(3, {1, 2}) == whole.draw({1, 2}));
    CHECK_THROWS_AS((void)whole.divided(dirichlet{.alpha = -1}, 4, {}), contract_violation);
}

TEST_CASE("image_samples: settings that make no batch are mistakes, sets that do not fit are bad data") {
    CHECK_THROWS_AS(make({.batch = 0}), contract_violation);
    CHECK_THROWS_AS(make({.calibration = 1}), contract_violation);
    CHECK_THROWS_WITH_AS(make({.padding = 3}), "padding by 3 around images of 2 x 2 pixels",
                         contract_violation);
    CHECK_THROWS_WITH_AS(image_samples({numbered(5), numbered(5, {1, 2, 2})}),
                         "'numbered' has images of 2 x 2 x 2 and 5 classes, 'numbered' of 1 x 2 x 2 and 5",
                         environment_error);
}
