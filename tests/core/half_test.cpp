// SPDX-License-Identifier: Apache-2.0
#include <btard/core/half.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <type_traits>

using namespace btard;

namespace {

/// The value of 16 bits, from the definition of the format.
double by_definition(std::uint16_t bits, int exponent_bits) {
    int const mantissa_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
    int const exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1);
    int const mantissa = bits & ((1 << mantissa_bits) - 1);
    double const sign = bits & 0x8000 ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1)
        return mantissa ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
    if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
    return sign * std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
}
template <class T>
constexpr int exponent_bits = std::is_same_v<T, bfloat16> ? 8 : 5;

template <class T>
bool finite(T value) {
    return std::isfinite(float(value));
}

} // namespace

TEST_CASE_TEMPLATE("half: all 65,536 values are what the format says, and come back from float and double", T,
                   bfloat16, float16) {
    std::uint32_t wrong = 0;
    for (std::uint32_t b = 0; b < 65536; ++b) {
        auto const value = T::from_bits(std::uint16_t(b));
        float const number = value;
        double const expected = by_definition(std::uint16_t(b), exponent_bits<T>);
        if (std::isnan(expected)) {
            wrong += !std::isnan(number) || !std::isnan(float(T(number))) || !std::isnan(float(T(double(number))));
            continue;
        }
        wrong += double(number) != expected || std::signbit(number) != std::signbit(expected);
        wrong += T(number).bits() != b || T(double(number)).bits() != b;
    }
    CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("half: a number is rounded to the nearest, and a tie to the even one", T, bfloat16, float16) {
    std::uint32_t wrong = 0;
    for (std::uint32_t b = 0; b < 0x7fff; ++b) { // neighbours b and b + 1, subnormal ones too
        auto const low = T::from_bits(std::uint16_t(b)), high = T::from_bits(std::uint16_t(b + 1));
        if (!finite(low) || !finite(high)) continue;
        double const middle = (double(low) + double(high)) / 2; // exact, in float too
        auto const even = b % 2 == 0 ? low : high;
        for (double const sign : {1.0, -1.0}) {
            std::uint16_t const flip = sign < 0 ? 0x8000 : 0;
            wrong += T(sign * middle).bits() != (even.bits() | flip);
            wrong += T(float(sign * middle)).bits() != (even.bits() | flip);
            wrong += T(sign * std::nextafter(middle, 0.0)).bits() != (low.bits() | flip);
            wrong += T(sign * std::nextafter(middle, 1e300)).bits() != (high.bits() | flip);
            wrong += T(std::nextafter(float(sign * middle), 0.0f)).bits() != (low.bits() | flip);
            wrong += T(std::nextafter(float(sign * middle), float(sign) * std::numeric_limits<float>::infinity())).bits() != (high.bits() | flip);
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("half: what is too large becomes infinite, from half a unit above the largest on", T, bfloat16,
                   float16) {
    double const largest = std::numeric_limits<T>::max(), infinity = std::numeric_limits<double>::infinity();
    double const unit = largest - double(T::from_bits(std::numeric_limits<T>::max().bits() - 1));
    CHECK(float(T(std::nextafter(largest + unit / 2, 0.0))) == largest);
    CHECK(double(T(largest + unit / 2)) == infinity);
    CHECK(double(T(-largest - unit / 2)) == -infinity);
    CHECK(double(T(1e300)) == infinity);
    CHECK(double(T(-infinity)) == -infinity);
    CHECK(std::isnan(double(T(std::numeric_limits<double>::quiet_NaN()))));
    CHECK(T(1e-300).bits() == 0);
    CHECK(T(-1e-300).bits() == 0x8000);
}

TEST_CASE("half: a double is rounded once, not first to float") {
    // just above the middle of 1 and the next bfloat16: float would make it the middle, and that goes to even
    CHECK(float(bfloat16(1 + 0x1p-8 + 0x1p-40)) == 1 + 0x1p-7f);
    CHECK(float(bfloat16(float(1 + 0x1p-8 + 0x1p-40))) == 1);
    CHECK(float(float16(1 + 0x1p-11 + 0x1p-40)) == 1 + 0x1p-10f);
    CHECK(float(float16(1 + 0x1p-11 - 0x1p-40)) == 1);
    CHECK(float(float16(0x1p-25 + 0x1p-70)) == 0x1p-24f); // and among the subnormal numbers
    CHECK(float(float16(0x1p-25)) == 0);
}

TEST_CASE("half: arithmetic is in float, integers convert, and limits are those of the formats") {
    CHECK(float16(2) * float16(3) == 6.0f);
    CHECK(float16(2) == float16(2.0));
    CHECK(bfloat16(-0.0f) == bfloat16(0));
    CHECK_FALSE(std::numeric_limits<float16>::quiet_NaN() == std::numeric_limits<float16>::quiet_NaN());
    CHECK(float(std::numeric_limits<float16>::max()) == 65504);
    CHECK(float(std::numeric_limits<float16>::denorm_min()) == 0x1p-24f);
    CHECK(float(std::numeric_limits<float16>::min()) == 0x1p-14f);
    CHECK(float(std::numeric_limits<float16>::epsilon()) == 0x1p-10f);
    CHECK(float(std::numeric_limits<bfloat16>::epsilon()) == 0x1p-7f);
    CHECK(float(std::numeric_limits<bfloat16>::min()) == 0x1p-126f);
    CHECK(float(std::numeric_limits<bfloat16>::lowest()) == -0x1.fep127f);
    CHECK(std::isinf(float(std::numeric_limits<bfloat16>::infinity())));
    static_assert(float16(1.5f).bits() == 0x3e00); // at compile time too
}
