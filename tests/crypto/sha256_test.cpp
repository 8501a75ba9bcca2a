// tests/crypto/sha256_test.cpp: the vectors of NIST and RFC 6234, in one piece and in many.
// SPDX-License-Identifier: Apache-2.0
#include "hex.hpp"

#include <btard/crypto/sha256.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace btard;

namespace {

std::string hash_text(std::string_view text) {
    return hex_of(sha256_of(std::as_bytes(std::span(text))).bytes);
}
std::string hash_hex(std::string_view digits) { return hex_of(sha256_of(bytes_of(digits)).bytes); }

} // namespace

TEST_CASE("sha256: the vectors of FIPS 180-4 and RFC 6234") {
    CHECK(hash_text("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hash_text("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hash_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(
        hash_text(
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
            "mnopqrstnopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    std::string eighty;
    for (int i = 0; i < 80; ++i) eighty += "01234567";
    CHECK(hash_text(eighty) == "594847328451bdfa85056225462cc1d867d877fb388df0ce35f25ab5562bfbb5");
    CHECK(hash_hex("19") == "68aa2e2ee5dff96e3355e6c7ee373e3d6a4e17f75f9518d843709c0c9bc3e3d4");
    CHECK(hash_hex("e3d72570dcdd787ce3887ab2cd684652") ==
          "175ee69b02ba9b58e2b0a5fd13819cea573f3940a94f825128cf4209beabb4e8");
    CHECK(
        hash_hex(
            "8326754e2277372f4fc12b20527afef04d8a056971b11ad57123a7c137760000d7bef6f3c1f7a9083aa39d810db31077"
            "7dab8b1e7f02b84a26c773325f8b2374de7a4b5a58cb5c5cf35bcee6fb946e5bd694fa593a8beb3f9d6592ecedaa66ca"
            "82a29d0c51bcf9336230e5d784e4c0a43f8d79a30a165cbabe452b774b9c7109a97d138f129228966f6c0adc106aad5a"
            "9fdd30825769b2c671af6759df28eb393d54d6") ==
        "97dbca7df46d62c8a422c941dd7e835b8ad3361763f7e9b2d95f4f0da6e1ccbc");
}

TEST_CASE("sha256: a million letters a, in pieces of odd sizes") {
    std::string const a(10'007, 'a');
    for (std::size_t const piece : {1u, 3u, 63u, 64u, 65u, 127u, 1000u, 10'007u}) {
        sha256 hash;
        for (std::size_t left = 1'000'000, next = 0; left != 0; left -= next) {
            next = std::min(left, piece);
            hash.update(std::string_view(a).substr(0, next));
        }
        CHECK(hex_of(hash.finish().bytes) ==
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

TEST_CASE("sha256: every way to cut a message of 150 bytes into three gives the same hash") {
    std::string message;
    for (char c = 0; message.size() < 150; ++c) message += c;
    auto const whole = hash_text(message);
    sha256 hash;
    for (std::size_t i = 0; i <= message.size(); i += 7) {
        for (std::size_t j = i; j <= message.size(); ++j) {
            hash.update(std::string_view(message).substr(0, i));
            hash.update(std::string_view(message).substr(i, j - i));
            hash.update(std::string_view(message).substr(j));
            REQUIRE(hex_of(hash.finish().bytes) == whole);
        }
    }
}

TEST_CASE(
    "sha256: floats count as four bytes each, the lowest first, zeros of both signs and NaN by their bits") {
    std::vector<float> values{1.0f, -0.0f, 0.0f, -2.5f, std::bit_cast<float>(0x7FC01234u)};
    auto const bytes = bytes_of("0000803f0000008000000000000020c03412c07f");
    sha256 hash;
    hash.update(std::span<float const>(values));
    CHECK(hash.finish() == sha256_of(bytes));

    std::vector<std::byte> out(bytes.size()); // what a machine of the other byte order does
    detail::put_little_endian(values, out);
    CHECK(out == bytes);
}

TEST_CASE("sha256: finish begins anew, a moved hash goes on, and threads have contexts of their own") {
    sha256 first;
    first.update("ab");
    sha256 second = std::move(first);
    second.update("c");
    CHECK(hex_of(second.finish().bytes) == hash_text("abc"));
    CHECK(hex_of(second.finish().bytes) == hash_text(""));

    std::array<std::string, 4> results;
    {
        std::vector<std::jthread> threads;
        for (auto& result : results)
            threads.emplace_back([&result] {
                for (int i = 0; i < 100; ++i) result = hash_text("abc");
            });
    }
    for (auto const& result : results) CHECK(result == hash_text("abc"));
}
