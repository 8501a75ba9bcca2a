// btard/core/shared_floats.hpp: floats that many read and nobody changes: a copy shares them, and so does a slice.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Parts of gradients on their way: from the peer that made them through messages to those that keep them, one buffer
/// for all.  A range like `std::vector<float> const`, and a `std::span<float const>` wherever one is asked for.
class shared_floats {
public:
    using value_type = float;

    shared_floats() = default;
    shared_floats(shared_floats const&) = default;
    shared_floats& operator=(shared_floats const&) = default;
    /// What was moved from is empty.
    shared_floats(shared_floats&& from) noexcept
        : owner_(std::move(from.owner_)), memory_(std::move(from.memory_)), view_(std::exchange(from.view_, {})) {}
    shared_floats& operator=(shared_floats&& from) noexcept {
        owner_ = std::move(from.owner_);
        memory_ = std::move(from.memory_);
        view_ = std::exchange(from.view_, {});
        return *this;
    }
    shared_floats(std::vector<float> values)
        : owner_(std::make_shared<std::vector<float>>(std::move(values))), view_(*owner_) {}
    /// (size) of memory that was never set to zero, as a vector's is: by now somebody has written all of it.
    shared_floats(std::shared_ptr<float[]> memory, std::size_t size)
        : memory_(std::move(memory)), view_(memory_.get(), size) {}
    shared_floats(std::initializer_list<float> values) : shared_floats(std::vector<float>(values)) {}
    template <std::forward_iterator I>
    shared_floats(I first, I last) : shared_floats(std::vector<float>(first, last)) {}

    [[nodiscard]] auto begin() const { return view_.begin(); }
    [[nodiscard]] auto end() const { return view_.end(); }
    [[nodiscard]] float const* data() const { return view_.data(); }
    [[nodiscard]] std::size_t size() const { return view_.size(); }
    [[nodiscard]] bool empty() const { return view_.empty(); }
    [[nodiscard]] float operator[](std::size_t k) const { return view_[k]; }

    /// It holds the whole buffer as long as it lives.
    [[nodiscard]] shared_floats slice(std::size_t from, std::size_t size) const {
        expects(from <= view_.size() && size <= view_.size() - from, "no ", size, " floats from ", from,
                " on, there are ", view_.size());
        shared_floats part = *this;
        part.view_ = view_.subspan(from, size);
        return part;
    }
    /// Changes a copy, `change(std::vector<float>&)`, and is that copy from then on.
    template <class F>
    void edit(F&& change) {
        std::vector<float> own(begin(), end());
        change(own);
        *this = shared_floats(std::move(own));
    }
    /// The vector that it was made of, if nobody else has it any more, for what is to be written next; else an empty
    /// one.  Threads that read it must have been waited for.
    [[nodiscard]] std::vector<float> reuse() && {
        view_ = {};
        auto const last = std::exchange(owner_, nullptr);
        memory_ = nullptr;
        return last.use_count() == 1 ? std::move(*last) : std::vector<float>();
    }

    friend bool operator==(shared_floats const& a, shared_floats const& b) {
        return std::ranges::equal(a.view_, b.view_);
    }

private:
    std::shared_ptr<std::vector<float>> owner_; // never written to
    std::shared_ptr<float const[]> memory_;     // in its place
    std::span<float const> view_;
};

} // namespace btard
