// btard/core/parallel.hpp: one pool of threads for the process; tasks are block numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace btard {

/// The process-wide pool, made on first use.
///
/// Results must not depend on who runs which task: a task writes only what its number owns, and whoever adds up
/// does so in the order of the numbers.  A call from inside a task runs its tasks on the spot, one by one.
class parallel {
public:
    /// Calls `task(number, slot)` for each number in 0 ... count - 1, on at most `threads` threads, the caller
    /// among them; `slot` < `threads` tells the threads apart (for scratch memory).  Returns when all are done.
    /// The first exception of a task is thrown on; the tasks that had not begun are then left out.
    template <class Task>
    static void run(std::size_t count, std::size_t threads, Task&& task) {
        if (threads > count) threads = count;
        if (threads <= 1 || inside()) {
            for (std::size_t number = 0; number < count; ++number) task(number, std::size_t{0});
            return;
        }
        job the_job{[](void* context, std::size_t number, std::size_t slot) {
                        (*static_cast<std::remove_reference_t<Task>*>(context))(number, slot);
                    },
                    const_cast<void*>(static_cast<void const*>(std::addressof(task))), count, threads};
        instance().run(the_job);
    }

    /// The number of threads to use where the caller asks for "all": the processors this process may use.
    [[nodiscard]] static std::size_t hardware() {
#if defined(__linux__)
        cpu_set_t allowed; // fewer than there are, under taskset or in a container
        if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::size_t(CPU_COUNT(&allowed));
#endif
        std::size_t const n = std::thread::hardware_concurrency();
        return n == 0 ? 1 : n;
    }

private:
    struct job {
        void (*call)(void*, std::size_t, std::size_t);
        void* context;
        std::size_t count;
        std::size_t threads;
        std::atomic<std::size_t> next{0};
        std::size_t slots = 1; // the caller has slot 0; guarded by mutex_
        std::size_t busy = 0;  // guarded by mutex_
        std::exception_ptr error{};
        std::mutex error_mutex{};

        void work(std::size_t slot) {
            inside() = true;
            for (std::size_t number; (number = next.fetch_add(1)) < count;) {
                try {
                    call(context, number, slot);
                } catch (...) {
                    std::lock_guard const lock(error_mutex);
                    if (!error) error = std::current_exception();
                    next = count;
                }
            }
            inside() = false;
        }
    };

    static parallel& instance() {
        static parallel pool;
        return pool;
    }

    static bool& inside() {
        thread_local bool value = false;
        return value;
    }

    void run(job& the_job) {
        std::lock_guard const one_at_a_time(run_mutex_);
        {
            std::lock_guard const lock(mutex_);
            while (workers_.size() + 1 < the_job.threads) workers_.emplace_back([this] { serve(); });
            current_ = &the_job;
        }
        wake_.notify_all();
        the_job.work(0);
        std::unique_lock lock(mutex_);
        current_ = nullptr;
        done_.wait(lock, [&] { return the_job.busy == 0; });
        if (the_job.error) std::rethrow_exception(the_job.error);
    }

    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return stop_ || (current_ && current_->slots < current_->threads); });
            if (stop_) return;
            job& the_job = *current_;
            std::size_t const slot = the_job.slots++;
            ++the_job.busy;
            lock.unlock();
            the_job.work(slot);
            lock.lock();
            if (--the_job.busy == 0) done_.notify_one();
        }
    }

    parallel() = default;
    ~parallel() {
        {
            std::lock_guard const lock(mutex_);
            stop_ = true;
        }
        wake_.notify_all();
        for (auto& worker : workers_) worker.join();
    }

    std::mutex run_mutex_; // several callers take turns
    std::mutex mutex_;
    std::condition_variable wake_, done_;
    std::vector<std::thread> workers_;
    job* current_ = nullptr;
    bool stop_ = false;
};

} // namespace btard
