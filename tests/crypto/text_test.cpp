// tests/crypto/text_test.cpp: keys and fingerprints as text, and texts that are neither.
// SPDX-License-Identifier: Apache-2.0
#include "hex.hpp"

#include <btard/core/error.hpp>
#include <btard/crypto/text.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace btard;

namespace {

constexpr std::string_view digits = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

std::string refusal(auto read, std::string_view text) {
    try {
        (void)read(text);
    } catch (environment_error const& error) {
        CHECK(error.code() == errc::bad_text);
        return error.what();
    }
    FAIL("read: " << text);
    return {};
}

} // namespace

TEST_CASE("public_key: 64 digits, read back in either case") {
    auto const key = read_public_key(digits);
    CHECK(hex_of(key.bytes) == digits);
    CHECK(to_text(key) == digits);
    std::string capital(digits);
    for (char& c : capital) c = static_cast<char>(std::toupper(c));
    CHECK(read_public_key(capital) == key);
}

TEST_CASE("fingerprint: the first half of a tagged hash, in 8 groups of 4") {
    auto const key = read_public_key(digits);
    auto text = bytes_of("627461726420"
                         "7075626c696320"
                         "6b6579"); // "btard public key"
    text.insert(text.end(), key.bytes.begin(), key.bytes.end());
    auto const hash = hex_of(sha256_of(text).bytes);
    auto const shown = to_text(fingerprint::of(key));
    std::string plain = shown;
    std::erase(plain, '-');
    CHECK(plain == hash.substr(0, 32));
    CHECK(shown == "9826-d66d-ae0b-ed3f-f2e6-f3bf-c9f0-e098");
    CHECK(shown.size() == 39);
    for (std::size_t i = 4; i < shown.size(); i += 5) CHECK(shown[i] == '-');
    CHECK(read_fingerprint(shown) == fingerprint::of(key));
    CHECK(fingerprint::of(key) != fingerprint::of({}));
}

TEST_CASE("read_public_key: what is wrong is said with its place") {
    auto const read = [](std::string_view text) { return read_public_key(text); };
    CHECK(refusal(read, "") == "'' is no public key: it has 0 letters, not 64");
    CHECK(refusal(read, digits.substr(1)) ==
          "'" + std::string(digits.substr(1)) + "' is no public key: it has 63 letters, not 64");
    std::string text(digits);
    text[9] = 'g';
    CHECK(refusal(read, text) == "'" + text + "' is no public key: letter 10 is none of 0 to 9 and a to f");
    for (char const bad : {' ', '-', 'x', 'G', '`', '@', '/', ':', '\0', '\n', '\xff'}) {
        text = digits;
        text[63] = bad;
        CHECK(refusal(read, text).ends_with("letter 64 is none of 0 to 9 and a to f"));
    }
    CHECK(refusal(read, std::string(100'000, '0')) ==
          "'...' is no public key: it has 100000 letters, not 64");
}

TEST_CASE("read_fingerprint: groups of four, with a hyphen between two") {
    auto const read = [](std::string_view text) { return read_fingerprint(text); };
    std::string const good = "0123-4567-89ab-cdef-0123-4567-89AB-CDEF";
    CHECK(to_text(read_fingerprint(good)) == "0123-4567-89ab-cdef-0123-4567-89ab-cdef");
    CHECK(refusal(read, "01234567-89ab-cdef-0123-4567-89AB-CDEF0") ==
          "'01234567-89ab-cdef-0123-4567-89AB-CDEF0' is no fingerprint: letter 5 must be a hyphen, after "
          "each 4 "
          "digits");
    CHECK(refusal(read, "0123456789abcdef0123456789abcdef") ==
          "'0123456789abcdef0123456789abcdef' is no fingerprint: it has 32 letters, not 39");
    CHECK(refusal(read, "0123-4567-89ab-cdef-0123-4567-89AB-CDE-")
              .ends_with("letter 39 is none of 0 to 9 and a to f"));
}
