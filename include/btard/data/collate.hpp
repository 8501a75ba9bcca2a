// btard/data/collate.hpp: from windows of bytes to a batch for masked language modelling.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/data/byte_vocabulary.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace btard {

/// Sequences with holes, and what was in the holes.
///
/// All sequences have the same length and the same number of holes: no padding, no attention mask, and the
/// shape of a batch depends on the settings alone.
struct masked_batch {
    std::size_t sequences = 0;
    std::size_t length = 0;               ///< tokens of each sequence
    std::vector<std::int64_t> ids{};      ///< (sequences, length)
    std::vector<std::int64_t> segments{}; ///< (sequences, length) 0 for the first segment, 1 for the second
    std::vector<std::int64_t> masked{};   ///< (sequences * holes) places in `ids`, seen as flat; increasing
    std::vector<std::int64_t> labels{};   ///< (sequences * holes) the tokens that were there
    std::vector<std::int64_t> order{}; ///< (sequences) 1: the segments are swapped; empty: one segment only

    friend bool operator==(masked_batch const&, masked_batch const&) = default;
};

/// How many tokens of `bytes` are masked: the nearest number to `fraction`, but at least one.
[[nodiscard]] constexpr std::size_t masked_count(std::size_t bytes, double fraction) {
    auto const nearest = static_cast<std::size_t>(fraction * static_cast<double>(bytes) + 0.5);
    return std::clamp(nearest, std::size_t{1}, bytes);
}

/// Adds `[CLS] window [SEP]` to the batch, with `count` tokens of the window masked.
///
///     chosen without replacement;  of the chosen:  80 % [MASK],  10 % a random byte,  10 % left as they are
///
/// Here: a fixed number of tokens instead of a coin for each, and random bytes instead of random tokens (no
/// special token is ever a replacement).  [CLS] and [SEP] are never chosen.
///
/// Devlin, Chang, Lee, Toutanova. BERT: Pre-training of Deep Bidirectional Transformers. NAACL 2019.
inline void add_masked(masked_batch& batch, std::string_view window, std::size_t count,
                       random_stream& random) {
    auto const first =
        static_cast<std::int64_t>(batch.ids.size()) + 1; // the place of the window's first byte
    batch.ids.push_back(byte_vocabulary::cls);
    for (char const byte : window) batch.ids.push_back(byte_vocabulary::token(byte));
    batch.ids.push_back(byte_vocabulary::sep);
    batch.length = window.size() + 2;
    batch.segments.resize(batch.ids.size(), 0);
    ++batch.sequences;

    std::size_t missing = count;
    for (std::size_t k = 0; k < window.size() && missing > 0; ++k) {
        // Knuth's algorithm S: each subset of `count` places is equally likely, and they come in order.
        if (random.below(static_cast<std::uint32_t>(window.size() - k)) >= missing) continue;
        --missing;
        auto const place = first + static_cast<std::int64_t>(k);
        auto& token = batch.ids[static_cast<std::size_t>(place)];
        batch.masked.push_back(place);
        batch.labels.push_back(token);
        switch (random.below(10)) {
        case 0: break;
        case 1: token = byte_vocabulary::first_byte + random.below(256); break;
        default: token = byte_vocabulary::mask;
        }
    }
}

} // namespace btard
