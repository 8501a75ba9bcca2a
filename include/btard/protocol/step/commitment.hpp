// btard/protocol/step/commitment.hpp: a gradient fixed by one hash, and its parts told from anything else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/partition.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/merkle.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard {

/// No gradient has a larger value: one that would is replaced by zeros, with weight 0.
inline constexpr float largest_value = 1e15f;

[[nodiscard]] inline bool admissible(std::span<float const> values) {
    return std::ranges::all_of(values, [](float x) { return std::fabs(x) <= largest_value; }); // nor is a NaN
}

[[nodiscard]] inline digest hash_of(std::span<float const> values) {
    thread_local sha256 hash; // a new context would cost as much as a small part
    hash.update(values);
    return hash.finish();
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

    [[nodiscard]] digest const& root() const { return tree_.root(); }
    [[nodiscard]] std::vector<digest> branch(part_id part) const { return tree_.branch(static_cast<std::size_t>(part)); }

private:
    static std::vector<leaf_hash> leaves(std::span<float const> gradient, partition const& cut) {
        std::vector<leaf_hash> all;
        for (std::size_t j = 0; j < cut.parts(); ++j) {
            auto const values = cut.slice(gradient, part_id(j));
            all.push_back(leaf_of(part_id(j), values.size(), hash_of(values)));
        }
        return all;
    }

    merkle_tree tree_;
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
    auto const leaf = leaf_of(row.part, row.values.size(), hash_of(row.values));
    if (!on_branch(root, leaf, part, cut.parts(), row.branch)) return arrival::foreign;
    return row.values.size() == cut.size(row.part) && admissible(row.values) ? arrival::good : arrival::malformed;
}

} // namespace btard
