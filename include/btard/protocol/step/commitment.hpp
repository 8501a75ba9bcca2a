// btard/protocol/step/commitment.hpp: a gradient fixed by one hash, and its parts told from anything else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host/dispatch.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/partition.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/merkle.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// No gradient has a larger value: one that would is replaced by zeros, with weight 0.
inline constexpr float largest_value = 1e15f;

/// None of them is larger, nor is a NaN: their bits, without the sign, are above those of the largest value.
[[nodiscard]] inline bool admissible(std::span<float const> values) {
    constexpr auto most = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(largest_value));
    constexpr std::size_t lanes = 16; // side by side, as vectors have them
    std::int32_t room = 0;            // negative: one was too large
    host_kernels::dispatch(instruction_set::best, [&](auto) __attribute__((always_inline)) {
        float const* const from = values.data();
        std::size_t const size = values.size(), whole = size / lanes * lanes;
        std::int32_t left[lanes] = {};
        for (std::size_t k = 0; k < whole; k += lanes)
            for (std::size_t lane = 0; lane < lanes; ++lane)
                left[lane] |= most - (std::bit_cast<std::int32_t>(from[k + lane]) & 0x7FFF'FFFF);
        for (std::size_t k = whole; k < size; ++k)
            left[0] |= most - (std::bit_cast<std::int32_t>(from[k]) & 0x7FFF'FFFF);
        for (std::int32_t const one : left) room |= one;
    });
    return room >= 0;
}

[[nodiscard]] inline digest hash_of(std::span<float const> values) {
    thread_local sha256 hash; // a new context would cost as much as a small part
    hash.update(values);
    return hash.finish();
}

/// What a peer wants to know of floats that it has made or got.
struct float_facts {
    digest hash{};
    bool admissible = true;
};
/// In one pass over memory: block by block, while the block is in the first cache.
///
/// @param squares not null: gets them too
[[nodiscard]] inline float_facts facts_of(std::span<float const> values, square_sum* squares = nullptr) {
    constexpr std::size_t block = 4096;
    thread_local sha256 hash;
    float_facts facts;
    while (!values.empty()) {
        auto const next = values.first(std::min(block, values.size()));
        hash.update(next);
        facts.admissible = admissible(next) && facts.admissible;
        if (squares) squares->add(next);
        values = values.subspan(next.size());
    }
    facts.hash = hash.finish();
    return facts;
}

/// What stands in the tree for a part: which it is, its length and the hash of its floats.
[[nodiscard]] inline leaf_hash leaf_of(part_id part, std::uint64_t length, digest const& values) {
    std::vector<std::byte> entry;
    byte_writer to(entry);
    to.write(part);
    to.write(length);
    to.write(values);
    return leaf_hash::of(entry);
}

/// The tree over the parts of a gradient, of which a peer sends the root to all.
class commitment {
public:
    commitment(std::span<float const> gradient, partition const& cut) : tree_(leaves(gradient, cut)) {}

    [[nodiscard]] bool admissible() const { return admissible_; } ///< it is a gradient
    [[nodiscard]] digest const& root() const { return tree_.root(); }
    [[nodiscard]] std::vector<digest> branch(part_id part) const {
        return tree_.branch(static_cast<std::size_t>(part));
    }

private:
    std::vector<leaf_hash> leaves(std::span<float const> gradient, partition const& cut) {
        std::vector<leaf_hash> all;
        for (std::size_t j = 0; j < cut.parts(); ++j) {
            auto const values = cut.slice(gradient, part_id(j));
            auto const facts = facts_of(values);
            all.push_back(leaf_of(part_id(j), values.size(), facts.hash));
            admissible_ = admissible_ && facts.admissible;
        }
        return all;
    }

    bool admissible_ = true; // before the tree, whose leaves set it
    merkle_tree tree_;
};

/// A gradient as it is committed to: one that is none, or the mean of nothing, is zeros with weight 0.
struct fixed_gradient {
    /// @param done microbatches
    fixed_gradient(shared_floats gradient, std::uint32_t done, partition const& cut)
        : microbatches(done), tree(gradient, cut), values(std::move(gradient)) {
        if (microbatches > 0 && tree.admissible()) return;
        microbatches = 0;
        values = std::vector<float>(values.size());
        tree = commitment(values, cut);
    }

    std::uint32_t microbatches; ///< that it is the mean of
    commitment tree;
    shared_floats values;
};

/// What a row turns out to be.
enum class arrival : std::uint8_t {
    good,
    foreign,   ///< not what its sender has committed to: it proves nothing, and did not arrive
    malformed, ///< committed to, and of a wrong length, or with a value that no gradient has: evidence
};

[[nodiscard]] inline arrival examine(wire::row const& row, digest const& root, partition const& cut) {
    auto const part = static_cast<std::size_t>(row.part);
    if (part >= cut.parts()) return arrival::foreign;
    auto const facts = facts_of(row.values);
    auto const leaf = leaf_of(row.part, row.values.size(), facts.hash);
    if (!on_branch(root, leaf, part, cut.parts(), row.branch)) return arrival::foreign;
    return row.values.size() == cut.size(row.part) && facts.admissible ? arrival::good : arrival::malformed;
}

} // namespace btard
