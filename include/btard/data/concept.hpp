// btard/data/concept.hpp: where a learner gets its samples from.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/train/learnable.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace btard {

/// Batches of samples that anybody can draw again.
///
/// Semantics: `draw` is a function of its seed alone, and calls `labels` once for each set of labels of the
/// batch before it returns; all batches have the same shape, so the mean over batches is the mean over
/// samples.  The held-out batches are fixed, and no `draw` ever uses what they show.  Safe to call from
/// several threads.
template <class S>
concept sample_source = std::copy_constructible<S> &&
    requires(S const& samples, seed from, labels_hook labels) {
    typename S::batch;
    { samples.draw(from, labels) } -> std::same_as<typename S::batch>;
    { samples.held_out() } -> std::convertible_to<std::span<typename S::batch const>>;
};

/// Samples that may be divided among the peers.  Optional; semantics: as for `draw`, a function of its
/// arguments, the peer now among them.
template <class S>
concept divided_source = sample_source<S> &&
    requires(S const& samples, std::size_t peer, seed from, labels_hook labels) {
    { samples.draw_for(peer, from, labels) } -> std::same_as<typename S::batch>;
};

/// Samples that name a batch of the training samples, always the same: what models whose normalisation needs
/// statistics measure before an evaluation.  Optional.
template <class S>
concept calibrated_source = sample_source<S> && requires(S const& samples) {
    { samples.calibration() } -> std::convertible_to<typename S::batch const&>;
};

} // namespace btard
