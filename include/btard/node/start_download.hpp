// btard/node/start_download.hpp: the state with which a run begins, from whoever has its charter.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>
#include <btard/train/optimizer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// Chunk by chunk, each checked: its root stands in the charter, so it does not matter who sends it.
class start_download {
public:
    start_download(digest const& root, optimizer method, std::size_t size)
        : root_(root), method_(std::move(method)), size_(size),
          floats_(flat(first_state(method_, std::vector<float>(size)))) {}

    /// What to ask next; nothing: it is complete, or waits.
    [[nodiscard]] std::optional<wire::fetch> poll_question() {
        if (asked_ || done_ == chunks_of(floats_.size())) return {};
        asked_ = true;
        return leaves_.empty() ? wire::fetch{wire::fetched::leaves, 0, 0}
                               : wire::fetch{wire::fetched::chunk, 0, done_};
    }
    /// Its link is gone: whoever comes next is asked again.
    void ask_again() { asked_ = false; }

    /// @return false: this is not the state of the charter
    [[nodiscard]] bool handle_message(wire::run_message const& message) {
        if (auto const* const all = std::get_if<wire::leaves>(&message)) {
            if (!leaves_.empty()) return true;
            if (all->hashes.size() != chunks_of(floats_.size()) || root_of(0, all->hashes) != root_)
                return false;
            leaves_ = all->hashes;
            asked_ = false;
        } else if (auto const* const one = std::get_if<wire::chunk>(&message)) {
            if (leaves_.empty() || one->index != done_) return true;
            auto const place = chunk_of(floats_, done_);
            if (one->values.size() != place.size() ||
                hash_of(std::span<float const>(one->values)) != leaves_[done_])
                return false;
            std::ranges::copy(one->values,
                              floats_.begin() + static_cast<std::ptrdiff_t>(done_ * chunk_floats));
            ++done_;
            asked_ = false;
        }
        return true;
    }
    /// Complete.
    [[nodiscard]] std::optional<model_state> state() const {
        if (done_ < chunks_of(floats_.size())) return {};
        return unflat(floats_, 0, method_, size_);
    }

private:
    digest root_;
    optimizer method_;
    std::size_t size_;
    std::vector<float> floats_;
    std::vector<digest> leaves_;
    std::size_t done_ = 0; // chunks
    bool asked_ = false;
};

} // namespace btard
