// SPDX-License-Identifier: Apache-2.0
#include <btard/core/random.hpp>
#include <btard/protocol/step/commitment.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

using namespace btard;

namespace {

std::vector<float> gradient(std::size_t size) {
    random_stream random(seed{1, size});
    std::vector<float> made(size);
    for (float& x : made) x = float(random.normal());
    return made;
}

wire::row row_of(std::vector<float> const& from, partition const& cut, part_id part) {
    auto const values = cut.slice(std::span<float const>(from), part);
    return {.part = part, .branch = commitment(from, cut).branch(part), .values = {values.begin(), values.end()}};
}

} // namespace

TEST_CASE("commitment: each part of a gradient fits the root, and no other does") {
    for (std::size_t parts = 1; parts <= 17; ++parts) {
        auto const all = gradient(100), other = gradient(99);
        partition const cut(all.size(), parts);
        digest const root = commitment(all, cut).root();
        for (std::size_t j = 0; j < parts; ++j) {
            auto const row = row_of(all, cut, part_id(j));
            CHECK(examine(row, root, cut) == arrival::good);
            for (std::size_t k = 0; k < row.values.size(); ++k) {
                auto changed = row;
                changed.values.edit([k](std::vector<float>& own) { own[k] += 1; });
                REQUIRE(examine(changed, root, cut) == arrival::foreign);
            }
            auto elsewhere = row;
            elsewhere.part = part_id((j + 1) % parts);
            CHECK((parts == 1 || examine(elsewhere, root, cut) == arrival::foreign));
        }
        auto beyond = row_of(all, cut, part_id{0});
        beyond.part = part_id(parts);
        CHECK(examine(beyond, root, cut) == arrival::foreign);
    }
}

TEST_CASE("commitment: values that no gradient has are evidence once they are committed to, and only then") {
    float const inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    for (float const bad : {1e30f, -1.1e15f, inf, -inf, nan}) {
        auto all = gradient(30);
        all[7] = bad;
        partition const cut(all.size(), 4);
        digest const root = commitment(all, cut).root();
        CHECK(examine(row_of(all, cut, part_id{0}), root, cut) == arrival::malformed);
        CHECK(examine(row_of(all, cut, part_id{3}), root, cut) == arrival::good);
        CHECK(examine(row_of(all, cut, part_id{0}), commitment(gradient(30), cut).root(), cut) == arrival::foreign);
        CHECK(!admissible(all));
    }
    CHECK(admissible(std::vector{1e15f, -1e15f, 0.0f}));
}

TEST_CASE("facts: one pass finds the hash, what no gradient has, and the squares, whatever the length") {
    for (std::size_t const size : {0, 1, 15, 16, 17, 4'095, 4'096, 4'097, 10'000}) {
        auto values = gradient(size);
        square_sum squares;
        auto const facts = facts_of(values, &squares);
        CHECK(facts.hash == hash_of(values));
        CHECK(facts.admissible);
        CHECK(squares.total() == squared_norm(values)); // bit for bit
        for (std::size_t k = 0; k < size; k += 1 + size / 7) {
            float const before = std::exchange(values[k], -1.1e15f);
            REQUIRE(!facts_of(values).admissible);
            values[k] = before;
        }
    }
}

TEST_CASE("a gradient that is none is committed to as zeros, with weight 0") {
    partition const cut(30, 4);
    auto good = gradient(30), bad = good;
    bad[29] = std::numeric_limits<float>::quiet_NaN();
    commitment const zeros(std::vector<float>(30), cut);
    fixed_gradient const right(good, 3, cut), none(bad, 3, cut), nothing(good, 0, cut);
    CHECK(right.microbatches == 3);
    CHECK(right.values == shared_floats(good));
    CHECK(right.tree.root() == commitment(good, cut).root());
    for (auto const& one : {none, nothing}) {
        CHECK(one.microbatches == 0);
        CHECK(one.tree.root() == zeros.root());
        CHECK(one.values == shared_floats(std::vector<float>(30)));
    }
}

TEST_CASE("commitment: a part that is too short or too long is evidence too") {
    auto const shorter = gradient(28), all = gradient(30);
    partition const cut(30, 4), wrong(28, 4);
    digest const root = commitment(shorter, wrong).root();
    auto const row = row_of(shorter, wrong, part_id{1});
    CHECK(row.values.size() == 7);
    CHECK(examine(row, root, cut) == arrival::malformed);
}

TEST_CASE("commitment: minus zero is not zero: the bits are what is committed to") {
    std::vector<float> const zero{0.0f, 1.0f}, minus{-0.0f, 1.0f};
    CHECK(hash_of(zero) != hash_of(minus));
}
