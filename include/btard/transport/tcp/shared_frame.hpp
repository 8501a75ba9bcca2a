// btard/transport/tcp/shared_frame.hpp: a frame that may go to many peers, and whose floats stay where they are.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/shared_floats.hpp>

#include <bit>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Bytes, and after them, it may be, floats: on the wire one after the other.  A copy shares both.
class shared_frame {
public:
    /// Machines of the other byte order have to write their floats into the bytes.
    static constexpr bool takes_floats = std::endian::native == std::endian::little;

    shared_frame() = default;
    shared_frame(std::nullptr_t) {}
    template <class Bytes>
    shared_frame(std::shared_ptr<Bytes> head) : head_(std::move(head)) {}
    /// Where `takes_floats`.
    shared_frame(std::vector<std::byte> head, shared_floats body)
        : head_(std::make_shared<std::vector<std::byte> const>(std::move(head))), body_(std::move(body)) {}

    [[nodiscard]] explicit operator bool() const { return head_ != nullptr; }
    [[nodiscard]] std::size_t size() const { return head_->size() + sizeof(float) * body_.size(); }
    /// Bytes that lie side by side, from there on: at least one, unless it is the end.
    [[nodiscard]] std::span<std::byte const> from(std::size_t offset) const {
        if (offset < head_->size()) return std::span(*head_).subspan(offset);
        return std::as_bytes(std::span<float const>(body_)).subspan(offset - head_->size());
    }

private:
    std::shared_ptr<std::vector<std::byte> const> head_; ///< null: no frame at all
    shared_floats body_;
};

} // namespace btard
