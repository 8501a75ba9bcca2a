// btard/torch/classifier.hpp: models that tell classes apart: their loss, and how often they are right.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/torch/layers.hpp>
#include <btard/train/learnable.hpp>

#include <torch/types.h>

#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

namespace btard {

/// A model that gives a batch one row of logits for each of its labels.
template <class M, class Batch>
concept classifier = requires(M const& model, Batch const& batch) {
    { model.logits(batch) } -> std::same_as<torch::Tensor>; // (labels, classes)
    { batch.labels } -> std::convertible_to<std::vector<std::int64_t> const&>;
};

/// A classifier whose logits for one sample depend on the others of its batch (batch normalisation), unless
/// it is given statistics from elsewhere.
///
/// Semantics: with `statistics(b)`, the logits of a sample depend on it, on `b` and on the parameters alone;
/// and those of `b` itself are `logits(b)`.
template <class M, class Batch>
concept calibrated_classifier = classifier<M, Batch> && requires(M const& model, Batch const& batch) {
    { model.logits(batch, model.statistics(batch)) } -> std::same_as<torch::Tensor>;
};

/// The mean cross-entropy.  The batch must outlive the graph: its labels are not copied.
template <class Batch>
[[nodiscard]] torch::Tensor cross_entropy(torch::Tensor const& logits, Batch const& batch) {
    return torch::cross_entropy_loss(logits, tensor_of(batch.labels));
}

/// Loss and accuracy over batches of equal size.
template <class Batch, class Logits>
[[nodiscard]] evaluation judge(std::span<Batch const> batches, Logits const& logits_of) {
    expects(!batches.empty(), "an evaluation on no batches");
    double loss = 0;
    std::int64_t right = 0, all = 0;
    for (auto const& batch : batches) {
        torch::Tensor const logits = logits_of(batch);
        loss += cross_entropy(logits, batch).template item<double>();
        right += logits.argmax(1).eq(tensor_of(batch.labels)).sum().template item<std::int64_t>();
        all += static_cast<std::int64_t>(batch.labels.size());
    }
    return {.loss = loss / double(batches.size()), .accuracy = double(right) / double(all)};
}

} // namespace btard
