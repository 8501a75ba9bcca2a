// btard/aggregate/bucketing.hpp: a mixing: shuffled rows are averaged in small groups.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// The rows, shuffled by the public seed, are averaged in groups of `bucket`; the last group may be smaller.
/// A group weighs what its rows weigh together.
///
/// Karimireddy, He, Jaggi. Byzantine-Robust Learning on Heterogeneous Datasets via Bucketing. ICLR 2022.
/// https://arxiv.org/abs/2006.09365
struct bucketing {
    std::size_t bucket = 2; ///< s, rows a group

    static constexpr auto name = "bucketing";
    static constexpr auto summary = "shuffled rows are averaged in small groups";
    static constexpr void describe(auto& self, auto&& field) { field("bucket", self.bucket, "rows a group"); }
    friend bool operator==(bucketing const&, bucketing const&) = default;

    void validate() const { expects(bucket > 0, "bucket is 0, it must be 1 or more"); }
    static constexpr products needs() { return products::none; }
    constexpr std::size_t size(std::size_t n) const { return n / bucket + (n % bucket != 0); }

    void mix(gram_matrix const& g, matrix_view<double> out, std::span<double> weights) const {
        std::size_t const n = g.rows();
        std::vector<std::size_t> order(n);
        std::iota(order.begin(), order.end(), std::size_t{0});
        random_stream draw(derive(g.public_seed, "bucketing"));
        for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[draw.below(std::uint32_t(i))]);
        for (std::size_t j = 0; j < out.rows(); ++j) {
            std::size_t const begin = j * bucket, end = begin + std::min(bucket, n - begin);
            std::fill_n(out.row_data(j), n, 0.0);
            weights[j] = 0;
            for (std::size_t r = begin; r < end; ++r) weights[j] += g.weights[order[r]];
            for (std::size_t r = begin; r < end; ++r) out(j, order[r]) = g.weights[order[r]] / weights[j];
        }
    }
};

static_assert(mixing<bucketing>);

} // namespace btard
