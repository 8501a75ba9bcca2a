// btard/aggregate/concept.hpp: what an aggregator is, whatever its kind, and which ones the protocol can check.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/coordinate.hpp>
#include <btard/aggregate/mixed.hpp>
#include <btard/aggregate/report.hpp>
#include <btard/core/matrix_view.hpp>

#include <concepts>
#include <span>
#include <type_traits>

namespace btard {

/// The general case: `a(rows, weights, out)` does everything itself, on the host.  A lambda is a row rule.
template <class A, class T = float>
concept row_rule = requires(A const& a, matrix_view<T const> rows, std::span<double const> weights, std::span<T> out) {
    { a(rows, weights, out) } -> std::derived_from<aggregation_report>;
};

template <class A, class T>
struct models_aggregator : std::bool_constant<coefficient_rule<A> || coordinate_rule<A, T> || row_rule<A, T>> {};
template <class M, class A, class T>
struct models_aggregator<mixed<M, A>, T> : std::bool_constant<!row_rule<A, T> && models_aggregator<A, T>::value> {};

/// A rule that turns one row per peer into one vector: a coefficient rule, a coordinate rule, a row rule, or a
/// mixing put before one of the first two.  (`std::copyable` would refuse lambdas with captures.)
///
/// Semantics: a pure function: same bits in, same bits out, on every peer.  Weight zero: the row is absent.
template <class A, class T = float>
concept aggregator = std::copy_constructible<A> && models_aggregator<A, T>::value;

/// An aggregator whose result every peer can check with one scalar per row.
///
/// Semantics: at the exact result v,  sum_i w_i * pull(|x_i - v|) * (x_i - v) = 0.
template <class A>
concept verifiable_aggregator = coefficient_rule<A> && requires(A const& a, double distance) {
    { a.pull(distance) } -> std::same_as<double>; // mean: 1;  centered_clip: min(1, tau / distance)
};

/// Instantiated by whoever builds on the check: an unfit rule is then a compile error with a sentence.
template <class A>
struct require_verifiable {
    static_assert(verifiable_aggregator<A>,
                  "the protocol cannot check this rule: it has no residual that sums to zero");
};

} // namespace btard
