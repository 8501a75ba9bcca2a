// btard/data/split.hpp: samples divided unequally among the peers, for research on heterogeneous data.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// For each peer, its samples, by number and in ascending order; empty: every peer has them all.
///
/// A policy has `shares(labels, peers, from)`: a function of its arguments, the same bits everywhere.
using sample_shares = std::vector<std::vector<std::uint32_t>>;

/// Every peer draws from all samples, as the protocol wants it.
struct all_samples {
    static constexpr auto name = "all_samples";
    static constexpr auto summary = "every peer draws from all samples";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(all_samples const&, all_samples const&) = default;

    [[nodiscard]] static sample_shares shares(std::span<std::uint8_t const>, std::size_t, seed) { return {}; }
};

/// Each class is divided among the peers in proportions from a symmetric Dirichlet distribution.
///
///     p(peer j owns the next sample of a class) = (alpha + n_j) / (peers alpha + n)
///
/// with n samples of that class already given away, n_j of them to peer j: Polya's urn, whose shares are
/// exactly those of owners drawn from Dirichlet proportions.  Here: for its bits, since gamma variates need
/// the functions of libm.  A division that leaves a peer without a sample is drawn again.
///
/// Hsu, Qi, Brown. Measuring the Effects of Non-Identical Data Distribution. 2019.
/// https://arxiv.org/abs/1909.06335
struct dirichlet {
    double alpha = 0.5; ///< small: few peers own a class; large: all are alike

    static constexpr auto name = "dirichlet";
    static constexpr auto summary = "each class is divided in Dirichlet proportions";
    static constexpr void describe(auto& self, auto&& field) {
        field("alpha", self.alpha,
              "concentration: small, and few peers own a class; large, and all are alike");
    }
    friend bool operator==(dirichlet const&, dirichlet const&) = default;

    void validate() const {
        expects(alpha > 0 && alpha <= 1e9, "alpha is ", alpha, ", it must be in (0, 1e9]");
    }

    [[nodiscard]] sample_shares shares(std::span<std::uint8_t const> labels, std::size_t peers,
                                       seed from) const {
        constexpr std::uint64_t attempts = 100;
        for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
            random_stream random(derive(from, "dirichlet", {attempt}));
            std::vector<std::vector<double>> urns(256, std::vector<double>(peers, alpha));
            sample_shares made(peers);
            for (std::size_t i = 0; i < labels.size(); ++i) {
                auto& urn = urns[labels[i]];
                double const drawn = random.uniform() * std::accumulate(urn.begin(), urn.end(), 0.0);
                std::size_t owner = 0;
                for (double below = urn[0]; owner + 1 < peers && drawn >= below; below += urn[owner]) ++owner;
                urn[owner] += 1;
                made[owner].push_back(static_cast<std::uint32_t>(i));
            }
            if (std::ranges::none_of(made, [](auto const& share) { return share.empty(); })) return made;
        }
        expects(false, "with alpha = ", alpha, " none of ", attempts, " divisions of ", labels.size(),
                " samples gave each of ", peers, " peers one; a larger alpha would");
        return {};
    }
};

/// Sorts the samples by label, cuts them into equal shards, and deals each peer so many of them.
///
/// McMahan, Moore, Ramage, Hampson, Arcas. Communication-Efficient Learning of Deep Networks from
/// Decentralized Data. AISTATS 2017. https://arxiv.org/abs/1602.05629
struct by_label {
    std::size_t shards = 2; ///< of each peer: about as many labels does it know

    static constexpr auto name = "by_label";
    static constexpr auto summary = "each peer knows few labels";
    static constexpr void describe(auto& self, auto&& field) {
        field("shards", self.shards, "shards of each peer: about as many labels does it know");
    }
    friend bool operator==(by_label const&, by_label const&) = default;

    void validate() const { expects(shards > 0, "shards is 0, it must be 1 or more"); }

    [[nodiscard]] sample_shares shares(std::span<std::uint8_t const> labels, std::size_t peers,
                                       seed from) const {
        expects(shards <= labels.size() / peers, labels.size(), " samples make no ", shards, " shards for each of ",
                peers, " peers");
        std::size_t const count = peers * shards;
        std::vector<std::uint32_t> sorted(labels.size());
        std::iota(sorted.begin(), sorted.end(), 0u);
        std::ranges::stable_sort(sorted, {}, [&](std::uint32_t i) { return labels[i]; });
        std::vector<std::size_t> dealt(count);
        std::iota(dealt.begin(), dealt.end(), std::size_t{0});
        random_stream random(derive(from, "by_label"));
        for (std::size_t left = count; left > 1; --left)
            std::swap(dealt[left - 1], dealt[random.below(static_cast<std::uint32_t>(left))]);

        sample_shares made(peers);
        auto const start = [&](std::size_t shard) { // without overflow: count <= 2^32
            return labels.size() / count * shard + labels.size() % count * shard / count;
        };
        for (std::size_t k = 0; k < count; ++k) {
            auto& share = made[k / shards];
            for (std::size_t s = start(dealt[k]); s < start(dealt[k] + 1); ++s) share.push_back(sorted[s]);
        }
        for (auto& share : made) std::ranges::sort(share);
        return made;
    }
};

/// One of them, chosen at run time.
using sample_split = std::variant<all_samples, dirichlet, by_label>;

[[nodiscard]] inline sample_shares shares_of(sample_split const& split, std::span<std::uint8_t const> labels,
                                             std::size_t peers, seed from) {
    expects(peers > 0, "samples divided among no peers");
    return std::visit([&](auto const& one) { return one.shares(labels, peers, from); }, split);
}

} // namespace btard
