// btard/protocol/signer.hpp: what the protocol asks of keys.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace btard {

/// A key pair that signs for one peer, and a check of everybody's signatures.
///
/// Semantics: for the signer's own public key, `verify` accepts what `sign` returned for the same text.
/// It is a function of its arguments alone, equal on all peers: what one of them accepts, all accept.
/// It takes what a peer sent, bytes that are no key among it, and returns false for what nobody with that key
/// can be shown to have signed.
///
/// Models: `identity` (Ed25519); `testing::counting_signer` in tests and simulations.
template <class S>
concept signer = requires(S const& s, std::span<std::byte const> text, public_key k, signature by) {
    { s.sign(text) } -> std::same_as<signature>;
    { s.verify(k, text, by) }
    noexcept->std::same_as<bool>;
};

} // namespace btard
