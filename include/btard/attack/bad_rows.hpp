// btard/attack/bad_rows.hpp: rows, aggregates and numbers that no peer can send by mistake, and bytes that prove nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

namespace btard {

/// Commits to a gradient of one huge value everywhere, or makes all of its parts so.
struct huge_values {
    float value = 1e30f;
    bool in_aggregates = false; ///< else in the rows

    static constexpr auto name = "huge_values";
    static constexpr auto summary = "sends rows or aggregates of huge values";
    static constexpr void describe(auto& self, auto&& field) {
        field("value", self.value, "of each coordinate");
        field("in_aggregates", self.in_aggregates, "in the parts that it makes; else in its rows");
    }
    friend bool operator==(huge_values const&, huge_values const&) = default;

    template <class P>
    void shape_part(deed<P> const&, part_id, std::vector<float>& aggregate) const {
        if (in_aggregates) std::ranges::fill(aggregate, value);
    }
    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::commit& said) const {
        if (in_aggregates || !said.root) return true;
        partition const cut(at.self.state().size(),
                            std::max<std::size_t>(1, at.self.state().record.workers().size()));
        said.root = tree(cut).root();
        said.microbatches = std::max<std::uint32_t>(1, said.microbatches);
        return true;
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const&, wire::message& message) const {
        auto* const row = std::get_if<wire::row>(&message);
        if (in_aggregates || row == nullptr) return {};
        auto const& in = row->step == at.step() || !at.self.last_state() ? at.self.state() : *at.self.last_state();
        if (row->step != in.step() || row->sender != in.self) return {};
        row->branch = tree(in.cut()).branch(row->part);
        row->values = std::vector<float>(row->values.size(), value);
        return {};
    }

private:
    [[nodiscard]] commitment tree(partition const& cut) const {
        return commitment(std::vector<float>(cut.size(), value), cut);
    }
};

/// What garbage is made of.
enum class garbage_in { rows, aggregates, bodies };
constexpr auto enum_names(garbage_in) { return std::array<std::string_view, 3>{"rows", "aggregates", "bodies"}; }

/// Changes a bit of what it sends after it was hashed or signed: it proves nothing, and did not arrive.
struct garbage {
    garbage_in in = garbage_in::rows;

    static constexpr auto name = "garbage";
    static constexpr auto summary = "sends what does not match its hash or its signature";
    static constexpr void describe(auto& self, auto&& field) { field("in", self.in, "in which messages"); }
    friend bool operator==(garbage const&, garbage const&) = default;

    template <class P>
    [[nodiscard]] fate pass(deed<P> const&, public_key const&, wire::message& message) const {
        auto const add_one = [](std::vector<float>& values) { values.front() += 1; };
        if (auto* const row = std::get_if<wire::row>(&message); row && in == garbage_in::rows && !row->values.empty())
            row->values.edit(add_one);
        if (auto* const part = std::get_if<wire::aggregate>(&message);
            part && in == garbage_in::aggregates && !part->values.empty())
            part->values.edit(add_one);
        if (auto* const body = std::get_if<wire::signed_body>(&message);
            body && in == garbage_in::bodies && !body->bytes.empty())
            body->bytes.back() ^= std::byte{1};
        return {};
    }
};

/// Says that its gradient is of more, or fewer, microbatches than it is.
struct declare_wrong_quota {
    std::uint32_t microbatches = 2;

    static constexpr auto name = "declare_wrong_quota";
    static constexpr auto summary = "declares microbatches that it did not do";
    static constexpr void describe(auto& self, auto&& field) {
        field("microbatches", self.microbatches, "what it declares");
    }
    friend bool operator==(declare_wrong_quota const&, declare_wrong_quota const&) = default;

    template <class P>
    [[nodiscard]] bool shape(deed<P> const&, wire::commit& said) const {
        if (said.root) said.microbatches = microbatches;
        return true;
    }
};

} // namespace btard
