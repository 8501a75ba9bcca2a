// btard/transport/event_queue.hpp: what is to happen, the earliest first.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace btard::detail {

/// Something that is to happen: no two have the same order, so their sequence is fixed.
struct timed_event {
    time_point when{};
    std::uint64_t order = 0; ///< among those of one moment
    std::uint32_t what = 0;  ///< a place in some list of the owner
    bool is_timer = false;

    friend bool operator<(timed_event const& a, timed_event const& b) {
        return a.when != b.when ? a.when < b.when : a.order < b.order;
    }
};

/// A heap of four children: with the thousands of events of a swarm, half the time of `std::priority_queue`.
class event_queue {
public:
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] timed_event const& front() const { return heap_.front(); }

    void push(timed_event const& one) {
        std::size_t hole = heap_.size();
        heap_.push_back(one);
        while (hole > 0) {
            std::size_t const parent = (hole - 1) / 4;
            if (!(one < heap_[parent])) break;
            heap_[hole] = heap_[parent];
            hole = parent;
        }
        heap_[hole] = one;
    }

    timed_event pop() {
        timed_event const first = heap_.front(), last = heap_.back();
        heap_.pop_back();
        if (heap_.empty()) return first;
        std::size_t hole = 0;
        for (std::size_t child; (child = 4 * hole + 1) < heap_.size();) {
            std::size_t const best = earliest(child);
            if (!(heap_[best] < last)) break;
            heap_[hole] = heap_[best];
            hole = best;
        }
        heap_[hole] = last;
        return first;
    }

private:
    /// Of the four from `child` on, or of those that there are.
    [[nodiscard]] std::size_t earliest(std::size_t child) const {
        auto const of = [this](std::size_t a, std::size_t b) { return heap_[b] < heap_[a] ? b : a; };
        if (child + 4 <= heap_.size()) return of(of(child, child + 1), of(child + 2, child + 3));
        std::size_t best = child;
        for (std::size_t other = child + 1; other < heap_.size(); ++other) best = of(best, other);
        return best;
    }

    std::vector<timed_event> heap_;
};

} // namespace btard::detail
