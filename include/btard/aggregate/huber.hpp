// btard/aggregate/huber.hpp: the minimum of a Huber sum, found on n numbers: what CenteredClip converges to.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/coefficient.hpp>
#include <btard/aggregate/report.hpp>
#include <btard/core/product.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace btard {

/// The iterate v = v0 + sum_i a_i z_i + a_n v0, seen from every row.
///
///     d_i^2 = G_ii - 2 (G a)_i + a^T G a,   q_i = w_i min(1, tau / d_i),   F(v) = sum_i q_i (x_i - v) / W
struct clip_state {
    clip_state(gram_matrix const& g, double tau, std::span<double const> a)
        : ga(g.rows() + 1), distance(g.rows()), q(g.rows()), f(g.rows() + 1) {
        std::size_t const n = g.rows();
        multiply(g.products, a, ga);
        aga = dot(a, ga);
        for (std::size_t i = 0; i < n; ++i) {
            distance[i] = std::sqrt(std::max(0.0, g.products(i, i) - 2 * ga[i] + aga));
            bool const far = distance[i] > tau;
            q[i] = far ? g.weights[i] * (tau / distance[i]) : g.weights[i];
            clipped += far;
            weight += g.weights[i];
            pull += q[i];
            scale += product(g.weights[i], std::min(tau, distance[i]));
        }
        scale /= weight;
        for (std::size_t i = 0; i <= n; ++i) f[i] = ((i < n ? q[i] : 0) - product(pull, a[i])) / weight;
        residual = length(g.products, f);
    }

    /// <x_i - v, x_j - v>
    [[nodiscard]] double inner(gram_matrix const& g, std::size_t i, std::size_t j) const {
        return g.products(i, j) - ga[i] - ga[j] + aga;
    }

    std::vector<double> ga;       // (n + 1)
    double aga = 0;
    std::vector<double> distance; // (n)
    std::vector<double> q;        // (n)
    double weight = 0;            ///< W = sum w
    double pull = 0;              ///< C = sum q
    double scale = 0;             ///< sum_i w_i min(tau, d_i) / W
    std::vector<double> f;        // (n + 1) coefficients of F
    double residual = 0;          ///< |F|
    std::size_t clipped = 0;
};

namespace detail {

/// Solves m x = b in place by Cholesky; pivots are raised to `least`, for rows that depend on each other.
inline void solve_cholesky(matrix_view<double> m, std::span<double> b, double least) {
    std::size_t const k = b.size();
    for (std::size_t j = 0; j < k; ++j) {
        double pivot = m(j, j);
        for (std::size_t l = 0; l < j; ++l) pivot -= product(m(j, l), m(j, l));
        m(j, j) = std::sqrt(std::max(pivot, least));
        for (std::size_t i = j + 1; i < k; ++i) {
            double sum = m(i, j);
            for (std::size_t l = 0; l < j; ++l) sum -= product(m(i, l), m(j, l));
            m(i, j) = sum / m(j, j);
        }
    }
    for (std::size_t i = 0; i < k; ++i) {
        for (std::size_t l = 0; l < i; ++l) b[i] -= product(m(i, l), b[l]);
        b[i] /= m(i, i);
    }
    for (std::size_t i = k; i-- > 0;) {
        for (std::size_t l = i + 1; l < k; ++l) b[i] -= product(m(l, i), b[l]);
        b[i] /= m(i, i);
    }
}

/// The coefficients of the Newton step  H s = W F,  with  H = C - sum_clipped q_i u_i u_i^T,  u_i = (x_i - v) / d_i.
/// By Woodbury a system in the k clipped rows alone:  (C - B) y = D^(1/2) U^T W F,  B_ij = sqrt(q_i q_j) <u_i, u_j>.
inline std::vector<double> newton_step(gram_matrix const& g, clip_state const& at, double tau,
                                       std::span<double const> a) {
    std::vector<std::size_t> far;
    for (std::size_t i = 0; i < g.rows(); ++i)
        if (at.distance[i] > tau) far.push_back(i);
    std::vector<double> gf(at.f.size()), y(far.size());
    multiply(g.products, at.f, gf);
    double const af = dot(a, gf);
    small_matrix m(far.size(), far.size());
    for (std::size_t r = 0; r < far.size(); ++r) {
        std::size_t const i = far[r];
        double const left = std::sqrt(at.q[i]) / at.distance[i];
        y[r] = left * (gf[i] - af) * at.weight;
        for (std::size_t c = 0; c <= r; ++c) {
            std::size_t const j = far[c];
            double const right = std::sqrt(at.q[j]) / at.distance[j];
            double const b = i == j ? at.q[i] : left * right * at.inner(g, i, j);
            m.view()(r, c) = (i == j ? at.pull : 0) - b;
        }
    }
    solve_cholesky(m.view(), y, 1e-12 * at.pull);
    std::vector<double> s(at.f.size());
    double sum = 0;
    for (std::size_t r = 0; r < far.size(); ++r) {
        s[far[r]] = y[r] * std::sqrt(at.q[far[r]]) / at.distance[far[r]];
        sum += s[far[r]];
    }
    for (std::size_t i = 0; i < s.size(); ++i)
        s[i] = (s[i] - product(sum, a[i]) + product(at.weight, at.f[i])) / at.pull;
    return s;
}

/// How far to go along s: where the slope of the Huber sum vanishes.  Costs n for each try.
inline double line_search(gram_matrix const& g, clip_state const& at, double tau, std::span<double const> a,
                          std::span<double const> s) {
    std::size_t const n = g.rows();
    std::vector<double> gs(n + 1);
    multiply(g.products, s, gs);
    double const as = dot(a, gs), ss = std::max(0.0, dot(s, gs));
    auto const slope = [&](double t) { // of minus the sum: positive while there is something to gain
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
            double const along = gs[i] - as;
            double const square = product(at.distance[i], at.distance[i]) - product(2 * t, along) + product(t * t, ss);
            double const d = std::sqrt(std::max(0.0, square));
            sum += product(g.weights[i] * (d > tau ? tau / d : 1), along - product(t, ss));
        }
        return sum;
    };
    double const begin = slope(0);
    if (!(begin > 0)) return 0;
    double low = 0, high = 1, there = slope(1);
    if (std::abs(there) <= 0.1 * begin) return 1;
    while (there > 0 && high < 64) {
        low = high;
        high *= 2;
        there = slope(high);
    }
    if (there > 0) return high;
    for (int step = 0; step < 60; ++step) {
        double const middle = (low + high) / 2;
        there = slope(middle);
        if (std::abs(there) <= 0.01 * begin) return middle;
        (there > 0 ? low : high) = middle;
    }
    return (low + high) / 2;
}

} // namespace detail

