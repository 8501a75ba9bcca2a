// SPDX-License-Identifier: Apache-2.0
#include <btard/core/partition.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

using namespace btard;

namespace {
part_id part(std::size_t k) { return static_cast<part_id>(k); }
} // namespace

TEST_CASE("partition: ten elements in four parts are 3, 3, 2, 2") {
    partition const cut(10, 4);
    CHECK(cut.size(part(0)) == 3);
    CHECK(cut.size(part(1)) == 3);
    CHECK(cut.size(part(2)) == 2);
    CHECK(cut.size(part(3)) == 2);
    CHECK(cut.begin(part(2)) == 6);
}

TEST_CASE("partition: the parts follow each other, cover all, and differ by at most one element") {
    for (std::size_t const size : {0u, 1u, 5u, 16u, 17u, 1'000u}) {
        for (std::size_t const parts : {1u, 2u, 3u, 16u, 17u}) {
            partition const cut(size, parts);
            std::size_t next = 0;
            for (std::size_t k = 0; k < parts; ++k) {
                CHECK(cut.begin(part(k)) == next);
                CHECK((cut.size(part(k)) == size / parts || cut.size(part(k)) == size / parts + 1));
                for (std::size_t element = next; element < next + cut.size(part(k)); ++element)
                    CHECK(cut.part_of(element) == part(k));
                next += cut.size(part(k));
            }
            CHECK(next == size);
        }
    }
}

TEST_CASE("partition: writing every part into its slice restores the vector") {
    std::vector<int> whole(11), restored(11);
    std::iota(whole.begin(), whole.end(), 0);
    partition const cut(11, 3);
    for (std::size_t k : {2u, 0u, 1u}) {
        auto const from = cut.slice(std::span(whole), part(k));
        std::copy(from.begin(), from.end(), cut.slice(std::span(restored), part(k)).begin());
    }
    CHECK(restored == whole);
}

TEST_CASE("partition: mistakes of the caller are named") {
    CHECK_THROWS_WITH_AS(partition(3, 0), "a vector cannot be cut into 0 parts", contract_violation);
    partition const cut(10, 4);
    CHECK_THROWS_WITH_AS((void)cut.size(part(4)), "there is no part 4 among 4", contract_violation);
    CHECK_THROWS_WITH_AS((void)cut.part_of(10), "there is no element 10, the vector has 10",
                         contract_violation);
    std::vector<int> shorter(9);
    CHECK_THROWS_WITH_AS((void)cut.slice(std::span(shorter), part(0)),
                         "the vector has 9 elements, the partition 10", contract_violation);
}
