// tests/crypto/identity_test.cpp: the vectors of RFC 8032, and everything near a signature that is none.
// SPDX-License-Identifier: Apache-2.0
#include "hex.hpp"
#include "rfc8032.hpp"

#include <btard/crypto/identity.hpp>
#include <btard/protocol/signer.hpp>

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace btard;

static_assert(signer<identity>);

namespace {

template <class T>
T value_of(std::string_view digits) {
    T value;
    auto const bytes = bytes_of(digits);
    REQUIRE(bytes.size() == value.bytes.size());
    std::ranges::copy(bytes, value.bytes.begin());
    return value;
}

identity identity_of(std::string_view secret_digits) {
    auto const bytes = bytes_of(secret_digits);
    return identity::from_seed(std::span<std::byte const, 32>(bytes.data(), 32));
}

/// OpenSSL without our questions about the key.
bool openssl_accepts(public_key const& key, std::span<std::byte const> text, signature const& by) {
    detail::owned<::EVP_PKEY> const parsed(
        ::EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, detail::octets(key.bytes), 32));
    detail::thread_context const context;
    REQUIRE(::EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, parsed.get()) == 1);
    return ::EVP_DigestVerify(context.get(), detail::octets(by.bytes), 64, detail::octets(text),
                              text.size()) == 1;
}

constexpr std::array<std::string_view, 5> small_order = {
    "0100000000000000000000000000000000000000000000000000000000000000", // of order 1
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // 2
    "0000000000000000000000000000000000000000000000000000000000000000", // 4
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // 8
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // 8
};

} // namespace

TEST_CASE("identity: the vectors of RFC 8032: keys from their seeds, signatures, verification") {
    for (auto const& vector : rfc8032) {
        auto const who = identity_of(vector.secret);
        auto const message = bytes_of(vector.message);
        CHECK(hex_of(who.key().bytes) == vector.key);
        CHECK(hex_of(who.sign(message).bytes) == vector.signature);
        CHECK(verify_signature(value_of<public_key>(vector.key), message,
                               value_of<signature>(vector.signature)));
        secret<32> seed;
        who.copy_seed(seed);
        CHECK(hex_of(seed.bytes()) == vector.secret);
    }
}

TEST_CASE("identity: any bit of key, text or signature that is flipped makes it worthless") {
    auto const& vector = rfc8032[4];
    auto const key = value_of<public_key>(vector.key);
    auto const by = value_of<signature>(vector.signature);
    auto const message = bytes_of(vector.message);
    auto const flipped = [](auto bytes, std::size_t bit) {
        bytes[bit / 8] ^= std::byte(1u << bit % 8);
        return bytes;
    };
    for (std::size_t bit = 0; bit < 512; ++bit) {
        CHECK_FALSE(verify_signature(key, message, {flipped(by.bytes, bit)}));
        CHECK_FALSE(verify_signature(key, flipped(message, bit), by));
        if (bit < 256) CHECK_FALSE(verify_signature({flipped(key.bytes, bit)}, message, by));
    }
    CHECK_FALSE(verify_signature(key, std::span(message).first(63), by));
    CHECK_FALSE(verify_signature(key, {}, by));
    CHECK_FALSE(verify_signature(key, message, {}));
    CHECK(verify_signature(key, message, by));
}

TEST_CASE("identity: S + L, which names the same number, is refused: a signature has one form") {
    constexpr std::array<unsigned char, 32> order = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    for (auto const& vector : rfc8032) {
        auto by = value_of<signature>(vector.signature);
        unsigned carry = 0;
        for (std::size_t i = 0; i < 32; ++i) {
            carry += std::to_integer<unsigned>(by.bytes[32 + i]) + order[i];
            by.bytes[32 + i] = std::byte(carry & 255);
            carry >>= 8;
        }
        REQUIRE(carry == 0);
        CHECK_FALSE(verify_signature(value_of<public_key>(vector.key), bytes_of(vector.message), by));
    }
}

TEST_CASE("identity: keys of small order are refused; OpenSSL takes forgeries in their name") {
    signature forged; // R is the neutral point, S is zero
    forged.bytes[0] = std::byte{1};
    for (auto const digits : small_order) {
        for (int const sign : {0, 0x80}) {
            auto key = value_of<public_key>(digits);
            key.bytes[31] |= std::byte(sign);
            CAPTURE(hex_of(key.bytes));
            CHECK_FALSE(is_proper(key));
            int taken = 0;
            for (unsigned char i = 0; i < 100; ++i) {
                std::array const text{std::byte(i)};
                CHECK_FALSE(verify_signature(key, text, forged));
                taken += openssl_accepts(key, text, forged);
            }
            CHECK(taken > 0); // one in 8 at least: these are points of small order indeed
        }
    }
}

