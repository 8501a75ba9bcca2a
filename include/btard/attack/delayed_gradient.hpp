// btard/attack/delayed_gradient.hpp: an honest gradient, of long ago.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace btard {

/// Sends the gradient that it computed `delay` steps before; until it has one, it is honest.
///
///     g(t) <- g(t - delay)
///
/// It keeps the gradients of delay + 1 steps, which for a large model is more than a machine has: 1,001
/// gradients of ResNet-18 are 42 GiB for each attacker.  A run whose attackers would need more than `memory`
/// is refused before it begins.  With `replay` it keeps none: a swarm is a function of its seeds, so a copy of it
/// that begins `delay` steps late computes them again.
///
/// Gorbunov, Borzunov, Diskin, Ryabinin. Secure Distributed Training at Scale. ICML 2022.
/// https://arxiv.org/abs/2106.11257
struct delayed_gradient {
    std::size_t delay = 1'000;  ///< steps
    std::size_t memory = 1'024; ///< MiB that each attacker may use
    bool replay = false;        ///< compute past gradients again, with copies of the swarm

    /// The gradients of the steps `begin` to `end` - 1, as far as they are still needed: that of step t in place
    /// t mod (delay + 1).  No part of the text of the attack.
    struct history {
        std::vector<std::vector<float>> gradients = {};
        std::size_t begin = 0, end = 0;

        friend bool operator==(history const&, history const&) = default;
    } past = {};

    static constexpr auto name = "delayed_gradient";
    static constexpr auto summary = "sends its own gradient of some steps before";
    static constexpr void describe(auto& self, auto&& field) {
        field("delay", self.delay, "age of the gradient that it sends, in steps");
        field("memory", self.memory, "MiB that each attacker may use for past gradients");
        field("replay", self.replay, "keep no gradients: copies of the swarm compute them again");
    }
    friend bool operator==(delayed_gradient const&, delayed_gradient const&) = default;

    void validate() const { expects(delay > 0, "delay is 0, it must be 1 or more"); }

    [[nodiscard]] std::size_t memory_of(std::size_t size) const {
        std::size_t const most = std::numeric_limits<std::size_t>::max(), row = size * sizeof(float);
        return row == 0 || replay ? 0 : delay < most / row ? (delay + 1) * row : most;
    }
    void check_size(std::size_t size) const {
        std::size_t const bytes = memory_of(size), needed = bytes / mebibyte + (bytes % mebibyte > 0);
        expects(needed <= memory, "with .delay = ", delay, " each attacker keeps ", needed,
                " MiB of gradients of ", size, " elements, it may use .memory = ", memory);
    }
    [[nodiscard]] std::size_t steps_watched() const { return delay; }
    [[nodiscard]] std::size_t steps_back() const { return replay ? delay : 0; }

    void watch_gradient(attack_context const& at, std::span<float const> gradient) {
        if (replay) return;
        if (at.step != past.end || past.gradients.empty()) {
            check_size(gradient.size());
            past = {.gradients = std::vector<std::vector<float>>(delay + 1), .begin = at.step};
        }
        past.gradients[at.step % (delay + 1)].assign(gradient.begin(), gradient.end());
        past.end = at.step + 1;
    }

    [[nodiscard]] bool acts_at(attack_context const& at) const {
        if (replay) return at.step >= delay && at.step - delay >= at.earliest;
        return past.end == at.step + 1 && at.step - past.begin >= delay;
    }
    void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
        if (!acts_at(at)) return;
        std::span<float const> const old =
            replay ? at.earlier : past.gradients[(at.step - delay) % (delay + 1)];
        expects(old.size() == gradient.size(), "the gradient had ", old.size(), " elements, it has ",
                gradient.size());
        std::copy(old.begin(), old.end(), gradient.begin());
    }

private:
    static constexpr std::size_t mebibyte = 1 << 20;
};

static_assert(attack<delayed_gradient> && watches_gradient<delayed_gradient>);

} // namespace btard
