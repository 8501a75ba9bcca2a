// SPDX-License-Identifier: Apache-2.0
#include <btard/core/canonical.hpp>

#include "sample_policies.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace btard;
using namespace sample;

namespace {
/// Bytes as a test can write them: letters as they are, others as two hexadecimal digits in brackets.
std::string shown(std::vector<std::byte> const& bytes) {
    std::string text;
    for (std::byte const b : bytes) {
        auto const c = std::to_integer<unsigned>(b);
        char const* const digits = "0123456789abcdef";
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) text += static_cast<char>(c);
        else text += concat("[", std::string(1, digits[c / 16]), std::string(1, digits[c % 16]), "]");
    }
    return text;
}
std::string const zeros(std::size_t n) {
    std::string text;
    while (n-- > 0) text += "[00]";
    return text;
}
} // namespace

TEST_CASE(
    "canonical_bytes: little-endian, with the letter of the type, the name and the names of the fields") {
    CHECK(shown(canonical_bytes(flip{.scale = 1})) == "S[04]" + zeros(7) + "flip" + "[01]" + zeros(7) +
                                                          "[05]" + zeros(7) + "scale" + "F[00][00][80][3f]");
    CHECK(shown(canonical_bytes(std::uint16_t{0x102})) == "U[02][01]" + zeros(6));
    CHECK(shown(canonical_bytes(std::int8_t{-2})) == "I[fe][ff][ff][ff][ff][ff][ff][ff]");
    CHECK(shown(canonical_bytes(true)) == "B[01]");
    CHECK(shown(canonical_bytes(1.0)) == "D" + zeros(6) + "[f0][3f]");
    CHECK(shown(canonical_bytes(std::string{"ab"})) == "T[02]" + zeros(7) + "ab");
    CHECK(shown(canonical_bytes(colour::red)) == "T[03]" + zeros(7) + "red");
    CHECK(shown(canonical_bytes(std::vector<bool>{})) == "V" + zeros(8));
    CHECK(shown(canonical_bytes(std::optional<bool>{})) == "O[00]");
    CHECK(shown(canonical_bytes(std::optional<bool>{false})) == "O[01]B[00]");
}

TEST_CASE("canonical_bytes: each field that differs gives other bytes") {
    std::set<std::vector<std::byte>> seen;
    auto const is_new = [&](plain const& policy) { return seen.insert(canonical_bytes(policy)).second; };
    CHECK(is_new(plain{}));
    CHECK(is_new(plain{.flag = false}));
    CHECK(is_new(plain{.small = 4}));
    CHECK(is_new(plain{.large = 5}));
    CHECK(is_new(plain{.tau = 0.50000006f}));
    CHECK(is_new(plain{.exact = 0.2}));
    CHECK(is_new(plain{.iterations = 0}));
    CHECK(is_new(plain{.limit = {}}));
    CHECK(is_new(plain{.paint = colour::red}));
    CHECK(is_new(plain{.peers = {37}}));
    CHECK(is_new(plain{.path = "ab"}));
    CHECK_FALSE(is_new(plain{}));
}

TEST_CASE("canonical_bytes: a choice at run time has the bytes of the policy chosen") {
    CHECK(canonical_bytes(choice{flip{.scale = 3}}) == canonical_bytes(flip{.scale = 3}));
    CHECK(canonical_bytes(timed<choice>{flip{}, {}}) == canonical_bytes(timed<flip>{}));
    CHECK(canonical_bytes(choice{nothing{}}) != canonical_bytes(choice{flip{}}));
}

TEST_CASE("canonical_bytes: a type with a text of its own counts by its text") {
    CHECK(shown(canonical_bytes(place{})) == "T[05]" + zeros(7) + "first");
}

namespace {
struct patient {
    float scale = 2;
    std::size_t threads = 0;
    when pause = {};

    static constexpr auto name = "patient";
    static constexpr void describe(auto& self, auto&& field) {
        field("scale", self.scale, "how much longer");
        field("threads", self.threads, "of this machine");
        field("pause", self.pause, "when not");
    }
    static constexpr std::array<std::string_view, 1> local_fields{"threads"};
};
struct forgetful : patient {
    static constexpr std::array<std::string_view, 2> local_fields{"threads", "treads"};
};
} // namespace

TEST_CASE("canonical_bytes: local fields are left out, and no others") {
    CHECK(canonical_bytes(patient{.threads = 3}) == canonical_bytes(patient{}));
    CHECK(canonical_bytes(patient{.scale = 3}) != canonical_bytes(patient{}));
    CHECK(canonical_bytes(patient{.pause = {.start = 3}}) != canonical_bytes(patient{}));
    auto const bytes = shown(canonical_bytes(patient{}));
    CHECK(bytes.find("threads") == std::string::npos);
    CHECK(bytes.find("patient[02]") != std::string::npos); // two fields
    CHECK_THROWS_WITH_AS((void)canonical_bytes(forgetful{}),
                         "patient has no field for a name in its local_fields", contract_violation);
}
