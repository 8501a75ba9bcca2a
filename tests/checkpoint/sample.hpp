// tests/checkpoint/sample.hpp: a small checkpoint with something of everything.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/checkpoint/checkpoint.hpp>

#include <array>
#include <cstddef>
#include <limits>

namespace btard::testing {

inline checkpoint sample(std::uint64_t step = 450) {
    checkpoint one;
    one.step = step;
    for (std::size_t k = 0; k < 32; ++k) {
        one.run.bytes[k] = std::byte(k);
        one.configuration_digest.bytes[k] = std::byte(255 - k);
    }
    one.configuration = "[run]\nname = \"a \\ b\"\t# \xc3\xa4\n";
    one.tensors = {{"albert.word.weight", {3, 2}}, {"albert.word.bias", {3}}};
    one.parameters = {1, -2, 0.5f, 1e-40f, -0.0f, 3e38f, 7, std::numeric_limits<float>::infinity(), 9};
    one.optimizer = {
        .method = "lamb",
        .vectors = {{"means", {1, 2, 3, 4, 5, 6, 7, 8, 9}}, {"squares", {9, 8, 7, 6, 5, 4, 3, 2, 1}}},
        .numbers = {{"mean_weight", 0.1}, {"square_weight", 1 / 3.0}}};
    for (std::size_t k = 0; k < 3; ++k) {
        saved_member member;
        member.key.bytes.fill(std::byte(k));
        member.incarnation.fill(std::byte(100 + k));
        one.roster.push_back(member);
    }
    for (std::size_t k = 0; k < 12; ++k) one.bans.emplace_back(k, std::byte(k));
    one.seeds = {{"gradient", {~std::uint64_t{0}, 0}}, {"run", {17, 4}}};
    one.floats = {{"aggregate", {1, 2, 3}}, {"empty", {}}};
    one.bytes = {{"standing", {std::byte{1}, std::byte{0}}}};
    return one;
}

} // namespace btard::testing
