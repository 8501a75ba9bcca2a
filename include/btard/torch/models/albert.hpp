// btard/torch/models/albert.hpp: ALBERT with the parameter names of Hugging Face's AlbertForPreTraining.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/data/byte_vocabulary.hpp>
#include <btard/data/collate.hpp>
#include <btard/data/masked_text.hpp>
#include <btard/torch/layers.hpp>
#include <btard/torch/learner.hpp>
#include <btard/torch/models/albert_config.hpp>
#include <btard/torch/module.hpp>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace btard {

/// ALBERT for masked language modelling and, with `sentence_order`, for its second task.
///
///     x = W LN(word[id] + position[k] + type[segment]);   layers times:
///     y = LN(x + dense(attention(x))),   x = LN(y + ffn_output(gelu(ffn(y))))
///     logits = word LN(gelu(dense x)) + bias                    the decoder is the table of embeddings
///
/// States are computed only where they are wanted: the last layer has queries, and the head has logits, at
/// the masked tokens alone.  No dropout.
///
/// Lan et al. ALBERT: A Lite BERT for Self-supervised Learning of Language Representations. ICLR 2020.
/// https://arxiv.org/abs/1909.11942
class albert : public torch::nn::Module {
public:
    using config = albert_config;

    explicit albert(albert_config const& sizes) : c_(sizes) {
        c_.validate();
        std::string const embeddings = "albert.embeddings.";
        word_ = add(embeddings + "word_embeddings.weight", {c_.vocabulary, c_.embedding});
        position_ = add(embeddings + "position_embeddings.weight", {c_.positions, c_.embedding});
        type_ = add(embeddings + "token_type_embeddings.weight", {c_.types, c_.embedding});
        embedding_norm_ = norm_at(embeddings + "LayerNorm", c_.embedding, c_.layer_norm_eps);
        mapping_ = affine_at("albert.encoder.embedding_hidden_mapping_in", c_.embedding, c_.hidden);

        std::string const layer = "albert.encoder.albert_layer_groups.0.albert_layers.0.";
        layer_norm_ = norm_at(layer + "full_layer_layer_norm", c_.hidden, c_.layer_norm_eps);
        query_ = affine_at(layer + "attention.query", c_.hidden, c_.hidden);
        key_ = affine_at(layer + "attention.key", c_.hidden, c_.hidden);
        value_ = affine_at(layer + "attention.value", c_.hidden, c_.hidden);
        dense_ = affine_at(layer + "attention.dense", c_.hidden, c_.hidden);
        attention_norm_ = norm_at(layer + "attention.LayerNorm", c_.hidden, c_.layer_norm_eps);
        ffn_ = affine_at(layer + "ffn", c_.hidden, c_.feed_forward);
        ffn_output_ = affine_at(layer + "ffn_output", c_.feed_forward, c_.hidden);
        if (c_.sentence_order) pooler_ = affine_at("albert.pooler", c_.hidden, c_.hidden);

        head_bias_ = add("predictions.bias", {c_.vocabulary});
        head_norm_ = norm_at("predictions.LayerNorm", c_.embedding, c_.head_layer_norm_eps);
        head_ = affine_at("predictions.dense", c_.hidden, c_.embedding);
        if (c_.sentence_order) order_ = affine_at("sop_classifier.classifier", c_.hidden, 2);
    }

    /// Matrices from N(0, deviation), but zeros for the padding token; biases zero; LayerNorm weights one.
    void initialize(seed from) {
        torch::NoGradGuard const constants;
        for (auto const& item : named_parameters()) {
            if (item.value().dim() >= 2) fill_normal(item.value(), from, item.key(), c_.deviation);
            else item.value().fill_(item.key().find("orm.weight") != std::string::npos ? 1 : 0);
        }
        word_[0].zero_();
    }

    /// The mean cross-entropy of the masked tokens, plus that of the order of the segments where the model
    /// has the head for it.  The batch must outlive the graph: its vectors are not copied.
    [[nodiscard]] torch::Tensor loss(masked_batch const& batch) const {
        auto const n = static_cast<std::int64_t>(batch.sequences);
        auto const masked = tensor_of(batch.masked).view({n, -1});
        auto const labels = tensor_of(batch.labels);
        if (!c_.sentence_order) return torch::cross_entropy_loss(logits(states(batch, masked)), labels);

        expects(batch.order.size() == batch.sequences,
                "a model that judges the order of two segments, a batch with ", batch.order.size(),
                " labels for the order of ", batch.sequences, " sequences");
        auto const first =
            torch::arange(n, torch::kLong).view({n, 1}) * static_cast<std::int64_t>(batch.length);
        auto const x =
            states(batch, torch::cat({first, masked}, 1)).view({n, -1, c_.hidden}); // [CLS], the masked
        auto const rest = x.narrow(1, 1, x.size(1) - 1).reshape({-1, c_.hidden});
        return torch::cross_entropy_loss(logits(rest), labels) +
               torch::cross_entropy_loss(order_logits(x.select(1, 0)), tensor_of(batch.order));
    }

