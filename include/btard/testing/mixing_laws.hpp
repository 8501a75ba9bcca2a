// btard/testing/mixing_laws.hpp: what must hold for every mixing, yours too, on every backend.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/coordinate_median.hpp>
#include <btard/aggregate/mixed.hpp>
#include <btard/core/error.hpp>
#include <btard/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace btard::testing {

/// What a mixing promises, beyond what all do.  The laws are tried on 11 rows of different weights.
struct mixing_options {
    bool averages = true;     ///< the rows of M sum to one: equal rows stay equal
    bool any_weights = false; ///< the weights of the mixed rows need not sum to those of the rows
};

namespace detail {

/// Any mixing, so that the laws are compiled once for all of them.
struct mixing_reference {
    template <class M>
    static mixing_reference to(M const& m) {
        return {&m, [](void const* o, std::size_t n) { return static_cast<M const*>(o)->size(n); },
                [](void const* o, gram_matrix const& g, matrix_view<double> out, std::span<double> weights) {
                    static_cast<M const*>(o)->mix(g, out, weights);
                },
                needs_of(m)};
    }

    [[nodiscard]] products needs() const { return need; }
    [[nodiscard]] std::size_t size(std::size_t n) const { return how_many(object, n); }
    void mix(gram_matrix const& g, matrix_view<double> out, std::span<double> weights) const {
        what(object, g, out, weights);
    }

    void const* object;
    std::size_t (*how_many)(void const*, std::size_t);
    void (*what)(void const*, gram_matrix const&, matrix_view<double>, std::span<double>);
    products need;
};

template <class B>
[[nodiscard]] std::string broken_mixing_laws(B const& on, mixing_reference const& mixing,
                                             mixing_options promised) {
    constexpr std::size_t n = 11, d = 77;
    constexpr seed public_seed{7, 7};
    std::string broken;
    auto const law = [&broken](bool holds, std::string_view sentence) {
        if (!holds && broken.find(sentence) == std::string::npos) broken += concat(sentence, "\n");
    };
    random_stream draw(derive({}, "mixing laws"));
    std::vector<double> x(n * d), v(d), weights(n);
    for (double& value : x) value = 3 + draw.normal();
    for (double& w : weights) w = 0.5 + draw.uniform();
    matrix_view<double const> const rows(x.data(), n, d);
    std::span<double const> const w(weights);

    // M, from all inner products and from those alone that the mixing asks for.
    auto const mix = [&](products need, small_matrix& m, std::vector<double>& of) {
        small_matrix g(n + 1, n + 1);
        if (need != products::none)
            law(on.gram(rows, start_point::lower_median, need, std::span(v), g.view()),
                "the backend lost a row");
        mixing.mix(gram_matrix{std::as_const(g).view(), w, public_seed}, m.view(), of);
    };
    std::size_t const size = mixing.size(n);
    law(size > 0 && size <= n, "there are no rows left, or more than before");
    if (size == 0) return broken;
    small_matrix m(size, n), again(size, n);
    std::vector<double> of(size), of_again(size);
    std::fill(m.data.begin(), m.data.end(), std::numeric_limits<double>::quiet_NaN());
    mix(products::all, m, of);
    mix(needs_of(mixing), again, of_again);
    law(m.data == again.data && of == of_again,
        "it leaves out an element, or reads products that it did not ask for");
    double before = 0, after = 0;
    for (double const one : weights) before += one;
    for (double const one : of) {
        law(one > 0 && std::isfinite(one), "a mixed row has no weight");
        after += one;
    }
    law(promised.any_weights || std::abs(after - before) < 1e-12 * before, "the weights do not add up");
    for (std::size_t j = 0; j < size; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
            law(std::isfinite(m.view()(j, i)), "an element is not finite");
            sum += m.view()(j, i);
        }
        law(!promised.averages || std::abs(sum - 1) < 1e-12, "a mixed row is no average");
    }
    if (!broken.empty()) return broken;

    // A rule after it, and the same rule on rows that were really mixed.
    std::vector<double> y(size * d);
    for (std::size_t j = 0; j < size; ++j)
        for (std::size_t k = 0; k < d; ++k)
            for (std::size_t i = 0; i < n; ++i) y[j * d + k] += m.view()(j, i) * rows(i, k);
    auto const same = [&](auto const& rule, std::string_view sentence) {
        std::vector<double> expected(d), out(d);
        aggregate(on, rule, matrix_view<double const>(y.data(), size, d), std::span<double const>(of),
                  std::span<double>(expected), public_seed);
        aggregate(on, mixed{mixing, rule}, rows, w, std::span<double>(out), public_seed);
        double error = 0;
        for (std::size_t k = 0; k < d; ++k) error = std::max(error, std::abs(out[k] - expected[k]));
        law(error < 1e-8, sentence);
    };
    same(centered_clip{.tau = 2}, "a coefficient rule sees other rows");
    same(centered_clip{.tau = 2, .iterations = 3, .start_at = start_point::origin},
         "a start at the origin is elsewhere");
    same(coordinate_median{middle::midpoint}, "a coordinate rule sees other rows");
    return broken;
}

} // namespace detail

/// The laws that a mixing breaks, one sentence a line; "" is what you want.
///
/// The rule after it sees the rows that M makes, whether it is a coefficient rule or a coordinate rule.
template <class B, mixing M>
    requires backend<B, double>
[[nodiscard]] std::string broken_mixing_laws(B const& on, M const& mixing, mixing_options promised = {}) {
    return detail::broken_mixing_laws(on, detail::mixing_reference::to(mixing), promised);
}

} // namespace btard::testing
