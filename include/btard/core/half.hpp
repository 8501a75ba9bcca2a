// btard/core/half.hpp: bfloat16 and float16, two bytes each: rows are stored in them, arithmetic is in float.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace btard {
namespace detail {

/// A double as a float whose last bit says whether something was lost (round to odd): a second rounding, to a shorter
/// format, then gives what one rounding of the double would have given.
[[nodiscard]] constexpr float rounded_to_odd(double value) {
    auto const magnitude = [](double x) { return x < 0 ? -x : x; };
    float const near = static_cast<float>(value);
    double const got = magnitude(near), wanted = magnitude(value);
    if (!(got < wanted || got > wanted)) return near; // nothing was lost, or a NaN
    auto bits = std::bit_cast<std::uint32_t>(near);
    if (got > wanted) --bits; // towards zero; an infinity becomes the largest number
    return std::bit_cast<float>(bits | 1);
}

} // namespace detail

/// The upper half of a float: its range, 8 significant bits.
class bfloat16 {
public:
    constexpr bfloat16() = default;
    /// Rounded once (a number wider than double: first to that), to nearest, ties to even; too large: infinity.
    template <class F>
        requires std::is_arithmetic_v<F>
    explicit constexpr bfloat16(F value) {
        float number = 0;
        if constexpr (std::same_as<F, float>) number = value;
        else number = detail::rounded_to_odd(static_cast<double>(value));
        auto const bits = std::bit_cast<std::uint32_t>(number);
        if ((bits & 0x7fffffffu) > 0x7f800000u) bits_ = static_cast<std::uint16_t>(bits >> 16 | 0x40); // a quiet NaN
        else bits_ = static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
    [[nodiscard]] static constexpr bfloat16 from_bits(std::uint16_t bits) {
        bfloat16 value;
        value.bits_ = bits;
        return value;
    }
    [[nodiscard]] constexpr std::uint16_t bits() const { return bits_; }
    constexpr operator float() const { return std::bit_cast<float>(std::uint32_t{bits_} << 16); } ///< exact

private:
    std::uint16_t bits_ = 0;
};

/// binary16 of IEEE 754: 11 significant bits, the largest number is 65504, the smallest 2^-24.
class float16 {
public:
    constexpr float16() = default;
    /// Rounded once, to nearest, ties to even; too large: infinity.
    template <class F>
        requires std::is_arithmetic_v<F>
    explicit constexpr float16(F value) {
        float number = 0;
        if constexpr (std::same_as<F, float>) number = value;
        else number = detail::rounded_to_odd(static_cast<double>(value));
        auto const bits = std::bit_cast<std::uint32_t>(number), size = bits & 0x7fffffffu;
        std::uint32_t half = 0;
        if (size > 0x7f800000u) half = 0x7e00u | (size >> 13 & 0x3ffu); // a quiet NaN
        else if (size >= 0x477ff000u) half = 0x7c00u;                   // 65520 and more: infinity
        else if (size < 0x38800000u)                                    // below 2^-14: a multiple of 2^-24
            half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5f) - 0x3f000000u;
        else half = (size - 0x38000000u + 0xfff + (size >> 13 & 1)) >> 13;
        bits_ = static_cast<std::uint16_t>(half | (bits >> 16 & 0x8000u));
    }
    [[nodiscard]] static constexpr float16 from_bits(std::uint16_t bits) {
        float16 value;
        value.bits_ = bits;
        return value;
    }
    [[nodiscard]] constexpr std::uint16_t bits() const { return bits_; }
    constexpr operator float() const { ///< exact
        std::uint32_t const sign = (bits_ & 0x8000u) << 16, exponent = bits_ & 0x7c00u;
        std::uint32_t size = (bits_ & 0x7fffu) << 13;
        if (exponent == 0x7c00u) size += 0x70000000u; // infinity, NaN
        else if (exponent != 0) size += 0x38000000u;
        else size = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size + 0x38800000u) - 0x1p-14f);
        return std::bit_cast<float>(size | sign);
    }

private:
    std::uint16_t bits_ = 0;
};

/// A type of two bytes that numbers are stored in.
template <class T>
concept half_precision = std::same_as<T, bfloat16> || std::same_as<T, float16>;

/// What to compute in with values of type T: float for the two-byte types.
template <class T>
using compute_t = std::conditional_t<half_precision<T>, float, T>;

namespace detail {

/// What `std::numeric_limits` says of a two-byte type.
template <class T, std::uint16_t Smallest, std::uint16_t Largest, std::uint16_t Epsilon, int Digits>
struct half_limits {
    static constexpr bool is_specialized = true, is_signed = true, is_integer = false, is_exact = false;
    static constexpr bool has_infinity = true, has_quiet_NaN = true;
    static constexpr int digits = Digits, radix = 2;
    static constexpr T min() { return T::from_bits(Smallest); } ///< the smallest that is normal
    static constexpr T max() { return T::from_bits(Largest); }
    static constexpr T lowest() { return T::from_bits(Largest | 0x8000); }
    static constexpr T denorm_min() { return T::from_bits(1); }
    static constexpr T epsilon() { return T::from_bits(Epsilon); }
    static constexpr T infinity() { return T::from_bits(Largest + 1); }
    static constexpr T quiet_NaN() { return T::from_bits(Largest + 1 + (1 << (Digits - 2))); }
};

} // namespace detail

static_assert(sizeof(bfloat16) == 2 && sizeof(float16) == 2);
static_assert(float16(1.0f).bits() == 0x3c00 && float16(65520).bits() == 0x7c00 && float16::from_bits(1) == 0x1p-24f);
static_assert(bfloat16(1.0f).bits() == 0x3f80 && bfloat16(1 + 0x1p-8 + 0x1p-40).bits() == 0x3f81);

} // namespace btard

template <>
struct std::numeric_limits<btard::bfloat16> : btard::detail::half_limits<btard::bfloat16, 0x0080, 0x7f7f, 0x3c00, 8> {};
template <>
struct std::numeric_limits<btard::float16> : btard::detail::half_limits<btard::float16, 0x0400, 0x7bff, 0x1400, 11> {};
