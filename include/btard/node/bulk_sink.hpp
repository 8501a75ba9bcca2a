// btard/node/bulk_sink.hpp: a row or an aggregate while it comes: its floats are put where they stay, and hashed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/norm.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/protocol/step/float_facts.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/transport/tcp/frame_sink.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// Reads what `decode_frame` reads, to the same messages.  What is neither row nor aggregate is kept, and decoded in
/// the end.
class bulk_sink final : public frame_sink {
public:
    /// A shorter message is not worth the trouble.
    static constexpr std::size_t least = std::size_t{1} << 14;
    static constexpr bool possible = std::endian::native == std::endian::little;

    explicit bulk_sink(std::uint64_t size) : size_(size) {}

    void take(std::span<std::byte const> bytes) override {
        if (!values_) {
            kept_.insert(kept_.end(), bytes.begin(), bytes.end());
            if (tried_ || kept_.size() < std::min<std::uint64_t>(longest_head, size_)) return;
            tried_ = true;
            std::size_t const head = read_head();
            if (!values_) return;
            auto const rest = std::exchange(kept_, {});
            return take_floats(std::span<std::byte const>(rest).subspan(head));
        }
        take_floats(bytes);
    }
    [[nodiscard]] std::span<std::byte> room(std::size_t most) override {
        if (!values_) return {};
        std::size_t const size = std::min(most, sizeof(float) * count_ - came_);
        if (came_ + size > sizeof(float) * reserved_) reserve(count_);
        return std::as_writable_bytes(std::span(values_.get(), reserved_)).subspan(came_, size);
    }
    /// What is whole of it is measured while it is in the cache.
    void put(std::size_t count) override {
        came_ += count;
        std::size_t const whole = came_ / sizeof(float) / float_measure::block * float_measure::block;
        measure_.add(so_far(whole), squares());
        measured_ = whole;
    }
    /// When all has come.  Nothing: these bytes are no message.
    [[nodiscard]] std::optional<wire::message> finish() {
        if (!values_) return decode_frame(kept_);
        if (came_ != sizeof(float) * count_) return {};
        measure_.add(so_far(count_), squares());
        known_facts const found({measure_.finish(), squares_});
        std::visit(
            [&](auto& m) {
                if constexpr (has_floats<std::remove_cvref_t<decltype(m)>>)
                    m.values = shared_floats(std::exchange(values_, {}), count_), m.known = found;
            },
            *head_);
        return std::exchange(head_, {});
    }

private:
    template <class M>
    static constexpr bool has_floats = std::same_as<M, wire::row> || std::same_as<M, wire::aggregate>;
    static constexpr std::size_t longest_head = 2'048;        // a branch of 32 hashes, and some numbers
    static constexpr std::size_t first_allocation = 1u << 16; // floats; beyond, as many as there are to be

    /// @return its length; where it is another message, or bad, there are no values
    std::size_t read_head() {
        byte_reader from(kept_);
        std::uint8_t version = 0, kind = 0;
        if (!from.read(version) || version != wire::version || !from.read(kind)) return 0;
        auto const read_as = [&]<class M>(M made) {
            bool good = true;
            M::members(made, [&](auto& member, auto... most) {
                if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, shared_floats>)
                    good = good && from.length(count_, most...);
                else good = good && from.read(member, most...);
            });
            std::size_t const head = kept_.size() - from.left();
            if (!good || size_ - head != sizeof(float) * std::uint64_t{count_}) return std::size_t{0};
            head_.emplace(std::move(made));
            reserve(std::min(count_, first_allocation));
            return head;
        };
        if (kind == wire::message(wire::row{}).index()) return read_as(wire::row{});
        if (kind == wire::message(wire::aggregate{}).index()) return read_as(wire::aggregate{});
        return 0;
    }
    /// Of all floats up to there, those that are not measured yet.
    [[nodiscard]] std::span<float const> so_far(std::size_t end) const {
        return {values_.get() + measured_, end - measured_};
    }
    void reserve(std::size_t floats) {
        auto larger = std::make_shared_for_overwrite<float[]>(floats);
        if (values_) std::memcpy(larger.get(), values_.get(), came_);
        values_ = std::move(larger);
        reserved_ = floats;
    }
    void take_floats(std::span<std::byte const> bytes) {
        constexpr std::size_t block = sizeof(float) * float_measure::block; // it stays in the first cache
        while (!bytes.empty()) {
            auto const into = room(std::min(bytes.size(), block));
            if (into.empty()) return;
            std::memcpy(into.data(), bytes.data(), into.size());
            put(into.size());
            bytes = bytes.subspan(into.size());
        }
    }
    /// Those of rows are not asked for.
    [[nodiscard]] square_sum* squares() { return std::holds_alternative<wire::aggregate>(*head_) ? &squares_ : nullptr; }

    std::uint64_t size_;
    std::vector<std::byte> kept_; ///< until the head is known, or all of another message
    bool tried_ = false;
    std::optional<wire::message> head_;
    std::shared_ptr<float[]> values_; ///< once that the head is known
    std::size_t reserved_ = 0;        ///< floats that it has room for
    std::size_t count_ = 0;           ///< floats that are to be
    std::size_t came_ = 0;            ///< bytes of them
    std::size_t measured_ = 0;
    float_measure measure_;
    square_sum squares_;
};

} // namespace btard
