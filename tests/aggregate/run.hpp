// tests/aggregate/run.hpp: any rule on any rows, compiled once, so that the test of a rule is cheap to build.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/any_aggregator.hpp>
#include <btard/testing/plain_rows.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

/// A rule of the list, with the mixings before it.
template <class Rule>
btard::any_aggregator any(Rule const& rule, std::vector<btard::any_mixing> mixings = {}) {
    return {{std::move(mixings)}, rule};
}

template <class T>
struct setting {
    std::vector<double> weights = {}; ///< absent: ones
    std::vector<T> given = {};        ///< what `out` holds before; absent: zeros
    btard::seed public_seed = {};
    btard::host on = {.threads = 1};
};

template <class T>
btard::aggregated<T, btard::aggregation_report> run(btard::any_aggregator const& rule,
                                                    btard::matrix_view<T const> rows, setting<T> with = {});

/// Rows written down, each as a list.
template <class T>
struct rows_of {
    rows_of(std::initializer_list<std::vector<T>> rows) : rows_of(std::vector<std::vector<T>>(rows)) {}
    explicit rows_of(std::vector<std::vector<T>> rows) : x(std::move(rows)) {
        for (auto const& row : x) table.push_back(row.data());
    }
    explicit rows_of(btard::testing::plain_rows const& rows) : rows_of(converted(rows)) {}
    rows_of(rows_of const&) = delete;

    btard::matrix_view<T const> view() const { return {std::span<T const* const>(table), x.front().size()}; }
    btard::testing::plain_rows plain() const {
        btard::testing::plain_rows result;
        for (auto const& row : x) {
            result.x.emplace_back(row.begin(), row.end());
            result.w.push_back(1);
        }
        return result;
    }

    std::vector<std::vector<T>> x;
    std::vector<T const*> table;

private:
    static std::vector<std::vector<T>> converted(btard::testing::plain_rows const& rows) {
        std::vector<std::vector<T>> result;
        for (auto const& row : rows.x) result.emplace_back(row.begin(), row.end());
        return result;
    }
};

/// Standard normal rows.
inline btard::testing::plain_rows normal_rows(std::size_t n, std::size_t d, std::uint64_t number = 0) {
    btard::random_stream draw(btard::derive({number, 0}, "normal rows", {n, d}));
    btard::testing::plain_rows rows{std::vector(n, std::vector<double>(d)), std::vector<double>(n, 1.0)};
    for (auto& row : rows.x)
        for (double& value : row) value = draw.normal();
    return rows;
}

/// All inner products of x_i - v0 and v0, by plain loops.
inline btard::small_matrix products_of(btard::testing::plain_rows const& rows,
                                       std::vector<double> const& v0) {
    std::size_t const n = rows.n();
    auto z = rows.x;
    for (auto& row : z)
        for (std::size_t k = 0; k < row.size(); ++k) row[k] -= v0[k];
    z.push_back(v0);
    btard::small_matrix g(n + 1, n + 1);
    for (std::size_t i = 0; i <= n; ++i)
        for (std::size_t j = 0; j <= n; ++j)
            for (std::size_t k = 0; k < v0.size(); ++k) g.view()(i, j) += z[i][k] * z[j][k];
    return g;
}

/// The rows that a mixing makes, and their weights.
template <btard::mixing M>
btard::testing::plain_rows mixed_by(M const& mixing, btard::testing::plain_rows const& rows,
                                    btard::seed seed = {}) {
    auto const g = products_of(rows, rows.x[0]);
    btard::small_matrix m(mixing.size(rows.n()), rows.n());
    btard::testing::plain_rows y{{}, std::vector<double>(m.view_rows)};
    mixing.mix(btard::gram_matrix{std::as_const(g).view(), rows.w, seed}, m.view(), y.w);
    for (std::size_t j = 0; j < m.view_rows; ++j) {
        y.x.emplace_back(rows.d());
        for (std::size_t i = 0; i < rows.n(); ++i)
            for (std::size_t k = 0; k < rows.d(); ++k) y.x[j][k] += m.view()(j, i) * rows.x[i][k];
    }
    return y;
}

/// The largest difference of two vectors, relative to the second where that is larger than one.
template <class T, class U>
double difference(std::vector<T> const& a, std::vector<U> const& b) {
    double most = a.size() == b.size() ? 0 : INFINITY;
    for (std::size_t k = 0; k < std::min(a.size(), b.size()); ++k) {
        double const x = double(a[k]), y = double(b[k]);
        if (!(std::abs(x - y) <= 0)) most = std::max(most, std::abs(x - y) / std::max(1.0, std::abs(y)));
        if (std::isnan(x) != std::isnan(y)) most = INFINITY;
    }
    return most;
}

/// |a - b|
template <class T>
double distance(std::vector<T> const& a, std::vector<T> const& b) {
    double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k)
        sum += (double(a[k]) - double(b[k])) * (double(a[k]) - double(b[k]));
    return std::sqrt(sum);
}
