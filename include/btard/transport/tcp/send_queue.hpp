// btard/transport/tcp/send_queue.hpp: what is to go to one peer: small messages first, large ones in chunks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/transport/tcp/chunk.hpp>
#include <btard/transport/tcp/shared_frame.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// A kind of message, for a transport.  The place of a channel in the list of channels is its number, and the lower
/// the number, the sooner its messages go.
struct tcp_channel {
    std::size_t largest = 0; ///< message, in bytes: what is above is refused, on both ends
    std::size_t queued = 0;  ///< bytes that may wait for one peer; an empty queue takes one message of any size
};

/// What became of a message that was posted.
enum class posted : std::uint8_t {
    queued,
    full,      ///< too much waits already: this message is refused, and the owner hears when there is room
    too_large, ///< above the limit of its channel
    unknown,   ///< there is no such peer, no such channel, or the transport stops
};

/// A piece of the stream of one link, ready to be written: headers, and the frames that they point into.
struct send_batch {
    struct piece {
        chunk_header_bytes header;
        shared_frame frame; ///< none: the header is all
        std::size_t offset = 0, length = 0;
        [[nodiscard]] std::span<std::byte const> payload() const {
            return frame ? frame.from(offset).first(length) : std::span<std::byte const>{};
        }
    };
    std::vector<piece> pieces = {};
    std::size_t bytes = 0; ///< with the headers
};

/// What waits for one peer, with a bound for each channel.  It has no socket: who has one takes batches of chunks.
/// A message leaves with its last chunk; one that has gone in part begins again for another link (`rewind`).
class send_queue {
public:
    /// Of a message that waits, beside its bytes.
    static constexpr std::size_t overhead = 64;

    explicit send_queue(std::vector<tcp_channel> const& channels) : lanes_(channels.size()) {
        for (std::size_t i = 0; i < channels.size(); ++i) lanes_[i].limits = channels[i];
    }

    posted push(std::size_t channel, shared_frame frame) {
        expects(bool(frame), "tcp: a null pointer is no frame");
        if (channel >= lanes_.size()) return posted::unknown;
        auto& to = lanes_[channel];
        std::size_t const cost = frame.size() + overhead;
        if (frame.size() > to.limits.largest) return posted::too_large;
        if (!to.waiting.empty() && to.bytes + cost > to.limits.queued) {
            to.refused = true;
            return posted::full;
        }
        to.bytes += cost;
        to.waiting.push_back(std::move(frame));
        return posted::queued;
    }
    /// Before all that waits for a new link, whatever waits: nothing of the queue has gone since `rewind`.
    posted push_first(std::size_t channel, shared_frame frame) {
        expects(bool(frame), "tcp: a null pointer is no frame");
        if (channel >= lanes_.size()) return posted::unknown;
        auto& to = lanes_[channel];
        expects(to.gone == 0, "tcp: a message has gone in part, and ends before another one begins");
        if (frame.size() > to.limits.largest) return posted::too_large;
        to.bytes += frame.size() + overhead;
        to.waiting.push_front(std::move(frame));
        return posted::queued;
    }

    [[nodiscard]] bool empty() const {
        return std::ranges::all_of(lanes_, [](lane const& one) { return one.waiting.empty(); });
    }
    /// Bytes that wait, with the overhead of their messages.
    [[nodiscard]] std::size_t waiting() const {
        std::size_t sum = 0;
        for (auto const& one : lanes_) sum += one.bytes;
        return sum;
    }

    /// The next chunks, about `most` bytes of them: at each chunk, the first channel that has something goes on.
    [[nodiscard]] send_batch take(std::size_t most) {
        send_batch batch;
        for (std::size_t i = 0; i < lanes_.size() && batch.bytes + chunk_header::size < most; ++i) {
            auto& from = lanes_[i];
            while (!from.waiting.empty() && batch.bytes + chunk_header::size < most)
                take_chunk(from, i, batch, most - batch.bytes - chunk_header::size);
        }
        return batch;
    }

    /// Channels that have refused a message, and of whose queue half is free again; each is told once.
    [[nodiscard]] std::vector<std::uint8_t> poll_room() {
        std::vector<std::uint8_t> free;
        for (std::size_t i = 0; i < lanes_.size(); ++i) {
            auto& one = lanes_[i];
            if (!one.refused || (!one.waiting.empty() && one.bytes > one.limits.queued / 2)) continue;
            one.refused = false;
            free.push_back(static_cast<std::uint8_t>(i));
        }
        return free;
    }

    /// For a new link: a message of which only a part has gone begins again.
    void rewind() {
        for (auto& one : lanes_) one.gone = 0;
    }
    void clear() {
        for (auto& one : lanes_) {
            one.waiting.clear();
            one.bytes = one.gone = 0;
        }
    }
    /// All of a channel but for a message that has gone in part.
    void drop(std::size_t channel) {
        auto& one = lanes_.at(channel);
        std::size_t const kept = one.gone > 0 ? 1 : 0;
        while (one.waiting.size() > kept) {
            one.bytes -= one.waiting.back().size() + overhead;
            one.waiting.pop_back();
        }
    }

private:
    struct lane {
        tcp_channel limits{};
        std::deque<shared_frame> waiting = {};
        std::size_t bytes = 0;
        std::size_t gone = 0; ///< bytes of the first one
        bool refused = false;
    };

    static void take_chunk(lane& from, std::size_t number, send_batch& batch, std::size_t most) {
        auto const& frame = from.waiting.front();
        std::size_t const rest = frame.size() - from.gone;
        std::size_t const length = std::min({frame.from(from.gone).size(), most, std::size_t{chunk_header::most}});
        batch.pieces.push_back({encode({.channel = static_cast<std::uint8_t>(number),
                                        .length = static_cast<std::uint32_t>(length),
                                        .rest = rest}),
                                frame, from.gone, length});
        batch.bytes += chunk_header::size + length;
        from.gone += length;
        if (from.gone < frame.size()) return;
        from.bytes -= frame.size() + overhead;
        from.gone = 0;
        from.waiting.pop_front();
    }

    std::vector<lane> lanes_;
};

} // namespace btard
