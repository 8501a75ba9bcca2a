// btard/node/state_ahead.hpp: the state after a step that is still judged, made on the thread that computes with it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/partition.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/node/gradient_thread.hpp>
#include <btard/run/model_state.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/schedule.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace btard {

/// Copied and moved there, since both take long where there are many parameters, and the loop has others to answer.
class state_ahead final : public made_parameters {
public:
    /// @param now  stays where it is, and as it is, until `take` or `drop`
    /// @param parts of the aggregate; empty: zeros
    state_ahead(model_state const& now, partition cut, std::vector<shared_floats> parts, optimizer method,
                continued_schedule schedule, std::vector<tensor_layout> layout)
        : now_(&now), cut_(cut), parts_(std::move(parts)), method_(std::move(method)),
          schedule_(std::move(schedule)), layout_(std::move(layout)) {}

    /// On the thread that computes.  What it throws is a failure of the job.
    std::shared_ptr<std::vector<float> const> make() override {
        std::unique_lock lock(mutex_);
        if (stage_ != stage::waiting) return nullptr;
        stage_ = stage::over;     // unless all goes well
        model_state next = *now_; // the loop waits for the copy, where it is just about to change it
        stage_ = stage::moving;
        lock.unlock();
        std::shared_ptr<std::vector<float> const> at;
        try {
            at = moved(next);
        } catch (...) {
            drop();
            throw;
        }
        lock.lock();
        if (stage_ != stage::moving) return nullptr;
        next_ = std::move(next), at_ = at;
        stage_ = stage::made;
        changed_.notify_all();
        return at;
    }
    /// On the loop, once: the state, and its parameters as the job has them.  Waits where they are being made.
    ///
    /// @return nothing: it has not been begun, or has failed
    [[nodiscard]] std::optional<std::pair<model_state, std::shared_ptr<std::vector<float> const>>> take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stage_ != stage::moving; });
        bool const good = stage_ == stage::made;
        stage_ = stage::over;
        if (!good) return {};
        return std::pair{std::move(next_), std::move(at_)};
    }
    /// It is not wanted any more.
    void drop() {
        std::lock_guard const lock(mutex_);
        stage_ = stage::over;
        next_ = {}, at_ = nullptr;
        changed_.notify_all();
    }

private:
    enum class stage { waiting, moving, made, over };

    [[nodiscard]] std::shared_ptr<std::vector<float> const> moved(model_state& next) const {
        std::vector<float> aggregate(cut_.size());
        for (std::size_t j = 0; j < parts_.size(); ++j)
            std::ranges::copy(parts_[j],
                              aggregate.begin() + static_cast<std::ptrdiff_t>(cut_.begin(part_id(j))));
        btard::move(next, method_, schedule_, layout_, aggregate);
        return std::make_shared<std::vector<float> const>(next.parameters);
    }

    model_state const* now_;
    partition cut_;
    std::vector<shared_floats> parts_;
    optimizer method_;
    continued_schedule schedule_;
    std::vector<tensor_layout> layout_;
    std::mutex mutex_;
    std::condition_variable changed_;
    stage stage_ = stage::waiting;
    model_state next_;
    std::shared_ptr<std::vector<float> const> at_;
};

} // namespace btard
