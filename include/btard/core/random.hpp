// btard/core/random.hpp: counter-based randomness: value = f(seed, index), the same bits on every machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/logarithm.hpp>
#include <btard/core/types.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace btard {

/// Philox 4x32-10: 128 random bits for each index; no state, so any value can be had in any order.
///
///     key = seed.key,  counter = (index, seed.stream)
///
/// Salmon, Moraes, Dror, Shaw. Parallel Random Numbers: As Easy as 1, 2, 3. SC 2011.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox(seed from, std::uint64_t index) {
    std::uint32_t c0 = std::uint32_t(index), c1 = std::uint32_t(index >> 32);
    std::uint32_t c2 = std::uint32_t(from.stream), c3 = std::uint32_t(from.stream >> 32);
    std::uint32_t k0 = std::uint32_t(from.key), k1 = std::uint32_t(from.key >> 32);
    for (int round = 0; round < 10; ++round) {
        std::uint64_t const p0 = std::uint64_t{0xD2511F53} * c0;
        std::uint64_t const p1 = std::uint64_t{0xCD9E8D57} * c2;
        c0 = std::uint32_t(p1 >> 32) ^ c1 ^ k0;
        c1 = std::uint32_t(p1);
        c2 = std::uint32_t(p0 >> 32) ^ c3 ^ k1;
        c3 = std::uint32_t(p0);
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    return {c0, c1, c2, c3};
}

/// A seed of its own for a purpose and its numbers: `derive(run, "gradient", {step, peer})`.
///
/// Chained Philox, not a cryptographic hash: the protocol, whose seeds an attacker would like to choose, derives
/// its own with SHA-256.
[[nodiscard]] constexpr seed derive(seed from, std::string_view purpose,
                                    std::initializer_list<std::uint64_t> numbers = {}) {
    auto const absorb = [&from](std::uint64_t word) {
        auto const bits = philox(from, word);
        from = {bits[0] | std::uint64_t{bits[1]} << 32, bits[2] | std::uint64_t{bits[3]} << 32};
    };
    absorb(purpose.size());
    for (char const letter : purpose) absorb(static_cast<unsigned char>(letter));
    for (std::uint64_t const number : numbers) absorb(number);
    return from;
}

/// The values of one seed in order: 0, 1, 2, ...  A cursor over `philox`, to be made where it is used.
///
/// Normal values use +, *, / and sqrt alone, which every IEEE machine rounds alike, and not libm, which does not.
class random_stream {
public:
    explicit constexpr random_stream(seed from) : from_(from) {}

    [[nodiscard]] constexpr std::uint32_t bits() {
        if (used_ == 4) {
            block_ = philox(from_, index_++);
            used_ = 0;
        }
        return block_[used_++];
    }

    /// Uniform in [0, 1): 32 bits.
    [[nodiscard]] constexpr double uniform() { return bits() * 0x1p-32; }

    /// Uniform in 0 ... bound - 1, without bias.
    ///
    /// Lemire. Fast Random Integer Generation in an Interval. ACM TOMACS 2019.
    [[nodiscard]] constexpr std::uint32_t below(std::uint32_t bound) {
        std::uint64_t product = std::uint64_t{bits()} * bound;
        if (std::uint32_t(product) < bound) {
            std::uint32_t const threshold = (0u - bound) % bound;
            while (std::uint32_t(product) < threshold) product = std::uint64_t{bits()} * bound;
        }
        return std::uint32_t(product >> 32);
    }

    /// Standard normal, by Marsaglia's polar method.
    [[nodiscard]] double normal() {
        if (spare_is_set_) {
            spare_is_set_ = false;
            return spare_;
        }
        for (;;) {
            // Odd multiples of 2^-17: u^2 + v^2 is exact, so it does not matter whether the compiler fuses it.
            double const u = (double(bits() >> 15) - 0x1p16 + 0.5) * 0x1p-16;
            double const v = (double(bits() >> 15) - 0x1p16 + 0.5) * 0x1p-16;
            double const s = u * u + v * v;
            if (s >= 1 || s == 0) continue;
            double const factor = std::sqrt(-2 * natural_log(s) / s);
            spare_ = v * factor;
            spare_is_set_ = true;
            return u * factor;
        }
    }

private:
    seed from_;
    std::uint64_t index_ = 0;
    std::array<std::uint32_t, 4> block_{};
    std::size_t used_ = 4;
    double spare_ = 0;
    bool spare_is_set_ = false;
};

/// The direction z of the random-projection check: centred 16-bit integers, bit-exact everywhere.
/// Coordinate k of the whole vector is `at(k)`; a part that starts at `offset` sees `at(offset + k)`.
struct directions {
    seed from;
    std::uint64_t offset = 0;

    /// An odd integer in -65535 ... 65535: never zero, mean zero.
    [[nodiscard]] constexpr std::int32_t at(std::uint64_t k) const {
        std::array<double, 1> one{};
        write(k, one);
        return std::int32_t(one[0]);
    }

    /// at(k), at(k + 1), ...: eight of them from one call of the generator.
    constexpr void write(std::uint64_t k, std::span<double> out) const {
        k += offset;
        std::array<std::uint32_t, 4> block{};
        for (std::size_t l = 0; l < out.size(); ++l, ++k) {
            if (l == 0 || k % 8 == 0) block = philox(from, k / 8);
            std::uint32_t const half = block[(k % 8) / 2] >> (16 * (k % 2)) & 0xFFFF;
            out[l] = double(2 * std::int32_t(half) - 65535);
        }
    }
};

} // namespace btard
