// btard/protocol/step/commitment.hpp: a gradient fixed by one hash, and its parts told from anything else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/partition.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/merkle.hpp>
#include <btard/protocol/step/float_facts.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace btard {

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
    auto const facts = row.known.get() ? row.known.get()->facts : facts_of(row.values);
    auto const leaf = leaf_of(row.part, row.values.size(), facts.hash);
    if (!on_branch(root, leaf, part, cut.parts(), row.branch)) return arrival::foreign;
    return row.values.size() == cut.size(row.part) && facts.admissible ? arrival::good : arrival::malformed;
}

} // namespace btard
