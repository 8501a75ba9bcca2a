// SPDX-License-Identifier: Apache-2.0
// The numbers come from Python's hashlib; docs/protocol.md lists them for other implementations.
#include <btard/protocol/wire/tagged_hash.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace btard;

namespace {

digest counting() {
    digest r;
    for (std::size_t k = 0; k < 32; ++k) r.bytes[k] = static_cast<std::byte>(k);
    return r;
}

std::string hex(digest const& of) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::byte const byte : of.bytes) {
        text += digits[std::to_integer<unsigned>(byte) >> 4];
        text += digits[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

} // namespace

TEST_CASE("tagged_hash: length, tag, then length and bytes of each field") {
    CHECK(hex(tagged_hash("genesis", digest{})) ==
          "d9b0deab6b00469c15f191b533fee69671bdeb3790f6c20d0d274443ae075587");
}

TEST_CASE("prg: published seeds") {
    public_key key;
    key.bytes.fill(std::byte{7});
    CHECK(prg(counting(), "seed", key) == seed{0x0ff8cc2bf2df6512, 0x6ba66837fe3e70e7});
    CHECK(prg(counting(), "reown", std::size_t{3}) == seed{0x4af46b636fe63ee9, 0xf36c7f438cc77606});
    CHECK(prg(counting(), "reown", std::uint32_t{3}) == prg(counting(), "reown", part_id{3}));
    CHECK(prg(counting(), "pairs") == seed{0x70e77ffd4e39b8d6, 0x281981b7ebbbf8b8});
}

TEST_CASE("tagged_hash: where one field ends and the next begins is part of the text") {
    CHECK(tagged_hash("a", std::string_view{"bc"}, std::string_view{"d"}) !=
          tagged_hash("a", std::string_view{"b"}, std::string_view{"cd"}));
    CHECK(tagged_hash("a", std::string_view{"b"}) != tagged_hash("ab"));
    CHECK(tagged_hash("a", std::string_view{}) != tagged_hash("a"));
}
