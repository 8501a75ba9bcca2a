// btard/crypto/merkle.hpp: one hash for a list, and short proofs of what stands at which place in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// The hash of an entry, which is not the hash of any node above it: their tags differ.
///
///     SHA-256(0x00, entry)
struct leaf_hash {
    digest value;

    [[nodiscard]] static leaf_hash of(std::span<std::byte const> entry) {
        thread_local sha256 hash;
        std::byte const tag{0};
        hash.update(std::span(&tag, 1));
        hash.update(entry);
        return {hash.finish()};
    }
    friend bool operator==(leaf_hash const&, leaf_hash const&) = default;
};

namespace detail {

/// SHA-256(0x01, left, right)
[[nodiscard]] inline digest node_hash(digest const& left, digest const& right) {
    std::array<std::byte, 65> text;
    text[0] = std::byte{1};
    std::ranges::copy(left.bytes, text.begin() + 1);
    std::ranges::copy(right.bytes, text.begin() + 33);
    return sha256_of(text);
}

} // namespace detail

/// The tree over a list of entries.  Neighbours are paired level by level; a node without a neighbour moves
/// up as it is.  Holds fewer than 2 n + 64 hashes.
///
///     5 entries:       root              The branch of c: d, ab, e; that of e: abcd.
///                   abcd     e
///                 ab    cd   e
///                a  b  c  d  e
///
/// This is the tree of RFC 6962, which cuts from the top at the largest power of two: the roots are equal.
///
/// Merkle. A Digital Signature Based on a Conventional Encryption Function. CRYPTO 1987.
/// Laurie, Langley, Kasper. Certificate Transparency. RFC 6962.
class merkle_tree {
public:
    explicit merkle_tree(std::span<leaf_hash const> leaves) : leaves_(leaves.size()) {
        expects(!leaves.empty(), "a Merkle tree over no leaves");
        nodes_.reserve(2 * leaves.size() + 64);
        for (auto const& leaf : leaves) nodes_.push_back(leaf.value);
        for (std::size_t begin = 0, width = leaves_; width > 1; width = (width + 1) / 2) {
            std::size_t const end = begin + width;
            for (; begin + 1 < end; begin += 2)
                nodes_.push_back(detail::node_hash(nodes_[begin], nodes_[begin + 1]));
            if (begin < end) {
                digest const alone = nodes_[begin];
                nodes_.push_back(alone);
            }
            begin = end;
        }
    }

    [[nodiscard]] std::size_t size() const { return leaves_; }
    [[nodiscard]] digest const& root() const { return nodes_.back(); }

    /// The neighbours on the way from a leaf to the root, for `on_branch`.  On which side each stands follows
    /// from the index, so it is not told: what is not there cannot be told wrongly.
    [[nodiscard]] std::vector<digest> branch(std::size_t index) const {
        expects(index < leaves_, "leaf ", index, " of a Merkle tree over ", leaves_);
        std::vector<digest> neighbours;
        for (std::size_t begin = 0, width = leaves_; width > 1; width = (width + 1) / 2, index /= 2) {
            if ((index ^ 1) < width) neighbours.push_back(nodes_[begin + (index ^ 1)]);
            begin += width;
        }
        return neighbours;
    }

private:
    std::size_t leaves_;
    std::vector<digest> nodes_; // level by level, the leaves first
};

/// The root of the tree of `count` leaves of which this one, at this index, has this branch.
///
/// Nothing: the index is not below the count, or the branch is not exactly as long as it must be.
[[nodiscard]] inline std::optional<digest> root_of_branch(leaf_hash const& leaf, std::uint64_t index,
                                                          std::uint64_t count,
                                                          std::span<digest const> branch) {
    if (index >= count) return std::nullopt;
    digest node = leaf.value;
    for (std::uint64_t last = count - 1; last != 0; last /= 2, index /= 2) {
        if ((index ^ 1) > last) continue; // no neighbour: moves up as it is
        if (branch.empty()) return std::nullopt;
        digest const& neighbour = branch.front();
        node = index % 2 == 0 ? detail::node_hash(node, neighbour) : detail::node_hash(neighbour, node);
        branch = branch.subspan(1);
    }
    if (!branch.empty()) return std::nullopt;
    return node;
}

/// Does this leaf stand at this index of the list of `count` entries that has this root?
///
/// The root does not tell the count: know it from elsewhere, or hash it together with the root.  For a given
/// count, no two entries fit one index.  Of a branch at most 64 hashes are read.
[[nodiscard]] inline bool on_branch(digest const& root, leaf_hash const& leaf, std::uint64_t index,
                                    std::uint64_t count, std::span<digest const> branch) {
    auto const computed = root_of_branch(leaf, index, count, branch);
    return computed && *computed == root;
}

} // namespace btard
