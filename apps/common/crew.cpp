// SPDX-License-Identifier: Apache-2.0
#include "crew.hpp"

#include <iterator>
#include <system_error>
#include <thread>
#include <utility>

namespace btard::apps {

void crew::add(std::vector<task> tasks) {
    {
        std::lock_guard const lock(mutex_);
        waiting_.insert(waiting_.begin(), std::make_move_iterator(tasks.begin()),
                        std::make_move_iterator(tasks.end()));
    }
    changed_.notify_all();
}

void crew::work(std::size_t threads) {
    std::vector<std::thread> others;
    try {
        for (std::size_t k = 1; k < threads; ++k) others.emplace_back([this] { serve(); });
    } catch (std::system_error const&) {
        // No more threads are to be had: those that there are do the same.
    }
    serve();
    for (auto& one : others) one.join();
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void crew::serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return error_ || !waiting_.empty() || busy_ == 0; });
        if (error_ || waiting_.empty()) break;
        task next = std::move(waiting_.front());
        waiting_.pop_front();
        ++busy_;
        lock.unlock();
        std::exception_ptr failed;
        try {
            next();
        } catch (...) {
            failed = std::current_exception();
        }
        next = nullptr; // what it holds goes before the others are told
        lock.lock();
        if (failed && !error_) {
            error_ = failed;
            waiting_.clear();
        }
        --busy_;
        changed_.notify_all();
    }
}

} // namespace btard::apps