/// The v that minimises  sum_i w_i h(|x_i - v|),  h(d) = d^2 / 2 up to tau, tau d - tau^2 / 2 beyond.
///
/// There F(v) = 0: the fixed point of CenteredClip, and for a tau below all distances the geometric median.  The
/// sum is convex, so the start does not matter.  Newton with an exact line search; each step ends with one of
/// Weiszfeld's, a <- q / C, which never ascends and gives back coefficients that are unique (rows may depend on
/// each other).  Ends at |F| <= rtol * scale, or when five iterations in a row do not halve the best residual.
///
/// The plain iteration of the paper needs 10^5 steps when the noise is 3,000 tau; this one less than ten.
inline aggregation_report huber_minimum(gram_matrix const& g, double tau, double rtol, std::span<double> c) {
    std::size_t const n = g.rows();
    std::vector<double> a(n + 1), best(n + 1), step(n + 1);
    auto const weiszfeld = [&](clip_state const& at) {
        for (std::size_t i = 0; i < n; ++i) a[i] = at.q[i] / at.pull;
    };
    aggregation_report report;
    clip_state at(g, tau, a);
    report.residual = at.residual;
    double halved = at.residual;
    for (std::size_t idle = 0; at.residual > rtol * at.scale && idle < 5; ++report.iterations) {
        std::vector<double> const before = a;
        if (report.iterations > 0) {
            auto const s = detail::newton_step(g, at, tau, a);
            double const t = detail::line_search(g, at, tau, a, s);
            for (std::size_t i = 0; i <= n; ++i) a[i] += product(t, s[i]);
            if (t > 0) at = clip_state(g, tau, a);
        }
        weiszfeld(at);
        at = clip_state(g, tau, a);
        if (at.residual < report.residual) {
            report.residual = at.residual;
            best = a;
            for (std::size_t i = 0; i <= n; ++i) step[i] = a[i] - before[i];
        }
        ++idle;
        if (at.residual <= halved / 2) {
            halved = at.residual;
            idle = 0;
        }
    }
    clip_state const end(g, tau, best);
    report.last_step = length(g.products, step);
    report.clipped = end.clipped;
    report.scale = end.scale;
    report.rounding = end.pull / end.weight; // the front door multiplies by |v| and the unit roundoff
    std::copy(best.begin(), best.end(), c.begin());
    return report;
}

} // namespace btard
