// btard/run/snapshot_download.hpp: a state that comes chunk by chunk, each checked before it is taken.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/run/model_state.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Its memory is that of the state, once it knows the hashes of the chunks: nobody can make it take more.
class snapshot_download {
public:
    /// @param root believed
    snapshot_download(std::uint64_t step, digest const& root, optimizer const& method, std::size_t size)
        : step_(step), root_(root), method_(method), size_(size), floats_(flat_size(method, size)) {}

    /// @return whether they are the hashes of this state
    [[nodiscard]] bool take_leaves(std::vector<digest> leaves) {
        if (leaves.size() != chunks_of(floats_) || root_of(step_, leaves) != root_) return false;
        leaves_ = std::move(leaves);
        here_.assign(leaves_.size(), false);
        all_.resize(floats_);
        return true;
    }
    /// @return whether it is that chunk
    [[nodiscard]] bool take_chunk(std::uint64_t index, std::span<float const> values) {
        if (index >= leaves_.size()) return false;
        auto const part = chunk_of(all_, index);
        if (values.size() != part.size() || hash_of(values) != leaves_[index]) return false;
        std::ranges::copy(values, all_.begin() + (part.data() - all_.data()));
        done_ += !here_[index];
        here_[index] = true;
        return true;
    }
    /// When all chunks are here.
    [[nodiscard]] std::optional<model_state> finish() const { return unflat(all_, step_, method_, size_); }

    [[nodiscard]] std::uint64_t step() const { return step_; }
    [[nodiscard]] bool has_leaves() const { return !leaves_.empty(); }
    [[nodiscard]] std::size_t chunks() const { return chunks_of(floats_); }
    [[nodiscard]] std::size_t chunks_done() const { return done_; }
    [[nodiscard]] bool is_complete() const { return has_leaves() && done_ == leaves_.size(); }

private:
    std::uint64_t step_;
    digest root_;
    optimizer method_;
    std::size_t size_, floats_, done_ = 0;
    std::vector<digest> leaves_;
    std::vector<bool> here_; // (chunks)
    std::vector<float> all_; // (floats)
};

} // namespace btard