TEST_CASE("identity: R is compared as bytes: its second spelling is refused, though the point is the same") {
    // Made for this test: the nonce is zero, so R is the neutral point, whose y is 1, or 2^255 - 18.
    auto const key = value_of<public_key>("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
    std::array const text{std::byte('m')};
    auto const first =
        value_of<signature>("0100000000000000000000000000000000000000000000000000000000000000"
                            "5129092a73acadb1fcd9c3de95b9a2a33279c4a1985f2c48558702232a367308");
    auto const second =
        value_of<signature>("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
                            "897c511a74f9cbd0907793ca656d3fb31ead7e151348313e458ea5ccf094c20d");
    CHECK(verify_signature(key, text, first));
    CHECK_FALSE(verify_signature(key, text, second));
}

TEST_CASE("identity: the equation has no cofactor: what only holds when multiplied by 8 is refused") {
    // Made for this test: the key is a proper one plus a point of order 8.  Its owner can sign one text in 8.
    auto const key = value_of<public_key>("b154bd62188ae283dd187fefe8c31f5e276edf083b4cff11c9d5cff856c74440");
    std::string const r = "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23";
    std::array const one{std::byte{10}}, another{std::byte{0}};
    CHECK(verify_signature(
        key, one,
        value_of<signature>(r + "0464440e6c9d707f1a6a871dcba048d49d14fe7644f8791af63861d4518ac70c")));
    CHECK_FALSE(verify_signature(
        key, another,
        value_of<signature>(r + "3eda27dd32ddf4fa95972882951bee98fed8f9b227524c99be66eb8378ef3f0b")));
}

TEST_CASE(
    "identity: a key is spelled in one way: values from 2^255 - 19 on are refused, the one below is not") {
    for (int low = 0xed; low <= 0xff; ++low) {
        for (int const high : {0x7f, 0xff}) {
            public_key key;
            key.bytes.fill(std::byte{0xff});
            key.bytes[0] = std::byte(low);
            key.bytes[31] = std::byte(high);
            CHECK_FALSE(is_proper(key));
        }
    }
    auto below = value_of<public_key>("ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    CHECK(is_proper(below));
    CHECK_FALSE(is_proper(
        value_of<public_key>("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"))); // 1 again
    for (auto const& vector : rfc8032) CHECK(is_proper(value_of<public_key>(vector.key)));
}

TEST_CASE(
    "identity: bytes that are no point of the curve verify nothing, and leave no error behind in OpenSSL") {
    ::ERR_clear_error();
    std::vector<std::byte> const text(100);
    auto const by = identity::generate().sign(text);
    int points = 0;
    for (unsigned char i = 2; i < 200; ++i) {
        public_key key;
        key.bytes[0] = std::byte(i);
        key.bytes[7] = std::byte(i);
        CHECK_FALSE(verify_signature(key, text, by));
        points += is_proper(key);
    }
    CHECK(points == 198);
    CHECK(::ERR_peek_error() == 0);
}

TEST_CASE("identity: new keys differ, copies are the same key, and what one signs all can check") {
    auto const a = identity::generate(), b = identity::generate();
    identity const copy = a;
    CHECK(a.key() != b.key());
    CHECK(copy.key() == a.key());
    std::vector<std::byte> const text(1000, std::byte{7});
    CHECK(copy.sign(text) == a.sign(text));
    CHECK(b.verify(a.key(), text, a.sign(text)));
    CHECK_FALSE(a.verify(b.key(), text, a.sign(text)));
}

TEST_CASE("identity: threads sign with one key at the same time") {
    auto const who = identity_of(rfc8032[2].secret);
    auto const message = bytes_of(rfc8032[2].message);
    std::array<int, 4> right{};
    {
        std::vector<std::jthread> threads;
        for (auto& count : right)
            threads.emplace_back([&] {
                for (int i = 0; i < 50; ++i) {
                    auto const by = who.sign(message);
                    count += hex_of(by.bytes) == rfc8032[2].signature && who.verify(who.key(), message, by);
                }
            });
    }
    CHECK(right == std::array<int, 4>{50, 50, 50, 50});
}
