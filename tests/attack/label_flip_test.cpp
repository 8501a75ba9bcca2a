// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/attack/label_flip.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/testing/attack_laws.hpp>
#include <btard/train/swarm.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace btard;

namespace {
std::vector<std::int64_t> flipped(label_map map, std::vector<std::int64_t> labels, std::int64_t classes) {
    label_flip{.map = map}.corrupt_labels({}, labels, classes);
    return labels;
}
using labels = std::vector<std::int64_t>;

/// Learns how often each of four classes occurs: every sample is of class 0.  The parameters are the logits.
struct frequencies {
    static std::size_t size() { return 4; }
    static std::vector<tensor_layout> layout() { return {{"logits", 0, {4}, 4, false}}; }
    static bool labelled() { return true; }
    static void initialize(seed, std::span<float> out) { std::fill(out.begin(), out.end(), 0.0f); }
    static double gradient(std::span<float const> logits, seed, labels_hook hook, std::span<float> out) {
        std::int64_t y = 0;
        hook(std::span(&y, 1), 4);
        double sum = 0;
        for (float const x : logits) sum += std::exp(x);
        for (std::size_t k = 0; k < 4; ++k) out[k] = static_cast<float>(std::exp(logits[k]) / sum);
        double const loss = -std::log(out[static_cast<std::size_t>(y)]);
        out[static_cast<std::size_t>(y)] -= 1;
        return loss;
    }
    /// The loss on honest samples.
    static double evaluate(std::span<float const> logits) {
        float unused[4];
        return gradient(logits, {}, {}, unused);
    }
};

/// The probability of class 0 after training with 7 liars among 16 peers.
template <class Rule>
double learned_under(Rule rule) {
    swarm run{
        frequencies{}, rule, label_flip{}, {.byzantine = {0, 1, 2, 3, 4, 5, 6}, .optimizer = sgd{1.0f}}};
    run.train(300);
    return std::exp(-run.evaluate());
}
} // namespace

TEST_CASE("label_flip: keeps the laws of attacks") {
    CHECK(testing::broken_laws(label_flip{}) == "");
    CHECK(testing::broken_laws(label_flip{.map = label_map::next}) == "");
}

TEST_CASE("label_flip: reverse sends y to C - 1 - y, next sends it to the following class") {
    CHECK(flipped(label_map::reverse, {0, 3, 9}, 10) == labels{9, 6, 0});
    CHECK(flipped(label_map::next, {0, 3, 9}, 10) == labels{1, 4, 0});
}

TEST_CASE("label_flip: with two classes both maps are the same") {
    CHECK(flipped(label_map::reverse, {0, 1}, 2) == labels{1, 0});
    CHECK(flipped(label_map::next, {0, 1}, 2) == labels{1, 0});
}

TEST_CASE("label_flip: what is not a class has no false one") {
    CHECK(flipped(label_map::reverse, {-100, 10, 4}, 10) == labels{-100, 10, 5});
    CHECK(flipped(label_map::next, {-1, 10, 4}, 10) == labels{-1, 10, 5});
}

TEST_CASE("label_flip: under the mean a swarm learns the false labels too, under centered_clip it does not") {
    CHECK(learned_under(mean{}) == doctest::Approx(9.0 / 16).epsilon(0.01));
    CHECK(learned_under(centered_clip{.tau = 0.1f}) > 0.9);
}

TEST_CASE("label_flip: its text") {
    CHECK(to_text(label_flip{}) == "label_flip{.map = reverse}");
    CHECK(parse<label_flip>("label_flip{.map = label_map::next}") == label_flip{.map = label_map::next});
}
