// btard/testing/reference.hpp: the witness: every rule and mixing as plain loops, from the paper's formula.
// SPDX-License-Identifier: Apache-2.0
#pragma once

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
#include <btard/core/random.hpp>
#include <btard/testing/plain_rows.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

/// Slow and readable: no inner products, no engine, no kernel; whatever is quick is compared with it.
///
/// `witness(rule, rows, given, seed)` is the aggregate of finite rows of positive weight.  `given` is where
/// rules with `start_point::given` begin.
namespace btard::testing {

// Coordinate rules.

[[nodiscard]] inline std::vector<double> witness(coordinate_median const& rule, plain_rows const& rows,
                                                 std::vector<double> const& = {}, seed = {}) {
    std::vector<double> v;
    for (std::size_t k = 0; k < rows.d(); ++k) {
        auto const s = rows.sorted_column(k);
        double const lower = s[(s.size() - 1) / 2], upper = s[s.size() / 2];
        v.push_back(rule.middle == middle::lower   ? lower
                    : rule.middle == middle::upper ? upper
                                                   : (lower + upper) / 2);
    }
    return v;
}
[[nodiscard]] inline std::vector<double> witness(trimmed_mean const& rule, plain_rows const& rows,
                                                 std::vector<double> const& = {}, seed = {}) {
    std::vector<double> v;
    for (std::size_t k = 0; k < rows.d(); ++k) {
        auto const s = rows.sorted_column(k);
        double sum = 0;
        for (std::size_t r = rule.byzantine; r < s.size() - rule.byzantine; ++r) sum += s[r];
        v.push_back(sum / double(s.size() - 2 * rule.byzantine));
    }
    return v;
}

// The mean, and what iterates.

[[nodiscard]] inline std::vector<double> witness(mean const&, plain_rows const& rows,
                                                 std::vector<double> const& = {}, seed = {}) {
    std::vector<double> v(rows.d());
    for (std::size_t i = 0; i < rows.n(); ++i)
        for (std::size_t k = 0; k < v.size(); ++k) v[k] += rows.w[i] * rows.x[i][k] / rows.weight();
    return v;
}

[[nodiscard]] inline std::vector<double> start_of(start_point start, plain_rows const& rows,
                                                  std::vector<double> const& given) {
    switch (start.at) {
    case start_point::kind::given: return given;
    case start_point::kind::lower_median: return witness(coordinate_median{middle::lower}, rows);
    case start_point::kind::upper_median: return witness(coordinate_median{middle::upper}, rows);
    case start_point::kind::midpoint: return witness(coordinate_median{middle::midpoint}, rows);
    case start_point::kind::row: return rows.x[start.index];
    case start_point::kind::mean: return witness(mean{}, rows);
    case start_point::kind::origin: break;
    }
    return std::vector<double>(rows.d());
}

/// The fixed point of CenteredClip by brute force, in long double, until it stands still, or `most` times:
///
///     v <- sum_i q_i x_i / sum_i q_i,   q_i = w_i min(1, tau / d_i)
[[nodiscard]] inline std::vector<long double> fixed_point(plain_rows const& rows, double tau,
                                                          std::size_t most = 20'000) {
    auto const start = witness(coordinate_median{}, rows);
    std::vector<long double> v(start.begin(), start.end());
    for (std::size_t step = 0; step < most; ++step) {
        std::vector<long double> sum(v.size());
        long double all = 0, move = 0, length = 0;
        for (std::size_t i = 0; i < rows.n(); ++i) {
            long double const d = testing::distance(rows.x[i], v), q = rows.w[i] * (d > tau ? tau / d : 1);
            for (std::size_t k = 0; k < v.size(); ++k) sum[k] += q * rows.x[i][k];
            all += q;
        }
        for (std::size_t k = 0; k < v.size(); ++k) {
            move += (sum[k] / all - v[k]) * (sum[k] / all - v[k]);
            length += v[k] * v[k];
            v[k] = sum[k] / all;
        }
        if (move <= 1e-36L * length) break;
    }
    return v;
}

[[nodiscard]] inline std::vector<double> witness(centered_clip const& rule, plain_rows const& rows,
                                                 std::vector<double> const& given = {}, seed = {}) {
    if (!rule.iterations) {
        auto const v = fixed_point(rows, rule.tau);
        return {v.begin(), v.end()};
    }
    auto v = start_of(rule.start_at, rows, given);
    for (std::size_t step = 0; step < *rule.iterations; ++step) {
        std::vector<double> move(v.size());
        for (std::size_t i = 0; i < rows.n(); ++i) {
            double const d = testing::distance(rows.x[i], v), clip = d > rule.tau ? rule.tau / d : 1;
            for (std::size_t k = 0; k < v.size(); ++k) move[k] += rows.w[i] * clip * (rows.x[i][k] - v[k]);
        }
        double square = 0;
        for (std::size_t k = 0; k < v.size(); ++k) {
            v[k] += move[k] / rows.weight();
            square += move[k] * move[k] / (rows.weight() * rows.weight());
        }
        if (rule.step && std::sqrt(square) <= *rule.step) break;
    }
    return v;
}

[[nodiscard]] inline std::vector<double> witness(geometric_median const& rule, plain_rows const& rows,
                                                 std::vector<double> const& given = {}, seed = {}) {
    if (!rule.iterations) {
        auto const v = fixed_point(rows, rule.nu);
        return {v.begin(), v.end()};
    }
    auto v = start_of(rule.start_at, rows, given);
    for (std::size_t step = 0; step < *rule.iterations; ++step) {
        std::vector<double> sum(v.size());
        double all = 0;
        for (std::size_t i = 0; i < rows.n(); ++i) {
            double const q = rows.w[i] / std::max(rule.nu, testing::distance(rows.x[i], v));
            for (std::size_t k = 0; k < v.size(); ++k) sum[k] += q * rows.x[i][k];
            all += q;
        }
        for (std::size_t k = 0; k < v.size(); ++k) v[k] = sum[k] / all;
    }
    return v;
}

// Krum.

/// The squared distances from row i to the nearest others, added up.
[[nodiscard]] inline double krum_score(plain_rows const& rows, std::size_t i, std::size_t neighbours) {
    std::vector<double> squares;
    for (std::size_t j = 0; j < rows.n(); ++j)
        if (j != i) squares.push_back(std::pow(testing::distance(rows.x[j], rows.x[i]), 2));
    std::sort(squares.begin(), squares.end());
    double score = 0;
    for (std::size_t j = 0; j < std::min(neighbours, squares.size()); ++j) score += squares[j];
    return score;
}
[[nodiscard]] inline std::vector<std::size_t> krum_order(plain_rows const& rows, std::size_t f,
                                                         std::size_t besides) {
    std::size_t const neighbours = rows.n() > f + besides ? rows.n() - f - besides : 1;
    std::vector<std::pair<double, std::size_t>> scores;
    for (std::size_t i = 0; i < rows.n(); ++i) scores.emplace_back(krum_score(rows, i, neighbours), i);
    std::sort(scores.begin(), scores.end());
    std::vector<std::size_t> order;
    for (auto const& [score, i] : scores) order.push_back(i);
    return order;
}
[[nodiscard]] inline std::vector<double> witness(krum const& rule, plain_rows const& rows,
                                                 std::vector<double> const& = {}, seed = {}) {
    return rows.x[krum_order(rows, rule.byzantine, rule.besides).front()];
}
[[nodiscard]] inline std::vector<double> witness(multi_krum const& rule, plain_rows const& rows,
                                                 std::vector<double> const& = {}, seed = {}) {
    plain_rows chosen;
    for (std::size_t const i : krum_order(rows, rule.byzantine, rule.besides)) {
        if (chosen.n() == rule.selected.value_or(rows.n() - rule.byzantine)) break;
        chosen.x.push_back(rows.x[i]);
        chosen.w.push_back(rows.w[i]);
    }
    return witness(mean{}, chosen);
}

// Mixings: the rows that come out.

[[nodiscard]] inline plain_rows mixed_plainly(nnm const& mixing, plain_rows const& rows, seed = {}) {
    plain_rows result{{}, rows.w};
    for (std::size_t i = 0; i < rows.n(); ++i) {
        std::vector<std::pair<double, std::size_t>> order;
        for (std::size_t j = 0; j < rows.n(); ++j)
            order.emplace_back(j == i ? -1 : testing::distance(rows.x[j], rows.x[i]), j);
        std::sort(order.begin(), order.end());
        plain_rows near;
        for (std::size_t r = 0; r < rows.n() - mixing.byzantine; ++r) {
            near.x.push_back(rows.x[order[r].second]);
            near.w.push_back(1);
        }
        result.x.push_back(witness(mean{}, near));
    }
    return result;
}
[[nodiscard]] inline plain_rows mixed_plainly(bucketing const& mixing, plain_rows const& rows,
                                              seed public_seed) {
    plain_rows left = rows, result;
    random_stream draw(derive(public_seed, "bucketing"));
    for (std::size_t i = rows.n(); i > 1; --i) {
        std::size_t const j = draw.below(static_cast<std::uint32_t>(i));
        std::swap(left.x[i - 1], left.x[j]);
        std::swap(left.w[i - 1], left.w[j]);
    }
    for (std::size_t begin = 0; begin < rows.n(); begin += mixing.bucket) {
        plain_rows group;
        for (std::size_t i = begin; i < std::min(rows.n(), begin + mixing.bucket); ++i) {
            group.x.push_back(left.x[i]);
            group.w.push_back(left.w[i]);
        }
        result.x.push_back(witness(mean{}, group));
        result.w.push_back(group.weight());
    }
    return result;
}
[[nodiscard]] inline plain_rows mixed_plainly(clipping const& mixing, plain_rows const& rows, seed = {}) {
    plain_rows result = rows;
    for (auto& row : result.x) {
        double const norm = testing::distance(row, std::vector<double>(row.size()));
        for (double& value : row) value *= norm > mixing.radius ? mixing.radius / norm : 1;
    }
    return result;
}

/// The rule on the rows that were really mixed.
template <class M, class A>
[[nodiscard]] std::vector<double> witness(mixed<M, A> const& rule, plain_rows const& rows,
                                          std::vector<double> const& given = {}, seed public_seed = {}) {
    return witness(rule.rule, mixed_plainly(rule.mixing, rows, public_seed), given, public_seed);
}

} // namespace btard::testing
