// tests/fuzz/policy_text_fuzz.cpp: a text is read or refused; what was read prints as a text that reads back the same.
// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

enum class colour { red, green };
constexpr std::array<std::string_view, 2> enum_names(colour) { return {"red", "green"}; }

struct leaf {
    float real = 0.5f;
    std::optional<std::uint8_t> small = {};
    colour paint = colour::red;

    static constexpr auto name = "leaf";
    static constexpr void describe(auto& self, auto&& field) {
        field("real", self.real, "a number");
        field("small", self.small, "a whole number that may be absent");
        field("paint", self.paint, "a word");
    }
};

/// A policy with a field of every kind that a text can hold.
struct tree {
    std::variant<leaf> part = {};
    std::vector<std::int64_t> list = {1, 2};
    std::string letters = "a";
    double precise = 1;
    bool yes = true;

    static constexpr auto name = "tree";
    static constexpr void describe(auto& self, auto&& field) {
        field("", self.part);
        field("list", self.list, "whole numbers");
        field("letters", self.letters, "any text");
        field("precise", self.precise, "a number");
        field("yes", self.yes, "true or false");
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::optional<tree> read;
    try {
        read = btard::parse<tree>({reinterpret_cast<char const*>(data), size});
    } catch (btard::environment_error const&) {
        return 0;
    }
    auto const text = btard::to_text(*read);
    if (btard::to_text(btard::parse<tree>(text)) != text) std::abort();
    return 0;
}
