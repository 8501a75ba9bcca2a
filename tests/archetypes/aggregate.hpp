// tests/archetypes/aggregate.hpp: for each concept a type with the required members and no others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/host.hpp>

#include <cstddef>
#include <span>

namespace archetype {

/// Neither made by default nor assigned, compared or moved; only copied, as an aggregator must be.
struct bare {
    explicit bare(int) {}
    bare(bare const&) = default;
    bare() = delete;
    bare& operator=(bare const&) = delete;
};

/// A report of a kind of its own.
struct report : btard::aggregation_report {};

/// Converts to a start point, and is none.
struct start {
    operator btard::start_point() const { return btard::start_point::lower_median; }
};

struct coefficient_rule : bare {
    using bare::bare;
    archetype::start start() const { return {}; }
    archetype::report coefficients(btard::gram_matrix const& g, std::span<double> c) const {
        for (std::size_t i = 0; i < c.size(); ++i) c[i] = i < g.rows() ? 1 / double(g.rows()) : 0;
        return {};
    }
};

struct verifiable_rule : coefficient_rule {
    using coefficient_rule::coefficient_rule;
    double pull(double) const { return 1; }
};

struct ranks {
    operator btard::rank_range() const { return {0, 0}; }
};

struct coordinate_rule : bare {
    using bare::bare;
    archetype::ranks ranks(std::size_t) const { return {}; }
    float column(std::span<float const> sorted) const { return sorted[0]; }
};

struct linear_rule : coordinate_rule {
    using coordinate_rule::coordinate_rule;
    void rank_weights(std::span<double> weights) const { weights[0] = 1; }
};

struct row_rule : bare {
    using bare::bare;
    archetype::report operator()(btard::matrix_view<float const> rows, std::span<double const>,
                                 std::span<float> out) const {
        for (std::size_t k = 0; k < out.size(); ++k) out[k] = rows(0, k);
        return {};
    }
};

struct mixing : bare {
    using bare::bare;
    std::size_t size(std::size_t n) const { return n; }
    void mix(btard::gram_matrix const& g, btard::matrix_view<double> out, std::span<double> weights) const {
        for (std::size_t i = 0; i < g.rows(); ++i) {
            for (std::size_t j = 0; j < g.rows(); ++j) out(i, j) = i == j;
            weights[i] = g.weights[i];
        }
    }
};

/// The kernels of the host, for floats alone, and nothing else of it; not even copied.
struct backend {
    explicit backend(int) {}
    backend(backend const&) = delete;
    backend& operator=(backend const&) = delete;

    bool gram(btard::matrix_view<float const> x, btard::start_point start, btard::products need,
              std::span<float> v, btard::matrix_view<double> g) const {
        return btard::host{1}.gram(x, start, need, v, g);
    }
    bool add_row(btard::matrix_view<float const> x, std::span<bool const> arrived, std::size_t i,
                 std::span<float const> v, btard::matrix_view<double> g) const {
        return btard::host{1}.add_row(x, arrived, i, v, g);
    }
    double combine(btard::matrix_view<float const> x, std::span<double const> a, btard::start_point start,
                   std::span<float> v) const {
        return btard::host{1}.combine(x, a, start, v);
    }
    template <btard::coordinate_rule<float> A>
    bool columns(btard::matrix_view<float const> x, btard::matrix_view<double const> mix, A const& rule,
                 std::span<float> v) const {
        return btard::host{1}.columns(x, mix, rule, v);
    }
    void project(btard::matrix_view<float const> x, std::span<float const> v, btard::directions z,
                 btard::matrix_view<double> out) const {
        btard::host{1}.project(x, v, z, out);
    }
};

static_assert(btard::coefficient_rule<coefficient_rule> && !btard::verifiable_aggregator<coefficient_rule>);
static_assert(btard::verifiable_aggregator<verifiable_rule>);
static_assert(btard::coordinate_rule<coordinate_rule> && !btard::linear_coordinate_rule<coordinate_rule>);
static_assert(btard::linear_coordinate_rule<linear_rule>);
static_assert(btard::row_rule<row_rule> && btard::mixing<mixing> && btard::backend<backend>);

} // namespace archetype
