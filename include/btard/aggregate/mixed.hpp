// btard/aggregate/mixed.hpp: a mixing put before a rule is a rule again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/core/describe.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace btard {

/// What a rule needs of the rows before they are mixed: the diagonal of M G M^T depends on all of G.
template <class A>
[[nodiscard]] constexpr products needs_before_mixing(A const& a) {
    return needs_of(a) == products::diagonal ? products::rows : needs_of(a);
}

/// `mixed{nnm{.byzantine = 3}, krum{.byzantine = 3}}`; nests: `mixed{clipping{}, mixed{nnm{}, krum{}}}`.
///
/// Costs no pass over the data: with G' = M G M^T the inner rule finds its coefficients c', and a = M^T c'.
/// Before a coordinate rule, its pass forms the columns of M x block by block (`aggregate.hpp`).
template <mixing M, class A>
struct mixed {
    M mixing{};
    A rule{};

    static constexpr auto name = "mixed";
    static constexpr auto summary = "replaces the rows by mixtures of them, then applies a rule";
    static constexpr void describe(auto& self, auto&& field) {
        field("", self.mixing);
        field("", self.rule);
    }
    friend bool operator==(mixed const&, mixed const&) = default;

    constexpr start_point start() const
        requires coefficient_rule<A>
    {
        return rule.start();
    }
    constexpr products needs() const { return std::max(needs_of(mixing), needs_before_mixing(rule)); }
    constexpr void check(std::size_t n) const {
        check_rows(mixing, n);
        check_rows(rule, mixing.size(n));
    }
    constexpr mixed without(std::size_t k) const { return {without_rows(mixing, k), without_rows(rule, k)}; }

    auto coefficients(gram_matrix const& g, std::span<double> a) const
        requires coefficient_rule<A>
    {
        mixed_rows const rows(mixing, g);
        std::vector<double> c(rows.weights.size() + 1);
        auto report = rule.coefficients(rows.gram(), c);
        auto const m = rows.matrix.view();
        for (std::size_t i = 0; i < a.size(); ++i) {
            double sum = 0;
            for (std::size_t j = 0; j < c.size(); ++j) sum += product(m(j, i), c[j]);
            a[i] = sum;
        }
        return report;
    }
};
template <class M, class A>
mixed(M, A) -> mixed<M, A>; // clang before 17 has no aggregate deduction

/// Two mixings, the first one first.  `mixed{a, mixed{b, rule}}` is `mixed{composed{a, b}, rule}`.
template <mixing First, mixing Second>
struct composed {
    First first{};
    Second second{};

    constexpr products needs() const { return std::max(needs_of(first), needs_before_mixing(second)); }
    constexpr std::size_t size(std::size_t n) const { return second.size(first.size(n)); }
    constexpr void check(std::size_t n) const {
        check_rows(first, n);
        check_rows(second, first.size(n));
    }
    constexpr composed without(std::size_t k) const { return {without_rows(first, k), without_rows(second, k)}; }

    void mix(gram_matrix const& g, matrix_view<double> out, std::span<double> weights) const {
        mixed_rows const inner(first, g);
        small_matrix outer(out.rows(), inner.weights.size());
        second.mix(inner.gram(), outer.view(), weights);
        for (std::size_t j = 0; j < out.rows(); ++j)
            for (std::size_t i = 0; i < out.cols(); ++i) {
                double sum = 0;
                for (std::size_t l = 0; l < inner.weights.size(); ++l) sum += product(outer.view()(j, l), inner.mix()(l, i));
                out(j, i) = sum;
            }
    }
};
template <class First, class Second>
composed(First, Second) -> composed<First, Second>;

} // namespace btard
