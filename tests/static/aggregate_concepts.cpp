// tests/static/aggregate_concepts.cpp: what is a rule, a mixing, a backend, and what is none.
// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/any_aggregator.hpp>
#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/host.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>

using namespace btard;

// coefficient_rule
static_assert(coefficient_rule<mean> && coefficient_rule<centered_clip> &&
              coefficient_rule<geometric_median> && coefficient_rule<krum> && coefficient_rule<multi_krum>);
static_assert(!coefficient_rule<coordinate_median> && !coefficient_rule<trimmed_mean> &&
              !coefficient_rule<nnm> && !coefficient_rule<int>);
struct without_start {
    aggregation_report coefficients(gram_matrix const&, std::span<double>) const;
};
static_assert(!coefficient_rule<without_start>);
struct without_report {
    start_point start() const;
    void coefficients(gram_matrix const&, std::span<double>) const;
};
static_assert(!coefficient_rule<without_report>);
struct changes_while_it_works {
    start_point start() const;
    aggregation_report coefficients(gram_matrix const&, std::span<double>);
};
static_assert(!coefficient_rule<changes_while_it_works>);
struct starts_at_a_number {
    int start() const;
    aggregation_report coefficients(gram_matrix const&, std::span<double>) const;
};
static_assert(!coefficient_rule<starts_at_a_number>);

// coordinate_rule, linear_coordinate_rule
static_assert(coordinate_rule<coordinate_median> && coordinate_rule<trimmed_mean, double> &&
              coordinate_rule<least_value>);
static_assert(linear_coordinate_rule<coordinate_median> && linear_coordinate_rule<trimmed_mean, double>);
static_assert(!linear_coordinate_rule<least_value> && !coordinate_rule<mean> && !coordinate_rule<krum>);
struct without_ranks {
    float column(std::span<float const>) const;
};
static_assert(!coordinate_rule<without_ranks>);
struct of_floats_alone {
    rank_range ranks(std::size_t) const;
    float column(std::span<float const>) const;
};
static_assert(coordinate_rule<of_floats_alone, float> && !coordinate_rule<of_floats_alone, double>);
struct weights_without_a_column {
    rank_range ranks(std::size_t) const;
    void rank_weights(std::span<double>) const;
};
static_assert(!linear_coordinate_rule<weights_without_a_column>);

// row_rule: anything that can be called, a lambda too
inline constexpr auto first_row = [](matrix_view<float const> rows, std::span<double const>,
                                     std::span<float> out) {
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = rows(0, k);
    return aggregation_report{};
};
using lambda = decltype(first_row);
static_assert(row_rule<lambda> && aggregator<lambda> && !row_rule<lambda, double> &&
              !aggregator<lambda, double>);
static_assert(!coefficient_rule<lambda> && !coordinate_rule<lambda>);
inline constexpr auto silent = [](matrix_view<float const>, std::span<double const>, std::span<float>) {};
static_assert(!row_rule<decltype(silent)>);
inline constexpr auto changes_the_rows = [](matrix_view<float>, std::span<double const>, std::span<float>) {
    return aggregation_report{};
};
static_assert(!row_rule<decltype(changes_the_rows)>);

// mixing
static_assert(mixing<nnm> && mixing<bucketing> && mixing<clipping> && mixing<mixing_list> &&
              mixing<composed<nnm, clipping>>);
static_assert(!mixing<mean> && !mixing<coordinate_median>);
struct a_field_called_size {
    std::size_t size = 2;
    void mix(gram_matrix const&, matrix_view<double>, std::span<double>) const;
};
static_assert(!mixing<a_field_called_size>);
struct without_mix {
    std::size_t size(std::size_t) const;
};
static_assert(!mixing<without_mix>);

// aggregator: each kind, and a mixing before a coefficient rule or a coordinate rule
static_assert(aggregator<mean> && aggregator<krum, double> && aggregator<coordinate_median> &&
              aggregator<any_aggregator>);
static_assert(aggregator<mixed<nnm, krum>> && aggregator<mixed<nnm, trimmed_mean>> &&
              aggregator<mixed<clipping, mixed<nnm, coordinate_median>>, double>);
static_assert(!aggregator<mixed<nnm, lambda>>); // a row rule wants the rows themselves
static_assert(!aggregator<nnm> && !aggregator<int> && !aggregator<without_report> && !aggregator<any_rule>);
struct not_to_be_copied : mean {
    std::unique_ptr<int> state;
};
static_assert(coefficient_rule<not_to_be_copied> && !aggregator<not_to_be_copied>);

// verifiable_aggregator
static_assert(verifiable_aggregator<mean> && verifiable_aggregator<centered_clip>);
static_assert(!verifiable_aggregator<geometric_median> && !verifiable_aggregator<krum> &&
              !verifiable_aggregator<multi_krum> && !verifiable_aggregator<coordinate_median> &&
              !verifiable_aggregator<trimmed_mean> && !verifiable_aggregator<lambda> &&
              !verifiable_aggregator<any_aggregator>);
static_assert(!verifiable_aggregator<mixed<nnm, centered_clip>> &&
              !verifiable_aggregator<mixed<bucketing, mean>>);
struct pulls_in_single_precision : mean {
    static float pull(double);
};
static_assert(!verifiable_aggregator<pulls_in_single_precision>);
template struct btard::require_verifiable<centered_clip>;

// backend
static_assert(backend<host> && backend<host, double>);
static_assert(!backend<mean> && !backend<host, int>);
struct three_kernels : host {
    void project() const; // hides the one of the host
};
static_assert(!backend<three_kernels>);

// Policies are regular values with named fields: constexpr, comparable, and the same after a copy.
static_assert(std::regular<centered_clip> && std::regular<krum> && std::regular<multi_krum> &&
              std::regular<coordinate_median> && std::regular<trimmed_mean> && std::regular<mean> &&
              std::regular<geometric_median> && std::regular<nnm> && std::regular<bucketing> &&
              std::regular<clipping> && std::regular<mixed<nnm, krum>> && std::regular<any_aggregator>);
static_assert(centered_clip{.tau = 1} != centered_clip{.tau = 2} &&
              krum{.byzantine = 1} == krum{.byzantine = 1});
static_assert(centered_clip{.tau = 2}.pull(8) == 0.25 && centered_clip{.tau = 2}.pull(1) == 1 &&
              mean::pull(1e9) == 1);
