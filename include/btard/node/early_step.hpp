// btard/node/early_step.hpp: the own gradient of the next step, begun while this step is still judged.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   r is known, the parts are here --> this step's end, on a copy of the state --> the gradient of the next one
//        | judged: the same bits move the parameters            | judged: other bits do
//        v                                                      v
//   the copy is the state, that gradient is the own one    all of it is forgotten

#include <btard/core/partition.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/node/gradient_thread.hpp>
#include <btard/node/state_ahead.hpp>
#include <btard/protocol/step/roster.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/run/model_state.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/schedule.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace btard {

/// When a trainer computes the gradient of the next step.  No matter of the run: the bits are the same.
enum class verify_mode : std::uint8_t {
    strict,     ///< when the step before is judged
    overlapped, ///< while it is judged; what judging makes wrong is thrown away
};
constexpr std::size_t enum_count(verify_mode) { return 2; }
constexpr auto enum_names(verify_mode) { return std::array<std::string_view, 2>{"strict", "overlapped"}; }

/// What the next step begins with, if judging this one changes nothing.
struct step_outlook {
    seed from{};                           ///< of the own gradient
    partition cut{0, 1};                   ///< of the aggregate of this step
    std::vector<shared_floats> parts = {}; ///< (parts) empty: it does not stand, and counts as zeros
};

/// @return nothing: not all of it is here yet, or this peer computes no gradient in the next step
template <class Peer>
[[nodiscard]] std::optional<step_outlook> outlook(Peer const& of) {
    if (!of.running() || of.gone() || of.where() < phase::testimony) return {};
    auto const& at = of.state();
    auto const pairs = at.record.pairs();
    for (auto const& pair : pairs.first(std::min(pairs.size(), of.rules().validators)))
        if (pair.validator == at.self) return {}; // idle
    step_outlook seen{gradient_seed(at.record.value().value(), of.key()), at.cut(), {}};
    seen.parts.resize(seen.cut.parts());
    for (part_id const part : at.record.standing_parts()) {
        auto& values = seen.parts[static_cast<std::size_t>(part)];
        values = at.aggregates[static_cast<std::size_t>(part)];
        if (values.empty()) return {};
    }
    return seen;
}

/// One guess at a time.  It counts where the very bits of the aggregate come true, so whatever the reason why they do
/// not, and however the roster changes, nobody can tell a run with it from one without.
class early_step {
public:
    /// Ends the step on a copy of its state, which is made as the first part of the job.
    ///
    /// @param now      with which the step began that is being judged; it stays there until `settle` or `forget`
    /// @param optimizer, schedule, layout of the run
    /// @return what to compute
    [[nodiscard]] gradient_job begin(step_outlook seen, model_state const& now, optimizer const& method,
                                     continued_schedule const& schedule,
                                     std::span<tensor_layout const> layout, public_key const& self,
                                     std::uint32_t microbatches) {
        forget();
        auto ahead = std::make_shared<state_ahead>(now, seen.cut, seen.parts, method, schedule,
                                                   std::vector<tensor_layout>(layout.begin(), layout.end()));
        guess_.emplace(guess{std::move(seen), ahead, {}, {}});
        guess_->job = {.step = now.step + 1,
                       .whose = self,
                       .from = guess_->seen.from,
                       .microbatches = microbatches,
                       .makes = std::move(ahead),
                       .use = gradient_use::early};
        ++begun_;
        return guess_->job;
    }
    /// Has it been begun in the step with that state?
    [[nodiscard]] bool begun_in(std::uint64_t step) const { return guess_ && guess_->job.step == step + 1; }

    /// The step is judged.
    ///
    /// @param state with which it began; it is moved on if the guess was right, and has been begun
    /// @return whether it is; else all is forgotten
    [[nodiscard]] bool settle(model_state& state, std::span<float const> aggregate) {
        bool const right = begun_in(state.step) && is_right(guess_->seen, aggregate);
        auto made = right ? guess_->ahead->take() : std::nullopt;
        if (!made) {
            forget();
            return false;
        }
        state = std::move(made->first);
        guess_->job.at = std::move(made->second);
        guess_->seen.parts.clear();
        guess_->came_true = true;
        ++right_;
        return true;
    }
    /// The parameters of a guess that came true, shared with its gradient; null: there is none.
    [[nodiscard]] std::shared_ptr<std::vector<float> const> parameters() const {
        return guess_ && guess_->came_true ? guess_->job.at : nullptr;
    }
    /// Is this the gradient that was begun?
    [[nodiscard]] bool foresaw(gradient_job const& wanted) const {
        return guess_ && guess_->came_true && guess_->job.step == wanted.step &&
               guess_->job.whose == wanted.whose && guess_->job.from == wanted.from &&
               guess_->job.microbatches == wanted.microbatches && guess_->job.at == wanted.at;
    }
    /// It is wanted from now on.
    ///
    /// @return nothing: it is still computed
    [[nodiscard]] std::optional<gradient_result> want() {
        guess_->wanted = true;
        return std::exchange(guess_->done, std::nullopt);
    }
    /// A result of the thread.
    ///
    /// @param now parameters of the step that goes on
    /// @return it, unless it is of a guess that is not wanted yet, or at parameters that are wrong or past
    [[nodiscard]] std::optional<gradient_result> hear(gradient_result done,
                                                      std::shared_ptr<std::vector<float> const> const& now) {
        if (done.job.use == gradient_use::check) return done;
        if (!is_of_guess(done.job)) {
            if (done.job.use == gradient_use::early || done.job.at != now) return {};
            return done;
        }
        done.job.use = gradient_use::own;
        if (guess_->wanted) return done;
        guess_->done = std::move(done);
        return {};
    }
    /// What was begun early has failed, perhaps since its parameters are not what they will be.
    ///
    /// @return what to ask once more, since it is wanted by now
    [[nodiscard]] std::optional<gradient_job> fail(gradient_job const& job) {
        if (!is_of_guess(job)) return {};
        std::optional<gradient_job> again;
        if (guess_->wanted) {
            again = guess_->job;
            again->makes = nullptr;
            again->use = gradient_use::own;
        }
        forget();
        return again;
    }
    void forget() {
        if (guess_) guess_->ahead->drop();
        guess_.reset();
    }

    [[nodiscard]] std::uint64_t begun() const { return begun_; } ///< how often
    [[nodiscard]] std::uint64_t right() const { return right_; } ///< how often it came true

private:
    struct guess {
        step_outlook seen;
        std::shared_ptr<state_ahead> ahead;
        gradient_job job;
        std::optional<gradient_result> done; // before it was wanted
        bool came_true = false, wanted = false;
    };

    [[nodiscard]] bool is_of_guess(gradient_job const& job) const {
        return guess_ && job.makes && job.makes == guess_->job.makes;
    }
    [[nodiscard]] static bool is_right(step_outlook const& seen, std::span<float const> aggregate) {
        if (aggregate.size() != seen.cut.size()) return false;
        for (std::size_t j = 0; j < seen.parts.size(); ++j) {
            auto const said = seen.cut.slice(aggregate, part_id(j));
            auto const& thought = seen.parts[j];
            auto const same = [](std::span<float const> a, std::span<float const> b) {
                return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
            };
            auto const is_zero = [&](float const& x) {
                float const zero = 0;
                return same({&x, 1}, {&zero, 1});
            };
            if (thought.empty() ? !std::ranges::all_of(said, is_zero) : !same(said, thought)) return false;
        }
        return true;
    }

    std::optional<guess> guess_;
    std::uint64_t begun_ = 0, right_ = 0;
};

} // namespace btard
