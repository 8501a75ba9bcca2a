// btard/aggregate/any_aggregator.hpp: a rule, and mixings before it, that are chosen at run time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/bucketing.hpp>
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/clipping.hpp>
#include <btard/aggregate/coordinate_median.hpp>
#include <btard/aggregate/geometric_median.hpp>
#include <btard/aggregate/krum.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/aggregate/mixed.hpp>
#include <btard/aggregate/multi_krum.hpp>
#include <btard/aggregate/nnm.hpp>
#include <btard/aggregate/trimmed_mean.hpp>
#include <btard/core/policy_text.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace btard {

/// All rules and all mixings that a text can name.
using any_rule = std::variant<mean, centered_clip, geometric_median, krum, multi_krum, coordinate_median, trimmed_mean>;
using any_mixing = std::variant<nnm, bucketing, clipping>;

/// Mixings of a choice, one after the other, the first one first: a mixing again.
template <class Mixing>
struct mixing_list_of {
    std::vector<Mixing> items = {};

    friend bool operator==(mixing_list_of const&, mixing_list_of const&) = default;

    void validate() const {
        for (auto const& item : items) btard::validate(item);
    }
    products needs() const {
        products most = products::none;
        for (auto const& item : items)
            most = std::max(most, std::visit([](auto const& m) { return needs_before_mixing(m); }, item));
        return most;
    }
    std::size_t size(std::size_t n) const {
        for (auto const& item : items) n = std::visit([&](auto const& m) { return m.size(n); }, item);
        return n;
    }
    void check(std::size_t n) const {
        for (auto const& item : items) {
            std::visit([&](auto const& m) { check_rows(m, n); }, item);
            n = std::visit([&](auto const& m) { return m.size(n); }, item);
        }
    }
    mixing_list_of without(std::size_t k) const {
        mixing_list_of fewer = *this;
        for (auto& item : fewer.items) std::visit([&](auto& m) { m = without_rows(m, k); }, item);
        return fewer;
    }
    void mix(gram_matrix const& g, matrix_view<double> out, std::span<double> weights) const {
        if (items.empty()) { // the rows as they are
            for (std::size_t i = 0; i < out.rows(); ++i)
                for (std::size_t j = 0; j < out.cols(); ++j) out(i, j) = i == j;
            std::copy(g.weights.begin(), g.weights.end(), weights.begin());
            return;
        }
        std::visit(
            [&](auto const& first) {
                if (items.size() == 1) return first.mix(g, out, weights);
                composed{first, mixing_list_of{{items.begin() + 1, items.end()}}}.mix(g, out, weights);
            },
            items.front());
    }
};
using mixing_list = mixing_list_of<any_mixing>;
static_assert(mixing<mixing_list>);

/// A list of mixings, then a rule, both of a choice (a `std::variant`).  Its text is that of what it stands for:
/// `centered_clip{.tau = 1}`, or `mixed{nnm{.byzantine = 7}, centered_clip{.tau = 1}}`.
///
/// For programs that choose at run time, and sweeps over many rules in one binary; never needed for one.  It is a
/// template so that a program which does without it pays nothing for it when it is compiled.
template <class Mixing, class Rule>
struct any_aggregator_of {
    mixing_list_of<Mixing> mixings = {};
    Rule rule = {};

    static constexpr auto name = "any_aggregator";
    friend bool operator==(any_aggregator_of const&, any_aggregator_of const&) = default;

    void validate() const {
        mixings.validate();
        btard::validate(rule);
    }
    void check(std::size_t n) const {
        mixings.check(n);
        std::visit([&](auto const& r) { check_rows(r, mixings.size(n)); }, rule);
    }
    [[nodiscard]] any_aggregator_of without(std::size_t k) const {
        return {mixings.without(k), std::visit([&](auto const& r) -> Rule { return without_rows(r, k); }, rule)};
    }

    [[nodiscard]] std::string text() const {
        std::string head, tail;
        for (auto const& item : mixings.items) {
            head += concat("mixed{", to_text(item), ", ");
            tail += "}";
        }
        return concat(head, to_text(rule), tail);
    }
    [[nodiscard]] static any_aggregator_of from_tree(policy_tree const& tree) {
        any_aggregator_of result;
        policy_tree const* at = &tree;
        for (; at->word == "mixed"; at = &at->children[1]) {
            if (at->children.size() != 2)
                at->refuse("'mixed' needs a mixing and a rule", "mixed{nnm{.byzantine = 1}, mean{}}");
            assign(at->children[0], result.mixings.items.emplace_back());
        }
        assign(*at, result.rule);
        return result;
    }
};

template <class Mixing, class Rule, class T>
struct models_aggregator<any_aggregator_of<Mixing, Rule>, T> : std::true_type {};

namespace detail {
template <class B, class Mixing, class Rule, class T>
std::optional<aggregation_report> run_kind(B const& on, any_aggregator_of<Mixing, Rule> const& any,
                                           chosen_rows<T> const& x, std::span<T> out, seed public_seed) {
    return std::visit(
        [&](auto const& rule) -> std::optional<aggregation_report> {
            if (any.mixings.items.empty()) return run_kind(on, rule, x, out, public_seed);
            return run_kind(on, mixed{any.mixings, rule}, x, out, public_seed);
        },
        any.rule);
}
} // namespace detail

using any_aggregator = any_aggregator_of<any_mixing, any_rule>;
static_assert(aggregator<any_aggregator> && aggregator<any_aggregator, double>);

} // namespace btard
