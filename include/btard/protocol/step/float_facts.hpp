// btard/protocol/step/float_facts.hpp: what a peer wants to know of floats: their hash, their squares, no value too large.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/dispatch.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace btard {

/// No gradient has a larger value: one that would is replaced by zeros, with weight 0.
inline constexpr float largest_value = 1e15f;

/// None of them is larger, nor is a NaN: their bits, without the sign, are above those of the largest value.
[[nodiscard]] inline bool admissible(std::span<float const> values) {
    constexpr auto most = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(largest_value));
    constexpr std::size_t lanes = 16; // side by side, as vectors have them
    std::int32_t room = 0;            // negative: one was too large
    host_kernels::dispatch(instruction_set::best, [&](auto) __attribute__((always_inline)) {
        float const* const from = values.data();
        std::size_t const size = values.size(), whole = size / lanes * lanes;
        std::int32_t left[lanes] = {};
        for (std::size_t k = 0; k < whole; k += lanes)
            for (std::size_t lane = 0; lane < lanes; ++lane)
                left[lane] |= most - (std::bit_cast<std::int32_t>(from[k + lane]) & 0x7FFF'FFFF);
        for (std::size_t k = whole; k < size; ++k)
            left[0] |= most - (std::bit_cast<std::int32_t>(from[k]) & 0x7FFF'FFFF);
        for (std::int32_t const one : left) room |= one;
    });
    return room >= 0;
}

[[nodiscard]] inline digest hash_of(std::span<float const> values) {
    thread_local sha256 hash; // a new context would cost as much as a small part
    hash.update(values);
    return hash.finish();
}

/// What a peer wants to know of floats that it has made or got.
struct float_facts {
    digest hash{};
    bool admissible = true;
};
/// All but the last piece that is added have whole blocks: a block is in the first cache for each of the three.
class float_measure {
public:
    static constexpr std::size_t block = 4096;

    void add(std::span<float const> values, square_sum* squares) {
        while (!values.empty()) {
            auto const next = values.first(std::min(block, values.size()));
            hash_.update(next);
            admissible_ = admissible(next) && admissible_;
            if (squares) squares->add(next);
            values = values.subspan(next.size());
        }
    }
    /// And begins anew.
    [[nodiscard]] float_facts finish() {
        float_facts const found{hash_.finish(), admissible_};
        admissible_ = true;
        return found;
    }

private:
    sha256 hash_;
    bool admissible_ = true;
};
/// In one pass over memory.
///
/// @param squares not null: gets them too
[[nodiscard]] inline float_facts facts_of(std::span<float const> values, square_sum* squares = nullptr) {
    thread_local float_measure measure;
    measure.add(values, squares);
    return measure.finish();
}

/// What whoever read a message has found out about its floats on the way.  It is no part of the message: nothing of it
/// goes over a wire, and two messages are equal whatever is known of them.
class known_facts {
public:
    struct all {
        float_facts facts{};
        square_sum squares{};
    };
    known_facts() = default;
    explicit known_facts(all found) : found_(std::make_shared<all const>(found)) {}
    [[nodiscard]] all const* get() const { return found_.get(); } ///< null: nothing is known

    friend bool operator==(known_facts const&, known_facts const&) { return true; }

private:
    std::shared_ptr<all const> found_;
};

} // namespace btard
