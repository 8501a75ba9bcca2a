// btard/aggregate/host/directions.hpp: the direction z of the protocol, many coordinates at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/simd.hpp>
#include <btard/core/random.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace btard::host_kernels {

/// z.at(k), z.at(k + 1), ... like `z.write`, faster: 32 calls of the generator side by side, which compilers make
/// vectors of.  One call gives eight coordinates, and this begins with a whole one.
///
/// @tparam Out float or double: both hold them exactly
/// @param out (length + 7) or longer
/// @return the place of z.at(k) in it, at most 7
template <class Out>
[[nodiscard, gnu::always_inline]] inline std::size_t write_directions(directions z, std::uint64_t k,
                                                                      std::size_t length, Out* out) {
    constexpr std::size_t calls = 32, each = 8;
    std::size_t const before = (z.offset + k) % each;
    z.offset += k - before;
    length += before;
    std::size_t done = 0;
    for (; length - done >= calls * each; done += calls * each) {
        std::uint64_t const first = (z.offset + done) / each;
        std::uint32_t c0[calls], c1[calls], c2[calls], c3[calls];
        for (std::size_t l = 0; l < calls; ++l) c0[l] = std::uint32_t(first + l);
        for (std::size_t l = 0; l < calls; ++l) c1[l] = std::uint32_t((first + l) >> 32);
        for (std::size_t l = 0; l < calls; ++l) c2[l] = std::uint32_t(z.from.stream);
        for (std::size_t l = 0; l < calls; ++l) c3[l] = std::uint32_t(z.from.stream >> 32);
        auto k0 = std::uint32_t(z.from.key), k1 = std::uint32_t(z.from.key >> 32);
        for (int round = 0; round < 10; ++round) { // of `philox`
            for (std::size_t l = 0; l < calls; ++l) {
                std::uint64_t const p0 = std::uint64_t{0xD2511F53} * c0[l], p1 = std::uint64_t{0xCD9E8D57} * c2[l];
                c0[l] = std::uint32_t(p1 >> 32) ^ c1[l] ^ k0;
                c1[l] = std::uint32_t(p1);
                c2[l] = std::uint32_t(p0 >> 32) ^ c3[l] ^ k1;
                c3[l] = std::uint32_t(p0);
            }
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        // Each in its own loop: stores at steps of eight are made one by one, those at steps of four are not.
        std::uint32_t words[4 * calls];
        for (std::size_t l = 0; l < calls; ++l)
            words[4 * l] = c0[l], words[4 * l + 1] = c1[l], words[4 * l + 2] = c2[l], words[4 * l + 3] = c3[l];
        std::uint16_t halves[each * calls];
        if constexpr (std::endian::native == std::endian::little) {
            std::memcpy(halves, words, sizeof halves);
        } else {
            for (std::size_t l = 0; l < 4 * calls; ++l)
                halves[2 * l] = std::uint16_t(words[l]), halves[2 * l + 1] = std::uint16_t(words[l] >> 16);
        }
        Out* const to = out + done;
        for (std::size_t l = 0; l < each * calls; ++l) to[l] = Out(2 * std::int32_t(halves[l]) - 65535);
    }
    std::array<double, calls * each> rest;
    z.write(done, std::span(rest).first(length - done));
    for (std::size_t l = 0; l < length - done; ++l) out[done + l] = Out(rest[l]);
    return before;
}

/// Of integers below 2^17, a multiple of 8 of them: exact for less than 2^19 of them, in any order.
template <class T>
[[nodiscard, gnu::always_inline]] inline double sum_of_squares(T const* integers, std::size_t length) {
    double sums[lanes] = {};
    for (std::size_t k = 0; k < length; k += lanes)
        for (std::size_t l = 0; l < lanes; ++l) sums[l] += double(integers[k + l]) * double(integers[k + l]);
    return sum_lanes(sums);
}

} // namespace btard::host_kernels
