// btard/protocol/log/broadcast_times.hpp: when the stage of an agreement ends, counted from its deadline.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/log/broadcast_setup.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace btard {

/// D, delta, and the moment at which the next thing is due.  There is no clock here.
class broadcast_times {
public:
    /// The first look, earlier than D if somebody is not waited for.
    explicit broadcast_times(broadcast_setup const& setup)
        : deadline_(setup.deadline), interval_(setup.interval),
          due_(setup.not_waited_for.empty() ? setup.deadline : setup.short_deadline) {}

    // ---- commands

    void wait_until(std::size_t intervals) { due_ = after(intervals); }
    void wait_longer() { due_ += interval_; }
    void wait_from(time_point now) { due_ = now + interval_; }
    /// An earlier D.
    void hasten(time_point deadline) {
        deadline_ = deadline;
        due_ = std::min(due_, deadline);
    }
    /// After a pause: what is due now is due at D + that many intervals of the new D.
    void count_anew(std::size_t intervals) {
        deadline_ = due_ - static_cast<std::int64_t>(intervals) * interval_;
    }

    /// After a pause: now is D + that many intervals of the new D.
    void count_from(time_point now, std::size_t intervals) {
        deadline_ = now - static_cast<std::int64_t>(intervals) * interval_;
        due_ = now;
    }
    /// At once: after D.
    void be_due() { due_ = std::min(due_, deadline_); }

    // ---- getters

    [[nodiscard]] time_point due() const { return due_; }
    [[nodiscard]] time_point deadline() const { return deadline_; } ///< D, later when a pause came between
    [[nodiscard]] time_point after(std::size_t intervals) const {
        return deadline_ + static_cast<std::int64_t>(intervals) * interval_;
    }

private:
    time_point deadline_;
    std::chrono::nanoseconds interval_;
    time_point due_;
};

} // namespace btard
