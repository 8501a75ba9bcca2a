// btard/node/gradient_thread.hpp: gradients on a thread of their own, the most urgent one first.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/train/any_learnable.hpp>
#include <btard/train/learnable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
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

/// What a gradient is for, the most urgent first.
enum class gradient_use : std::uint8_t {
    own,   ///< of this member, in the step that goes on: all wait for it
    check, ///< somebody else's, which this member audits or votes on
    early, ///< of this member, in the step that comes next; perhaps in vain
};

/// Parameters that are made on the thread that needs them.
class made_parameters {
public:
    virtual ~made_parameters() = default;
    /// @return null: they are not wanted any more
    virtual std::shared_ptr<std::vector<float> const> make() = 0;
};

/// What is to be computed.
struct gradient_job {
    std::uint64_t step = 0;
    public_key whose{};
    seed from{};
    std::uint32_t microbatches = 1;
    /// (size) parameters; null: those that `makes` makes first
    std::shared_ptr<std::vector<float> const> at = {};
    std::shared_ptr<made_parameters> makes = {}; ///< null: they are there
    labels_hook labels = {};                     ///< of an attacker, for its own gradient
    gradient_use use = gradient_use::check;
};

struct gradient_result {
    gradient_job job = {};
    std::vector<float> gradient = {}; ///< (size) the mean over the microbatches
    double loss = 0;                  ///< the same
    double seconds = 0;               ///< it took
    std::string failed = {};          ///< not empty: the device, or the task, has failed; nothing else counts
};

/// The mean of the gradients of so many microbatches.  Sums are in their order: the same bits wherever it is made.
///
/// @param goes_on asked between two microbatches
/// @return the mean of the losses; nothing: it was broken off
template <learnable Task, class F>
std::optional<double> accumulated_gradient(Task& task, gradient_job const& job, std::span<float> out,
                                           F&& goes_on) {
    std::uint32_t const count = std::max(1u, job.microbatches);
    double loss = task.gradient(*job.at, job.from, job.labels, out);
    if (count == 1) return loss;
    std::vector<float> one(out.size());
    for (std::uint32_t k = 1; k < count; ++k) {
        if (!goes_on()) return {};
        loss += task.gradient(*job.at, microbatch_seed(job.from, k), job.labels, one);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] += one[i];
    }
    for (float& g : out) g /= static_cast<float>(count);
    return loss / count;
}
template <learnable Task>
double accumulated_gradient(Task& task, gradient_job const& job, std::span<float> out) {
    return *accumulated_gradient(task, job, out, [] { return true; });
}

/// Computes one gradient after the other, while the owner talks to the network.
///
/// A step that is over is forgotten by `forget_before`; the job that is at work ends first.  An early one that is at
/// work makes way for others after the microbatch, and begins anew when there are none.
class gradient_thread {
public:
    /// @param tell is called on that thread for each result
    gradient_thread(any_learnable task, std::function<void(gradient_result)> tell)
        : task_(std::move(task)), tell_(std::move(tell)),
          thread_([this](std::stop_token stop) { serve(stop); }) {}

    void ask(gradient_job job) {
        {
            std::lock_guard const lock(mutex_);
            bool const gives_way = at_work_ == gradient_use::early && job.use < gradient_use::early;
            if (gives_way && !breaks_off_) breaks_off_ = again_ = true;
            wait(std::move(job));
        }
        changed_.notify_one();
    }
    void forget_before(std::uint64_t step) {
        std::lock_guard const lock(mutex_);
        std::erase_if(waiting_, [&](gradient_job const& one) { return one.step < step; });
    }
    /// What was begun early is wanted now, as the own one.
    void hurry_early() {
        std::lock_guard const lock(mutex_);
        bool const forgotten = breaks_off_ && !again_;
        if (at_work_ == gradient_use::early && !forgotten) at_work_ = gradient_use::own, breaks_off_ = false;
        auto const at = std::ranges::find(waiting_, gradient_use::early, &gradient_job::use);
        if (at == waiting_.end()) return;
        at->use = gradient_use::own;
        std::rotate(waiting_.begin(), at, at + 1);
    }
    /// What was begun early is not wanted any more.
    void forget_early() {
        std::lock_guard const lock(mutex_);
        if (at_work_ == gradient_use::early) breaks_off_ = true, again_ = false;
        std::erase_if(waiting_, [](gradient_job const& one) { return one.use == gradient_use::early; });
    }
    /// No more of them, but for the microbatch that is at work, which cannot be broken off.
    ///
    /// @return whether there is one: it is what the destructor waits for
    bool stop() {
        thread_.request_stop();
        std::lock_guard const lock(mutex_);
        return at_work_.has_value();
    }

private:
    void wait(gradient_job job) {
        bool const first = job.use == gradient_use::own;
        auto const place = std::ranges::find_if(
            waiting_, [&](gradient_job const& one) { return first || one.use > job.use; });
        waiting_.insert(place, std::move(job));
    }
    void serve(std::stop_token stop) {
        while (true) {
            gradient_result done;
            {
                std::unique_lock lock(mutex_);
                (void)changed_.wait(lock, stop, [&] { return !waiting_.empty(); });
                if (stop.stop_requested()) return;
                done.job = std::move(waiting_.front());
                waiting_.pop_front();
                at_work_ = done.job.use;
                breaks_off_ = again_ = false;
            }
            bool const whole = compute(done, stop);
            {
                std::lock_guard const lock(mutex_);
                done.job.use = *std::exchange(at_work_, std::nullopt);
                if (!whole && again_) wait(std::move(done.job));
            }
            if (whole) tell_(std::move(done));
        }
    }
    /// @return false: it was broken off
    [[nodiscard]] bool compute(gradient_result& done, std::stop_token const& stop) {
        try {
            if (!done.job.at && done.job.makes) done.job.at = done.job.makes->make();
            if (!done.job.at) return false;
            auto const begun = std::chrono::steady_clock::now();
            done.gradient.resize(task_.size());
            auto const loss = accumulated_gradient(task_, done.job, done.gradient,
                                                   [&] { return !stop.stop_requested() && !breaks_off_; });
            done.loss = loss.value_or(0);
            done.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
            return loss.has_value();
        } catch (std::exception const& error) {
            done.failed = error.what();
            if (done.failed.empty()) done.failed = "the gradient could not be computed";
        }
        return true;
    }

    any_learnable task_; // the thread's alone
    std::function<void(gradient_result)> tell_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<gradient_job> waiting_;
    std::optional<gradient_use> at_work_;
    std::atomic<bool> breaks_off_ = false; ///< what is at work, after this microbatch
    bool again_ = false;                   ///< it is to begin anew then
    std::jthread thread_;                  // last: it is joined first
};

} // namespace btard
