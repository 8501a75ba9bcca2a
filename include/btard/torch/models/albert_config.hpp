// btard/torch/models/albert_config.hpp: the sizes of an ALBERT, without LibTorch: any program can list them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace btard {

/// An ALBERT of any size.  The defaults are ALBERT-large's, with the vocabulary of its published models.
struct albert_config {
    std::int64_t vocabulary = 30'000;   ///< tokens
    std::int64_t embedding = 128;       ///< width of the token embeddings
    std::int64_t hidden = 1'024;        ///< width of the hidden states, a multiple of `heads`
    std::int64_t layers = 24;           ///< how often the one shared layer is applied
    std::int64_t heads = 16;            ///< attention heads
    std::int64_t feed_forward = 4'096;  ///< width inside the feed-forward part
    std::int64_t positions = 512;       ///< longest sequence
    std::int64_t types = 2;             ///< kinds of segments
    double deviation = 0.02;            ///< standard deviation of the initial weights
    double layer_norm_eps = 1e-12;      ///< in the embeddings and the layer
    double head_layer_norm_eps = 1e-12; ///< in the head; transformers 4.5.1, used in 2021, had 1e-5 there
    bool sentence_order = false;        ///< also has the pooler and the sentence-order head

    static constexpr auto name = "albert";
    static constexpr auto summary = "a transformer whose layers share one set of weights";
    static constexpr void describe(auto& self, auto&& field) {
        field("vocabulary", self.vocabulary, "tokens");
        field("embedding", self.embedding, "width of the token embeddings");
        field("hidden", self.hidden, "width of the hidden states, a multiple of heads");
        field("layers", self.layers, "how often the one shared layer is applied");
        field("heads", self.heads, "attention heads");
        field("feed_forward", self.feed_forward, "width inside the feed-forward part");
        field("positions", self.positions, "longest sequence");
        field("types", self.types, "kinds of segments");
        field("deviation", self.deviation, "standard deviation of the initial weights");
        field("layer_norm_eps", self.layer_norm_eps, "in the embeddings and the layer");
        field("head_layer_norm_eps", self.head_layer_norm_eps, "in the head");
        field("sentence_order", self.sentence_order, "also has the pooler and the sentence-order head");
    }
    friend bool operator==(albert_config const&, albert_config const&) = default;

    void validate() const {
        describe(*this, [](std::string_view field, auto const& value, auto&&...) {
            if constexpr (std::same_as<std::remove_cvref_t<decltype(value)>, std::int64_t>) {
                expects(value > 0, field, " = ", value, "; every size of a model is positive");
            }
        });
        expects(hidden % heads == 0, "hidden = ", hidden, " is no multiple of heads = ", heads);
        expects(deviation >= 0, "the deviation of the initial weights is ", deviation,
                ", it must not be negative");
    }
};

/// A size with a name.
struct albert_preset {
    std::string_view name;
    albert_config sizes;
};

/// `base` and `large` are the published ones.  `nano`, 108,421 parameters, learns English bytes in minutes on
/// two cores; wide embeddings and larger initial weights let it find the neighbouring letters early.
inline constexpr std::array<albert_preset, 3> albert_presets{{
    {"nano",
     {.vocabulary = 261,
      .embedding = 64,
      .hidden = 64,
      .layers = 2,
      .heads = 4,
      .feed_forward = 256,
      .deviation = 0.05}},
    {"base", {.hidden = 768, .layers = 12, .heads = 12, .feed_forward = 3'072}},
    {"large", {}},
}};

/// @throws environment_error for another name; the sentence lists those there are.
[[nodiscard]] inline albert_config albert_by_name(std::string_view name) {
    std::string known;
    for (auto const& preset : albert_presets) {
        if (preset.name == name) return preset.sizes;
        known += concat(known.empty() ? "" : ", ", preset.name);
    }
    throw environment_error(errc::bad_text, concat("there is no ALBERT called '", name, "', only ", known));
}

} // namespace btard
