// btard/transport/lazy_timer.hpp: a timer that is set again and again, and hardly ever goes off.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/transport/event_queue.hpp>

#include <cstdint>

namespace btard::detail {

/// A later moment than the one in the queue goes in when that one comes out: the queue stays short.
class lazy_timer {
public:
    [[nodiscard]] time_point when() const { return when_; } ///< `time_point::max()`: never

    /// @param order among all that was caused
    /// @param whose what its events say
    void set(time_point when, std::uint64_t order, std::uint32_t whose, event_queue& queue) {
        when_ = when;
        order_ = order;
        if (when < queued_) enqueue(whose, queue);
    }
    void clear() { when_ = time_point::max(); }
    /// An event of it has come out of the queue.
    ///
    /// @return whether it goes off
    [[nodiscard]] bool take(timed_event const& next, event_queue& queue) {
        if (next.order != queued_order_) return false; // an earlier one took its place
        queued_ = time_point::max();
        queued_order_ = 0;
        if (when_ == time_point::max()) return false;
        if (next.order != order_) return enqueue(next.what, queue), false;
        when_ = time_point::max();
        return true;
    }

private:
    void enqueue(std::uint32_t whose, event_queue& queue) {
        queued_ = when_;
        queued_order_ = order_;
        queue.push({when_, order_, whose, true});
    }

    time_point when_ = time_point::max();
    std::uint64_t order_ = 0;               ///< when it was set
    time_point queued_ = time_point::max(); ///< the entry of the queue that stands for it, no later
    std::uint64_t queued_order_ = 0;
};

} // namespace btard::detail
