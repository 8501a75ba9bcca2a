// btard/attack/little_is_enough.hpp: as far from the mean as a crowd of honest gradients is, and no further.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/attack/moments.hpp>
#include <btard/core/error.hpp>
#include <btard/core/normal_quantile.hpp>
#include <btard/core/product.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace btard {

/// The share of honest peers that shall stand further out than the attackers.
enum class crowd {
    of_honest, ///< (n - m - s) / (n - m): fedlib, Blades, epfml
    of_all,    ///< (n - s) / n: ByzPy
};
constexpr auto enum_names(crowd) { return std::array<std::string_view, 2>{"of_honest", "of_all"}; }

/// To which side of the mean.
enum class side { plus, minus };
constexpr auto enum_names(side) { return std::array<std::string_view, 2>{"plus", "minus"}; }

/// Moves each coordinate by z standard deviations: little enough for the attackers to be nearer to the mean than
/// many honest peers are, and enough to do harm, for all of them move it to the same side.
///
///     g_k <- mean_k(H) + z sigma_k(H),   z = Phi^-1((n - m - s) / (n - m)),  s = floor(n / 2) + 1 - m
///
/// with n peers alive, m of them attackers, who need s honest supporters for a majority.  Here: s is at least 1,
/// where public systems get an infinite z; with two peers z is 0; one gradient has sigma 0.
///
/// Baruch, Baruch, Goldberg. A Little Is Enough: Circumventing Defenses For Distributed Learning. NeurIPS 2019.
/// https://arxiv.org/abs/1902.06156
struct little_is_enough {
    std::optional<double> z = {};                 ///< standard deviations; absent: from the numbers of peers
    btard::side side = btard::side::plus;         ///< of the mean
    deviation sigma = deviation::sample;          ///< divided by n - 1, or by n
    btard::crowd crowd = btard::crowd::of_honest; ///< which share gives z, where it is absent
    gradients_of from = gradients_of::honest;     ///< whose mean and deviation

    static constexpr auto name = "little_is_enough";
    static constexpr auto summary = "sends the mean of the honest gradients, moved by z standard deviations";
    static constexpr void describe(auto& self, auto&& field) {
        field("z", self.z, "standard deviations; absent: computed from the numbers of peers and attackers");
        field("side", self.side, "of the mean: plus or minus");
        field("sigma", self.sigma, "the standard deviation of a sample (n - 1) or of a population (n)");
        field("crowd", self.crowd, "the share that gives z, if it is absent: of_honest peers or of_all");
        field("from", self.from, "whose gradients: those of the honest, or of the attackers themselves");
    }
    friend bool operator==(little_is_enough const&, little_is_enough const&) = default;

    void validate() const { expects(!z || std::isfinite(*z), "z is ", z.value_or(0), ", it must be finite"); }
    [[nodiscard]] bool reads_accomplices() const { return from == gradients_of::attackers; }

    /// z for n peers, m of them attackers.
    [[nodiscard]] double deviations(std::size_t n, std::size_t m) const {
        if (z) return *z;
        expects(m < n, "all ", n, " peers are attackers, z cannot be computed");
        std::size_t const half = n / 2 + 1, supporters = std::max(half, m + 1) - m;
        std::size_t const all = crowd == btard::crowd::of_honest ? n - m : n;
        return supporters < all ? normal_quantile(double(all - supporters) / double(all)) : 0;
    }

    void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
        std::size_t const m = at.accomplices.size(), n = at.honest.rows() + m;
        double const shift = side == btard::side::plus ? deviations(n, m) : -deviations(n, m);
        from_moments(rows_of(at, from), sigma, gradient,
                     [&](double mean, double s) { return mean + product(shift, s); });
    }
};

static_assert(attack<little_is_enough> && !corrupts_labels<little_is_enough>);

} // namespace btard
