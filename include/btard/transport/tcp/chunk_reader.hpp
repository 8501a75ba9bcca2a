// btard/transport/tcp/chunk_reader.hpp: whole messages from the bytes of one link, within limits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/transport/tcp/chunk.hpp>
#include <btard/transport/tcp/error.hpp>
#include <btard/transport/tcp/frame_sink.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace btard {

struct received_message {
    std::uint8_t channel = 0;
    std::vector<std::byte> bytes;
    std::unique_ptr<frame_sink> sink = {}; ///< not null: it has got the bytes
};

/// Puts the messages of one link together again.  It has no socket: whoever has one hands it what came.
///
///     while (auto message = reader.next(bytes)) ...          // takes what it uses off the front of `bytes`
///     if (reader.error()) ...                                // this link is of no more use
///
/// It holds at most one message of each channel.  Nothing is allocated for a message above the limit of its channel,
/// and no more than `first_allocation` bytes until so many of them have come.
class chunk_reader {
public:
    static constexpr std::size_t first_allocation = std::size_t{1} << 20;

    /// @param limits the largest message of each channel; others are refused
    /// @param sink   for a message of that channel and size that begins; null: none, and it becomes a vector
    explicit chunk_reader(std::span<std::size_t const> limits,
                          std::function<std::unique_ptr<frame_sink>(std::size_t, std::uint64_t)> sink = {})
        : lanes_(limits.size()), sink_(std::move(sink)) {
        for (std::size_t i = 0; i < limits.size(); ++i) lanes_[i].limit = limits[i];
    }

    /// What is larger is passed over, and nothing of it is kept, if it begins from now on.
    void pass_over(std::size_t larger_than) { most_ = larger_than; }

    /// The next message that is whole; nothing where more bytes are needed, or after an error.
    [[nodiscard]] std::optional<received_message> next(std::span<std::byte const>& bytes) {
        while (!error_ && !goodbye_) {
            if (left_ == 0) {
                std::size_t const taken = std::min(bytes.size(), header_.size() - have_);
                std::copy_n(bytes.begin(), taken, header_.begin() + static_cast<std::ptrdiff_t>(have_));
                bytes = bytes.subspan(taken);
                have_ += taken;
                if (have_ < header_.size()) return {};
                have_ = 0;
                if (!begin_chunk()) continue;
            }
            auto& into = lanes_[current_];
            std::size_t const taken = std::min(bytes.size(), left_);
            if (!into.passed_over) keep(into, bytes.first(taken));
            bytes = bytes.subspan(taken);
            left_ -= taken;
            into.rest -= taken;
            if (left_ > 0) return {};
            if (into.rest > 0) continue;
            if (into.passed_over) into.begun = into.passed_over = false;
            else return taken_out(into);
        }
        return {};
    }

    /// Where the bytes that come next may be put, in place of a call of `next`: it needs no copy.  Empty: nowhere.
    [[nodiscard]] std::span<std::byte> room() {
        bool const in_sink = left_ > 0 && !error_ && lanes_[current_].sink;
        return in_sink ? lanes_[current_].sink->room(left_) : std::span<std::byte>{};
    }
    /// How many bytes are best read at once where there is no room: a header alone, if what follows it has a place of
    /// its own.
    [[nodiscard]] std::size_t most_wanted() const {
        auto const in_sink = [](lane const& one) { return one.sink != nullptr; };
        if (left_ > 0 || std::ranges::none_of(lanes_, in_sink)) return std::numeric_limits<std::size_t>::max();
        return header_.size() - have_;
    }
    /// So many have been put there, at most its size.
    [[nodiscard]] std::optional<received_message> put(std::size_t count) {
        auto& into = lanes_[current_];
        into.sink->put(count);
        left_ -= count;
        into.rest -= count;
        if (into.rest > 0) return {};
        return taken_out(into);
    }

    /// What the other end did wrong; set once.
    [[nodiscard]] std::error_code error() const { return error_; }
    /// The other end closes on purpose; nothing comes after it.
    [[nodiscard]] bool said_goodbye() const { return goodbye_; }
    /// Bytes of messages that aren't whole yet, but for those in sinks.
    [[nodiscard]] std::size_t held() const {
        std::size_t sum = 0;
        for (auto const& one : lanes_) sum += one.bytes.size();
        return sum;
    }

private:
    struct lane {
        std::size_t limit = 0;
        std::vector<std::byte> bytes = {};
        std::unique_ptr<frame_sink> sink = {};
        std::uint64_t rest = 0; ///< bytes that are to come
        bool begun = false, passed_over = false;
    };

    /// Whether bytes of a message follow.
    bool begin_chunk() {
        auto const header = decode_chunk_header(header_);
        if (!header) return refuse(tcp_errc::bad_chunk);
        if (header->kind == chunk_kind::goodbye) goodbye_ = true;
        if (header->kind != chunk_kind::data) return false;
        if (header->channel >= lanes_.size()) return refuse(tcp_errc::bad_chunk);
        auto& into = lanes_[header->channel];
        if (!into.begun && header->rest > into.limit) return refuse(tcp_errc::too_large);
        if (into.begun && header->rest != into.rest) return refuse(tcp_errc::bad_chunk);
        if (!into.begun) {
            into.passed_over = header->rest > most_;
            if (!into.passed_over && sink_) into.sink = sink_(header->channel, header->rest);
        }
        into.begun = true;
        into.rest = header->rest;
        current_ = header->channel;
        left_ = header->length;
        return true;
    }
    bool refuse(tcp_errc why) {
        error_ = why;
        return false;
    }
    [[nodiscard]] received_message taken_out(lane& from) const {
        from.begun = false;
        return {static_cast<std::uint8_t>(current_), std::exchange(from.bytes, {}), std::exchange(from.sink, nullptr)};
    }
    static void keep(lane& into, std::span<std::byte const> bytes) {
        if (into.sink) return into.sink->take(bytes);
        make_room(into, bytes.size());
        into.bytes.insert(into.bytes.end(), bytes.begin(), bytes.end());
    }
    static void make_room(lane& into, std::size_t more) {
        std::size_t const total = into.bytes.size() + static_cast<std::size_t>(into.rest);
        if (into.bytes.capacity() >= into.bytes.size() + more) return;
        into.bytes.reserve(into.bytes.size() + more > first_allocation ? total : std::min(total, first_allocation));
    }

    std::vector<lane> lanes_;
    std::function<std::unique_ptr<frame_sink>(std::size_t, std::uint64_t)> sink_;
    std::size_t most_ = std::numeric_limits<std::size_t>::max(); ///< of a message that is kept
    chunk_header_bytes header_{};
    std::size_t have_ = 0;    ///< bytes of the next header
    std::size_t left_ = 0;    ///< bytes of the current chunk that are to come
    std::size_t current_ = 0; ///< its channel
    std::error_code error_;
    bool goodbye_ = false;
};

} // namespace btard
