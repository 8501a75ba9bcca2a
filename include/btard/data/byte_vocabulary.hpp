// btard/data/byte_vocabulary.hpp: tokens that are bytes, behind ALBERT's special tokens.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace btard {

/// Byte b is token b + 5.  The special tokens have the numbers they have in ALBERT's own vocabulary, so data
/// and models that know those numbers work with either.
struct byte_vocabulary {
    static constexpr std::int64_t pad = 0;
    static constexpr std::int64_t unknown = 1; ///< never made here: every byte is known
    static constexpr std::int64_t cls = 2;     ///< [CLS], begins a sequence
    static constexpr std::int64_t sep = 3;     ///< [SEP], ends a segment
    static constexpr std::int64_t mask = 4;    ///< [MASK], stands where the model has to guess
    static constexpr std::int64_t first_byte = 5;
    static constexpr std::int64_t size = first_byte + 256;

    [[nodiscard]] static constexpr std::int64_t token(char byte) {
        return first_byte + static_cast<unsigned char>(byte);
    }
};

} // namespace btard
