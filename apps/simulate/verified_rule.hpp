// apps/simulate/verified_rule.hpp: a rule that peers can check, and a key that they sign with, chosen at run time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <btard/aggregate/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>
#include <btard/testing/counting_signer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard::apps {

/// One type for all of them: each `verified_swarm` takes half a minute to compile.
struct verified_rule {
    verified_choice value{};

    static constexpr auto name = "verified_rule";

    /// @throws contract_violation for a rule that peers cannot check
    [[nodiscard]] static verified_rule from(any_aggregator const& rule) {
        return std::visit(
            [&]<class R>(R const& one) -> verified_rule {
                if constexpr (verifiable_aggregator<R>)
                    if (rule.mixings.items.empty()) return {one};
                throw contract_violation(concat("peers cannot check ", rule.text()));
            },
            rule.rule);
    }

    void validate() const { btard::validate(value); }
    [[nodiscard]] start_point start() const {
        return std::visit([](auto const& r) -> start_point { return r.start(); }, value);
    }
    [[nodiscard]] products needs() const {
        return std::visit([](auto const& r) { return r.needs(); }, value);
    }
    [[nodiscard]] double pull(double distance) const {
        return std::visit([&](auto const& r) { return r.pull(distance); }, value);
    }
    aggregation_report coefficients(gram_matrix const& g, std::span<double> c) const {
        return std::visit([&](auto const& r) { return r.coefficients(g, c); }, value);
    }
};
static_assert(verifiable_aggregator<verified_rule>);

/// A signature that costs nothing, or Ed25519.
struct simulated_key {
    std::variant<testing::counting_signer, identity> value;

    [[nodiscard]] public_key const& key() const {
        return std::visit([](auto const& k) -> public_key const& { return k.key(); }, value);
    }
    [[nodiscard]] signature sign(std::span<std::byte const> text) const {
        return std::visit([&](auto const& k) { return k.sign(text); }, value);
    }
    [[nodiscard]] bool verify(public_key const& key, std::span<std::byte const> text,
                              signature const& by) const noexcept {
        return std::visit([&](auto const& k) { return k.verify(key, text, by); }, value);
    }
};
static_assert(signer<simulated_key>);

/// A function of the seed of the run, so that everybody who knows it can sign for all peers.
[[nodiscard]] inline simulated_key key_of(signing_keys kind, std::uint64_t run, std::size_t peer) {
    if (kind != signing_keys::real) return {testing::counting_signer(peer)};
    return {identity::from_seed(tagged_hash("key of a simulated peer", run, peer).bytes)};
}
/// One for each peer.
[[nodiscard]] inline std::vector<simulated_key> keys_of(settings const& what) {
    std::vector<simulated_key> all;
    for (std::size_t k = 0; k < what.swarm.peers; ++k) all.push_back(key_of(what.keys, what.swarm.seed, k));
    return all;
}

} // namespace btard::apps