    /// The hidden states after the last layer at some places of each sequence, as many in each.
    ///
    /// @param places (sequences, count), flat places in `batch.ids`
    /// @return (sequences * count, hidden)
    [[nodiscard]] torch::Tensor states(masked_batch const& batch, torch::Tensor const& places) const {
        auto const n = static_cast<std::int64_t>(batch.sequences);
        auto const length = static_cast<std::int64_t>(batch.length);
        expects(!batch.ids.empty(), "a batch of no tokens");
        auto const last = std::ranges::max(batch.ids);
        expects(length <= c_.positions, "sequences of ", length, " tokens, a model of ", c_.positions,
                " positions");
        expects(last < c_.vocabulary, "token ", last, " in a batch, a model of ", c_.vocabulary, " tokens");
        auto const word =
            torch::embedding(word_, tensor_of(batch.ids).view({n, length}), byte_vocabulary::pad);
        auto const type = torch::embedding(type_, tensor_of(batch.segments).view({n, length}));
        auto const embedded = word + type + position_.narrow(0, 0, length);
        auto x = mapping_(embedding_norm_(embedded).view({n * length, c_.embedding}));
        for (std::int64_t layer = 1; layer < c_.layers; ++layer) x = transform(x, x, n);
        return transform(x.index_select(0, places.reshape({-1})), x, n);
    }

    /// The logits of the masked language model for any states: (rows, hidden) -> (rows, vocabulary).
    [[nodiscard]] torch::Tensor logits(torch::Tensor const& x) const {
        return torch::linear(head_norm_(torch::gelu(head_(x), "tanh")), word_, head_bias_);
    }

    /// The logits "in order" and "swapped" for the states of the first tokens: (rows, hidden) -> (rows, 2).
    [[nodiscard]] torch::Tensor order_logits(torch::Tensor const& first) const {
        expects(c_.sentence_order, "this model was made without a sentence-order head");
        return order_(torch::tanh(pooler_(first)));
    }

    [[nodiscard]] albert_config const& sizes() const { return c_; }

private:
    /// The shared layer, for `rows` (n * some, hidden) that look at `all` (n * length, hidden).
    torch::Tensor transform(torch::Tensor const& rows, torch::Tensor const& all, std::int64_t n) const {
        auto const width = c_.hidden / c_.heads;
        auto const heads = [&](torch::Tensor const& x) { // -> (n, heads, tokens, width)
            return x.view({n, -1, c_.heads, width}).transpose(1, 2);
        };
        auto const q = heads(query_(rows) * (1 / std::sqrt(static_cast<double>(width))));
        auto const scores = torch::matmul(q, heads(key_(all)).transpose(2, 3));
        auto const mixed = torch::matmul(torch::softmax(scores, -1), heads(value_(all)));
        auto const y = attention_norm_(rows + dense_(mixed.transpose(1, 2).reshape({-1, c_.hidden})));
        return layer_norm_(y + ffn_output_(torch::gelu(ffn_(y), "tanh")));
    }

    torch::Tensor add(std::string const& path, std::vector<std::int64_t> const& shape) {
        return add_parameter(*this, path, shape);
    }
    affine affine_at(std::string const& path, std::int64_t in, std::int64_t out) {
        return {add(path + ".weight", {out, in}), add(path + ".bias", {out})};
    }
    layer_norm norm_at(std::string const& path, std::int64_t width, double eps) {
        return {add(path + ".weight", {width}), add(path + ".bias", {width}), eps};
    }

    albert_config c_;
    torch::Tensor word_, position_, type_, head_bias_;
    layer_norm embedding_norm_, attention_norm_, layer_norm_, head_norm_;
    affine mapping_, query_, key_, value_, dense_, ffn_, ffn_output_, head_;
    affine pooler_, order_; // undefined without `sentence_order`
};

static_assert(torch_model<albert, masked_batch>);

/// ALBERT on a text: `albert_learner{albert_by_name("nano"), masked_text{byte_text::from_file(path)}}`.
using albert_learner = module_learner<albert, masked_text>;

static_assert(learnable<albert_learner>);

} // namespace btard
