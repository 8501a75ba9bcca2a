// btard/node/gradient_thread.hpp: gradients on a thread of their own, the most urgent one first.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/train/any_learnable.hpp>
#include <btard/train/learnable.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace btard {

/// The samples of one of a worker's microbatches.
[[nodiscard]] inline seed microbatch_seed(seed from, std::uint32_t number) {
    return number == 0 ? from : derive(from, "microbatch", {number});
}

/// What is to be computed.
struct gradient_job {
    std::uint64_t step = 0;
    public_key whose{};
    seed from{};
    std::uint32_t microbatches = 1;
    std::shared_ptr<std::vector<float> const> at = {}; ///< (size) parameters
    labels_hook labels = {};                           ///< of an attacker, for its own gradient
    bool urgent = false;                               ///< the own one, for which all wait first
};

struct gradient_result {
    gradient_job job = {};
    std::vector<float> gradient = {}; ///< (size) the mean over the microbatches
    double loss = 0;                  ///< the same
    double seconds = 0;               ///< it took
    std::string failed = {};          ///< not empty: the device, or the task, has failed; nothing else counts
};

/// The mean of the gradients of so many microbatches.  Sums are in their order: the same bits wherever it is computed.
///
/// @return the mean of the losses
template <learnable Task>
double accumulated_gradient(Task& task, gradient_job const& job, std::span<float> out) {
    std::uint32_t const count = std::max(1u, job.microbatches);
    double loss = task.gradient(*job.at, job.from, job.labels, out);
    if (count == 1) return loss;
    std::vector<float> one(out.size());
    for (std::uint32_t k = 1; k < count; ++k) {
        loss += task.gradient(*job.at, microbatch_seed(job.from, k), job.labels, one);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] += one[i];
    }
    for (float& g : out) g /= static_cast<float>(count);
    return loss / count;
}

/// Computes one gradient after the other, while the owner talks to the network.
///
/// A step that is over is forgotten by `forget_before`; the job that is at work ends first.
class gradient_thread {
public:
    /// @param tell is called on that thread for each result
    gradient_thread(any_learnable task, std::function<void(gradient_result)> tell)
        : task_(std::move(task)), tell_(std::move(tell)),
          thread_([this](std::stop_token stop) { serve(stop); }) {}

    void ask(gradient_job job) {
        {
            std::lock_guard const lock(mutex_);
            if (job.urgent) waiting_.push_front(std::move(job));
            else waiting_.push_back(std::move(job));
        }
        changed_.notify_one();
    }
    void forget_before(std::uint64_t step) {
        std::lock_guard const lock(mutex_);
        std::erase_if(waiting_, [&](gradient_job const& one) { return one.step < step; });
    }

private:
    void serve(std::stop_token stop) {
        while (true) {
            gradient_result done;
            {
                std::unique_lock lock(mutex_);
                if (!changed_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
                done.job = std::move(waiting_.front());
                waiting_.pop_front();
            }
            auto const begun = std::chrono::steady_clock::now();
            done.gradient.resize(task_.size());
            try {
                done.loss = accumulated_gradient(task_, done.job, done.gradient);
            } catch (std::exception const& error) {
                done.failed = error.what();
                if (done.failed.empty()) done.failed = "the gradient could not be computed";
            }
            done.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
            tell_(std::move(done));
        }
    }

    any_learnable task_; // the thread's alone
    std::function<void(gradient_result)> tell_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<gradient_job> waiting_;
    std::jthread thread_; // last: it is joined first
};

} // namespace btard
