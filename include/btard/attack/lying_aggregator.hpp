// btard/attack/lying_aggregator.hpp: an owner that makes something else of its part, alone or covered up.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/product.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/step/testimony.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace btard {

/// Who changes its testimony so that the sum over a wrong part is what it would be over a right one.
enum class cover { nobody, own, accomplices };
constexpr auto enum_names(cover) { return std::array<std::string_view, 3>{"nobody", "own", "accomplices"}; }

/// In what an error is measured: `rounding` is what the sum check allows for the rounding of the part to floats.
enum class error_unit { absolute, tau, rounding };
constexpr auto enum_names(error_unit) { return std::array<std::string_view, 3>{"absolute", "tau", "rounding"}; }

/// Shifts the parts that it owns, in a direction that its coalition has drawn.
///
///     v <- v + error u,   |u| = 1
///
/// A cover-up stays within what a testimony can be: |s| <= min(tau, distance) |z|.
struct lying_aggregator {
    double error = 1;                         ///< length of the shift
    error_unit in = error_unit::tau;          ///< what it is counted in
    btard::cover cover = btard::cover::nobody; ///< whose testimonies hide it

    static constexpr auto name = "lying_aggregator";
    static constexpr auto summary = "shifts the parts that it owns";
    static constexpr void describe(auto& self, auto&& field) {
        field("error", self.error, "length of the shift");
        field("in", self.in, "what it is counted in");
        field("cover", self.cover, "whose testimonies hide it");
    }
    friend bool operator==(lying_aggregator const&, lying_aggregator const&) = default;

    void validate() const { expects(std::isfinite(error), "error is ", error, ", it must be finite"); }

    template <class P>
    void shape_part(deed<P> const& at, part_id part, std::vector<float>& aggregate) const {
        random_stream random(derive(at.with.shared, name, {at.step(), std::uint64_t(part)}));
        std::vector<double> shift(aggregate.size());
        double sum = 0;
        for (double& x : shift) x = random.normal(), sum += product(x, x);
        double const scale = sum > 0 ? error * unit(at, aggregate) / std::sqrt(sum) : 0;
        for (std::size_t k = 0; k < shift.size(); ++k) aggregate[k] = float(aggregate[k] + product(scale, shift[k]));
    }
    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::testify& said) const {
        auto const standing = at.self.state().record.standing_parts();
        if (cover == btard::cover::nobody || said.parts.size() != standing.size()) return true;
        for (std::size_t j = 0; j < standing.size(); ++j) hide(at, standing[j], said.parts[j]);
        return true;
    }

private:
    template <class P>
    [[nodiscard]] double unit(deed<P> const& at, std::span<float const> aggregate) const {
        double const far = 1e30, tau = product(at.self.bench().rule.pull(far), far);
        if (in == error_unit::rounding) return 0x1p-24 * norm(aggregate);
        return in == error_unit::tau && tau < 1e15 ? tau : 1;
    }
    /// Each one that covers takes as much of the sum upon itself as its bound allows, in the order of the roster: all
    /// of them come to the same shares.
    template <class P>
    void hide(deed<P> const& at, part_id part, testimony& own) const {
        auto const& here = at.self.state();
        auto const& owner = here.key(here.part(part).owner);
        bool const mine = owner == at.self.key();
        P const* const maker = at.is_accomplice(owner) ? at.find(owner) : nullptr;
        if (!maker || (cover == btard::cover::own && !mine) || maker->state().step() != at.step()) return;
        auto const& bench = at.self.bench();
        std::size_t const length = here.cut().size(part);
        double const z = norm_of(bench.z_of(here.record, part), length);
        auto const senders = here.senders(part);
        std::vector<testimony> right;
        double sum = 0;
        for (peer_id const sender : senders) {
            float const* const row = maker->state().values(part, sender);
            if (row == nullptr) return;
            right.push_back(bench.right_testimony(here.record, part, {row, length}, here.aggregate(part)));
            sum += product(here.record.weight(sender), right.back().projection);
        }
        for (std::size_t k = 0; k < senders.size(); ++k) {
            bool const is_self = senders[k] == here.self;
            if (!(cover == btard::cover::own ? is_self : at.is_accomplice(here.key(senders[k])))) continue;
            double const w = here.record.weight(senders[k]), s = right[k].projection;
            double const most = product(bench.rule.pull(right[k].distance), right[k].distance) * z;
            double const said = std::clamp(s - sum / w, -most, most);
            sum -= product(w, s - said);
            if (is_self) own = {said, right[k].distance};
        }
    }
};

} // namespace btard
