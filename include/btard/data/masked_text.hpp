// btard/data/masked_text.hpp: byte-level masked language modelling over any text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/data/collate.hpp>
#include <btard/data/concept.hpp>
#include <btard/data/sampler.hpp>
#include <btard/data/text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// How batches are made of a text.
struct masking {
    std::size_t sequence = 64;   ///< tokens of a sequence, [CLS] and [SEP] among them
    std::size_t batch = 8;       ///< sequences of a batch
    double masked = 0.15;        ///< fraction of the tokens to guess; the same number in every sequence
    double held_out = 0.05;      ///< fraction of the text, at its end, kept for evaluation
    std::size_t evaluation = 64; ///< held-out sequences of an evaluation, rounded up to whole batches

    static constexpr auto name = "text";
    static constexpr auto summary = "byte-level masked language modelling over a text file";
    static constexpr void describe(auto& self, auto&& field) {
        field("sequence", self.sequence, "tokens of a sequence, [CLS] and [SEP] among them");
        field("batch", self.batch, "sequences of a batch");
        field("masked", self.masked, "fraction of the tokens to guess; the same number in every sequence");
        field("held_out", self.held_out, "fraction of the text, at its end, kept for evaluation");
        field("evaluation", self.evaluation,
              "held-out sequences of an evaluation, rounded up to whole batches");
    }
    friend bool operator==(masking const&, masking const&) = default;

    void validate() const {
        expects(sequence >= 3, "a sequence of ", sequence, " tokens has no room between [CLS] and [SEP]");
        expects(batch > 0, "a batch of no sequences");
        expects(masked > 0 && masked <= 1, "the masked fraction is ", masked, ", not in (0, 1]");
        expects(held_out > 0 && held_out < 1, "the held-out fraction is ", held_out, ", not between 0 and 1");
    }
};

/// Batches of masked sequences: windows of a text, one token a byte.
class masked_text {
public:
    using batch = masked_batch;

    /// @throws environment_error when the text is too short for one sequence of training and one of
    /// evaluation.
    explicit masked_text(byte_text source, masking settings = {})
        : settings_(checked(settings)),
          windows_(std::move(source), settings.sequence - 2, settings.held_out) {
        auto batches = std::make_shared<std::vector<masked_batch>>();
        std::size_t const count =
            std::max<std::size_t>(1, (settings.evaluation + settings.batch - 1) / settings.batch);
        for (std::size_t b = 0; b < count; ++b) {
            batches->push_back(collate(derive({}, "held-out", {b}), [&](std::size_t s, random_stream&) {
                return windows_.held_out(b * settings.batch + s, count * settings.batch);
            }));
        }
        held_out_ = std::move(batches);
    }

    [[nodiscard]] masked_batch draw(seed from, labels_hook labels = {}) const {
        auto made =
            collate(from, [&](std::size_t, random_stream& random) { return windows_.training(random); });
        labels(made.labels, byte_vocabulary::size);
        for (std::int64_t const label : made.labels) {
            expects(label >= 0 && label < byte_vocabulary::size, "a label of ", label, " among 0 ... ",
                    byte_vocabulary::size - 1);
        }
        return made;
    }

    [[nodiscard]] std::span<masked_batch const> held_out() const { return *held_out_; }
    [[nodiscard]] masking const& settings() const { return settings_; }
    [[nodiscard]] static constexpr std::int64_t vocabulary() { return byte_vocabulary::size; }

private:
    static masking checked(masking const& settings) {
        settings.validate();
        return settings;
    }

    template <class Window>
    masked_batch collate(seed from, Window window) const {
        masked_batch made;
        made.ids.reserve(settings_.batch * settings_.sequence);
        std::size_t const holes = masked_count(settings_.sequence - 2, settings_.masked);
        for (std::size_t s = 0; s < settings_.batch; ++s) {
            random_stream random(derive(from, "sequence", {s}));
            auto const bytes = window(s, random); // first, since it may draw from `random` too
            add_masked(made, bytes, holes, random);
        }
        return made;
    }

    masking settings_;
    text_windows windows_;
    std::shared_ptr<std::vector<masked_batch> const> held_out_; // shared by the copies: nobody changes it
};

static_assert(sample_source<masked_text>);

} // namespace btard
