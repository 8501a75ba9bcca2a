// tests/crypto/merkle_test.cpp: the roots of RFC 6962, and branches that prove one thing and no other.
// SPDX-License-Identifier: Apache-2.0
#include "hex.hpp"

#include <btard/core/error.hpp>
#include <btard/crypto/merkle.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

using namespace btard;

namespace {

/// The tree as RFC 6962, section 2.1, defines it: from the top.
digest rfc6962(std::span<std::vector<std::byte> const> entries) {
    sha256 hash;
    std::array<std::byte, 2> const tags{std::byte{0}, std::byte{1}};
    if (entries.size() == 1) {
        hash.update(std::span(tags).first(1));
        hash.update(entries[0]);
        return hash.finish();
    }
    std::size_t k = 1;
    while (2 * k < entries.size()) k *= 2;
    hash.update(std::span(tags).last(1));
    hash.update(rfc6962(entries.first(k)).bytes);
    hash.update(rfc6962(entries.subspan(k)).bytes);
    return hash.finish();
}

std::vector<std::vector<std::byte>> entries_of(std::size_t n) {
    std::vector<std::vector<std::byte>> entries;
    for (std::size_t i = 0; i < n; ++i) entries.push_back({std::byte(i)});
    return entries;
}

std::vector<leaf_hash> leaves_of(std::span<std::vector<std::byte> const> entries) {
    std::vector<leaf_hash> leaves;
    for (auto const& entry : entries) leaves.push_back(leaf_hash::of(entry));
    return leaves;
}

/// On which side the neighbour stands, from the leaf up: the way that a branch goes.
std::vector<bool> way(std::uint64_t index, std::uint64_t count) {
    std::vector<bool> sides;
    for (std::uint64_t width = count; width > 1; width = (width + 1) / 2, index /= 2)
        if (index % 2 == 1 || index + 1 < width) sides.push_back(index % 2);
    return sides;
}

} // namespace

TEST_CASE("merkle: the published roots of certificate transparency for 1 to 8 entries") {
    constexpr std::array<std::string_view, 8> entries = {
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
    constexpr std::array<std::string_view, 8> roots = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    std::vector<leaf_hash> leaves;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        leaves.push_back(leaf_hash::of(bytes_of(entries[i])));
        CHECK(hex_of(merkle_tree(leaves).root().bytes) == roots[i]);
    }
}

TEST_CASE("merkle: from 1 to 200 entries the root is the one that RFC 6962 defines from the top") {
    auto const entries = entries_of(200);
    auto const leaves = leaves_of(entries);
    for (std::size_t n = 1; n <= entries.size(); ++n)
        CHECK(merkle_tree(std::span(leaves).first(n)).root() == rfc6962(std::span(entries).first(n)));
}

TEST_CASE("merkle: every leaf of 1 to 70 is on its branch, and nowhere else") {
    auto const entries = entries_of(70);
    auto const all = leaves_of(entries);
    for (std::size_t n = 1; n <= 70; ++n) {
        merkle_tree const tree{std::span(all).first(n)};
        CHECK(tree.size() == n);
        for (std::size_t i = 0; i < n; ++i) {
            CAPTURE(n);
            CAPTURE(i);
            auto const branch = tree.branch(i);
            REQUIRE(on_branch(tree.root(), all[i], i, n, branch));
            REQUIRE(branch.size() == way(i, n).size());

            // Another place, another count.  A count that leads the same way is not told apart: it is not in
            // the root.
            for (std::uint64_t j = 0; j < 72; ++j) {
                REQUIRE(on_branch(tree.root(), all[i], j, n, branch) == (i == j));
                REQUIRE(on_branch(tree.root(), all[i], i, j, branch) == (i < j && way(i, j) == way(i, n)));
            }
            REQUIRE_FALSE(on_branch(tree.root(), all[(i + 1) % 70], i, n, branch));

            auto longer = branch; // by any hash, on either end
            longer.push_back(tree.root());
            REQUIRE_FALSE(on_branch(tree.root(), all[i], i, n, longer));
            longer.pop_back();
            longer.insert(longer.begin(), all[i].value);
            REQUIRE_FALSE(on_branch(tree.root(), all[i], i, n, longer));
            if (!branch.empty()) {
                REQUIRE_FALSE(
                    on_branch(tree.root(), all[i], i, n, std::span(branch).first(branch.size() - 1)));
                REQUIRE_FALSE(on_branch(tree.root(), all[i], i, n, std::span(branch).subspan(1)));
            }
        }
    }
}

TEST_CASE("merkle: any bit that is flipped in root, leaf or branch is noticed") {
    auto const all = leaves_of(entries_of(13));
    merkle_tree const tree(all);
    auto const flip = [](digest& hash, std::size_t bit) { hash.bytes[bit / 8] ^= std::byte(1u << bit % 8); };
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto branch = tree.branch(i);
        for (std::size_t bit = 0; bit < 256; ++bit) {
            auto root = tree.root();
            flip(root, bit);
            REQUIRE_FALSE(on_branch(root, all[i], i, 13, branch));
            auto leaf = all[i];
            flip(leaf.value, bit);
            REQUIRE_FALSE(on_branch(tree.root(), leaf, i, 13, branch));
            for (auto& hash : branch) {
                flip(hash, bit);
                REQUIRE_FALSE(on_branch(tree.root(), all[i], i, 13, branch));
                flip(hash, bit);
            }
        }
        REQUIRE(on_branch(tree.root(), all[i], i, 13, branch));
    }
}

TEST_CASE("merkle: a node is no entry: what was hashed for one cannot be shown as the other") {
    auto const all = leaves_of(entries_of(4));
    merkle_tree const tree(all);
    std::vector<std::byte> inner; // left and right of the first inner node, offered as an entry
    for (auto const& leaf : {all[0], all[1]})
        inner.insert(inner.end(), leaf.value.bytes.begin(), leaf.value.bytes.end());
    std::vector<digest> const upper{tree.branch(0)[1]};
    CHECK_FALSE(on_branch(tree.root(), leaf_hash::of(inner), 0, 2, upper));
    inner.insert(inner.begin(), std::byte{1});
    CHECK_FALSE(on_branch(tree.root(), leaf_hash::of(inner), 0, 2, upper));
}

TEST_CASE("merkle: whatever a peer says of index, count and branch has an answer") {
    auto const all = leaves_of(entries_of(3));
    merkle_tree const tree(all);
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    std::vector<digest> const many(1000);
    for (std::uint64_t const count : {std::uint64_t{0}, std::uint64_t{1}, most - 1, most})
        for (std::uint64_t const index : {std::uint64_t{0}, std::uint64_t{2}, most - 1, most})
            for (std::size_t const length : {0u, 1u, 63u, 64u, 65u, 1000u})
                CHECK_FALSE(on_branch(tree.root(), all[2], index, count, std::span(many).first(length)));
    CHECK(root_of_branch(all[2], most - 1, most, std::span(many).first(64)).has_value() == false);
    CHECK(root_of_branch(all[2], 0, most, std::span(many).first(64)).has_value());
}

TEST_CASE("merkle: no leaves, and a leaf that is not there, are mistakes of the caller") {
    CHECK_THROWS_WITH_AS(merkle_tree({}), "a Merkle tree over no leaves", contract_violation);
    auto const all = leaves_of(entries_of(3));
    merkle_tree const tree(all);
    CHECK_THROWS_WITH_AS((void)tree.branch(3), "leaf 3 of a Merkle tree over 3", contract_violation);
}
