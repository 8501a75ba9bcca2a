// apps/common/crew.hpp: tasks on some threads, which may bring further tasks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

namespace btard::apps {

/// A list of tasks and those who work on it.
class crew {
public:
    using task = std::function<void()>;

    /// Puts tasks before all others, the first of them first.  A task may call it.
    void add(std::vector<task> tasks);

    /// Works on so many threads, the caller among them, until nothing is left.  After an exception no further
    /// task begins; those at work end, and then the first exception is thrown on.
    void work(std::size_t threads);

private:
    void serve();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<task> waiting_;
    std::size_t busy_ = 0;
    std::exception_ptr error_;
};

} // namespace btard::apps
