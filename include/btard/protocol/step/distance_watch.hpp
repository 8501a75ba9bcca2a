// btard/protocol/step/distance_watch.hpp: how far honest rows are from a part, learned from what was reported.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/logarithm.hpp>
#include <btard/core/product.hpp>
#include <btard/protocol/wire/encoding.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace btard {

/// All that a `distance_watch` has in it: equal on all peers.
struct learned_distances {
    static constexpr std::size_t window = 101; ///< steps

    std::vector<double> last = {}; ///< a ring of at most `window`
    std::uint64_t next = 0;
    double median = 0, factor = 4, floor = 0;

    static constexpr void members(auto& self, auto&& member) {
        member(self.last, &wire_limits::peers);
        member(self.next);
        member(self.median);
        member(self.factor);
        member(self.floor);
    }
    friend bool operator==(learned_distances const&, learned_distances const&) = default;

    /// Distances: neither negative nor infinite, and no more than there can be.
    [[nodiscard]] bool is_sound() const {
        auto const good = [](double x) { return x >= 0 && std::isfinite(x); };
        return last.size() <= window && (next == 0 || last.size() == window) && std::ranges::all_of(last, good) &&
               good(median) && good(factor) && good(floor);
    }
};

/// Delta_max: the distance from a part beyond which at most f honest rows lie.
///
///     u_t       = median over the parts of step t of  (f+1)-th smallest distance / sqrt(length)
///     Delta_max = factor * median of the last 101 u_t * sqrt(length)
///
/// The factor is 4, and 6 where the logarithms of the u_t have a standard deviation above 0.25.  The (f+1)-th smallest
/// distance is no liar's alone: either it is an honest row's, or at least as small as one.  Until there are 101 steps
/// nothing is known.
///
/// A function of the agreed logs, so all peers have the same in it.
class distance_watch {
public:
    /// @param fixed Delta_max itself, for every part, whatever is reported; absent: it is learned
    explicit distance_watch(std::optional<double> fixed = {}, learned_distances so_far = {})
        : fixed_(fixed), learned_(std::move(so_far)) {
        expects(!fixed || *fixed > 0, "a distance of ", fixed.value_or(0), "; it must be positive");
        expects(learned_.is_sound(), "distances that are none");
    }
    [[nodiscard]] learned_distances const& kept() const { return learned_; }

    /// What the testimonies of one part say.
    ///
    /// @param distances of its rows, at least one
    /// @return u of this part
    [[nodiscard]] static double unit(std::vector<double> distances, std::size_t faults, std::size_t length) {
        auto const at = distances.begin() + static_cast<std::ptrdiff_t>(std::min(faults, distances.size() - 1));
        std::ranges::nth_element(distances, at);
        return *at / std::sqrt(static_cast<double>(std::max<std::size_t>(length, 1)));
    }
    /// A step is over.
    ///
    /// @param units of its parts
    void note(std::vector<double> units) {
        if (units.empty()) return;
        double const u = median(units);
        if (learned_.last.size() < window) learned_.last.push_back(u);
        else learned_.last[learned_.next++ % window] = u;
        if (learned_.last.size() == window) learn();
    }
    /// The rows of a part were opened for their distances, and nobody had lied: gradients have grown.
    void trust(double unit) { learned_.floor = std::max(learned_.floor, unit); }

    /// Delta_max of a part; absent: not known yet.
    [[nodiscard]] std::optional<double> most(std::size_t length) const {
        if (fixed_) return fixed_;
        if (learned_.last.size() < window) return {};
        return learned_.factor * std::max(learned_.median, learned_.floor) * std::sqrt(static_cast<double>(length));
    }

    static constexpr std::size_t window = learned_distances::window;

private:
    [[nodiscard]] static double median(std::vector<double> values) {
        auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
        std::ranges::nth_element(values, middle);
        return *middle;
    }
    void learn() {
        double sum = 0, squares = 0;
        for (double const u : learned_.last) {
            double const l = natural_log(std::max(u, 1e-300));
            sum += l;
            squares += product(l, l);
        }
        double const n = static_cast<double>(window), mean = sum / n;
        learned_.factor = squares / n - product(mean, mean) > 0.25 * 0.25 ? 6 : 4;
        learned_.median = median(learned_.last);
        if (learned_.median >= learned_.floor) learned_.floor = 0;
    }

    std::optional<double> fixed_;
    learned_distances learned_;
};

} // namespace btard
