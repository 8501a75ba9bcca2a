// tests/core/sample_policies.hpp: policies with a field of every kind that a text can hold.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/policy_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sample {

enum class colour { red, green, blue };
constexpr auto enum_names(colour) { return std::array<std::string_view, 3>{"red", "green", "blue"}; }

struct plain {
    bool flag = true;
    std::uint8_t small = 3;
    std::int64_t large = -5;
    float tau = 0.5f;
    double exact = 0.1;
    std::optional<std::size_t> iterations = {};
    std::optional<float> limit = 2.5f;
    colour paint = colour::green;
    std::vector<std::size_t> peers = {3, 7};
    std::string path = "a b";

    static constexpr auto name = "plain";
    static constexpr auto summary = "one field of every simple kind";
    static constexpr void describe(auto& self, auto&& field) {
        field("flag", self.flag, "yes or no");
        field("small", self.small, "a byte");
        field("large", self.large, "whole, with a sign");
        field("tau", self.tau, "clipping radius");
        field("exact", self.exact, "a double");
        field("iterations", self.iterations, "exactly this many; absent: to the fixed point");
        field("limit", self.limit, "present to begin with");
        field("paint", self.paint, "a word");
        field("peers", self.peers, "a list");
        field("path", self.path, "letters");
    }
    friend bool operator==(plain const&, plain const&) = default;
};

struct flip {
    float scale = 1'000;

    static constexpr auto name = "flip";
    static constexpr void describe(auto& self, auto&& field) { field("scale", self.scale, "how much longer"); }
    friend bool operator==(flip const&, flip const&) = default;

    void validate() const { btard::expects(scale > 0, "scale is ", scale, ", it must be positive"); }
};

struct nothing {
    static constexpr auto name = "nothing";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(nothing const&, nothing const&) = default;
};

struct when {
    std::size_t start = 0;
    std::optional<std::size_t> stop = {};

    static constexpr auto name = "when";
    static constexpr void describe(auto& self, auto&& field) {
        field("start", self.start, "first step");
        field("stop", self.stop, "the step at which it is over");
    }
    friend bool operator==(when const&, when const&) = default;
};

using choice = std::variant<nothing, flip>;

/// A wrapper: its parts have no names.
template <class A>
struct timed {
    A inner{};
    when steps{};

    static constexpr auto name = "timed";
    static constexpr void describe(auto& self, auto&& field) {
        field("", self.inner);
        field("", self.steps);
    }
    friend bool operator==(timed const&, timed const&) = default;
};
template <class A>
timed(A, when) -> timed<A>;

/// Policies in named fields, and a part that may be absent.
struct nested {
    std::optional<when> pause = {};
    flip one = {.scale = 2};
    choice either = nothing{};

    static constexpr auto name = "nested";
    static constexpr void describe(auto& self, auto&& field) {
        field("", self.pause);
        field("one", self.one, "a policy");
        field("either", self.either, "one of several policies");
    }
    friend bool operator==(nested const&, nested const&) = default;
};

/// A type with a text of its own.
struct place {
    std::size_t index = 0;

    static constexpr auto kinds = "first|row(INDEX)";
    std::string text() const { return index == 0 ? "first" : btard::concat("row(", index, ")"); }
    static place from_tree(btard::policy_tree const& tree) {
        if (tree.word == "first") return {};
        if (tree.word != "row") tree.refuse("this is no place", "first or row(INDEX)");
        place read;
        btard::assign(tree.argument_value(), read.index);
        return read;
    }
    friend bool operator==(place const&, place const&) = default;
};

struct starts {
    place at{};

    static constexpr auto name = "starts";
    static constexpr void describe(auto& self, auto&& field) { field("at", self.at, "where"); }
    friend bool operator==(starts const&, starts const&) = default;
};

} // namespace sample
