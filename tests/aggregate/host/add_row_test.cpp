// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include <btard/aggregate/host.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/plain_rows.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

using namespace btard;
using testing::nasty_rows;

TEST_CASE_TEMPLATE("add_row: rows that come one by one, in any order, give the bits of all at once", T, float,
                   double) {
    for (auto const& [n, d] : {std::pair{1u, 37u}, {5u, 2051u}, {16u, 9'001u}, {17u, 515u}}) {
        nasty_rows<T> const fixture({.rows = n, .cols = d, .offset = 10});
        auto const v0 = normals<T>(1, d);
        for (auto const& on : {host{1}, host{2}, host{3, instruction_set::baseline}}) {
            auto v = v0;
            small_matrix expected(n + 1, n + 1), g(n + 1, n + 1);
            CHECK(on.gram(fixture.view(), start_point::given, products::all, std::span(v), expected.view()));
            std::vector<std::size_t> order(n);
            for (std::size_t i = 0; i < n; ++i) order[i] = i;
            random_stream draw(derive({on.threads, 0}, "order"));
            for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[draw.below(std::uint32_t(i))]);
            flags arrived(n);
            for (std::size_t const i : order) {
                CHECK(on.add_row(fixture.view(), arrived.view(), i, std::span<T const>(v0), g.view()));
                arrived.memory[i] = true;
            }
            CHECK(same_bits(g.data, expected.data));
        }
    }
}
