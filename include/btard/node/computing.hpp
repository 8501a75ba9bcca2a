// btard/node/computing.hpp: which gradients a trainer computes and when, for its peer and, on trial, for an entrant.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/early_step.hpp>
#include <btard/node/founding.hpp>
#include <btard/node/gradient_thread.hpp>
#include <btard/node/misconduct.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/node/trainer_events.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/run/model_state.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace btard {

template <verifiable_aggregator Rule, class Conduct, class Attack>
class computing : public founding<Rule> {
    using base = founding<Rule>;

public:
    using base::run, base::self;
    using peer_type = peer<identity, host, Rule, colluding<Conduct>>;
    using typename base::plan_type;

    [[nodiscard]] peer_type const* member() const { return peer_.get(); }

protected:
    using base::end, base::ending_, base::io_, base::layout_, base::life_, base::net_, base::plan_, base::say,
        base::state_, base::who_;

    computing(asio::io_context& io, identity const& who, node_setup setup,
              std::function<plan_type(std::string const&)> plan, misconduct<Conduct, Attack> does,
              verify_mode verify)
        : base(io, who, std::move(setup), std::move(plan)), does_(std::move(does)), verify_(verify) {
        does_.with.sign = [](void const* key, public_key const& as, std::span<std::byte const> text) {
            auto const& own = *static_cast<identity const*>(key);
            return as == own.key() ? own.sign(text) : signature{}; // accomplices are other processes
        };
        does_.with.keys = &who_;
        does_.with.everybody = &everybody_;
        does_.join(self());
    }

    // ---- for those that derive

    virtual void drain() = 0; ///< all that is to be done now
    /// @return whether it was of a newcomer on probation
    virtual bool hear_trial(gradient_result& done) = 0;

    void on_prepared() override {
        does_.prepare(plan_->task, layout_);
        thread_ = std::make_unique<gradient_thread>(
            plan_->task, [this, alive = std::weak_ptr(alive_)](gradient_result one) {
                auto const shared = std::make_shared<gradient_result>(std::move(one));
                asio::post(io_, [this, alive, shared] {
                    if (alive.lock()) hear_gradient(std::move(*shared));
                });
            });
    }
    /// A member from the first step on, or from the one that comes next.
    template <class... State>
    void become_member(std::vector<log_member> founders, State const&... state) {
        peer_setup setup{self(), *run(), secret(), std::move(founders), plan_->rules};
        peer_ = std::make_unique<peer_type>(who_, std::move(setup), bench(),
                                            colluding<Conduct>{does_.conduct, does_.coalition_or_null()},
                                            state...);
        everybody_[self()] = peer_.get();
    }
    void stop_being_a_member() {
        peer_.reset();
        everybody_.clear();
        parameters_now_ = nullptr, parameters_before_ = nullptr;
        forget_early();
    }
    [[nodiscard]] court<host, Rule> bench() const {
        return {host{.threads = 1}, plan_->rule, plan_->task.size(), layout_, plan_->rules.tolerance};
    }
    [[nodiscard]] run_end left() const { return failed_ ? run_end::failed : run_end::left; }
    /// A step begins, with `state_`.
    void begin_gradients() {
        thread_->forget_before(state_->step > 0 ? state_->step - 1 : 0);
        parameters_now_ = early_.parameters(); // those with which its gradient has begun
        if (!parameters_now_)
            parameters_now_ = std::make_shared<std::vector<float> const>(state_->parameters);
    }
    /// The end of a step.
    void move_parameters(std::span<float const> aggregate) {
        parameters_before_ = parameters_now_;
        if (early_.settle(*state_, aggregate)) return;
        forget_early();
        move(*state_, plan_->optimizer, plan_->schedule, layout_, aggregate);
    }
    void compute(act::compute const& what) {
        if (failed_) return;
        bool const before = what.step + 1 == state_->step;
        if (!before && what.step != state_->step) return; // it is over
        bool const own = what.whose == self() && !before;
        gradient_job job{.step = what.step,
                         .whose = what.whose,
                         .from = what.from,
                         .microbatches = what.microbatches > 0 ? what.microbatches : plan_->rules.quota,
                         .at = before ? parameters_before_ : parameters_now_,
                         .use = own ? gradient_use::own : gradient_use::check};
        if (own && early_.foresaw(job)) {
            thread_->hurry_early();
            if (auto done = early_.want()) hand_in(*std::move(done));
            return;
        }
        if (own) forget_early();
        if (own && does_.acts()) job.labels = does_.labels(static_cast<std::size_t>(what.step));
        if (job.at) thread_->ask(std::move(job));
    }
    /// The gradient of the next step begins when the parts of this one are here, in a trainer that overlaps.
    ///
    /// Not where two gradients do not fit into the deadline of one: a vote may wait for the one that is at work.  Nor
    /// in an attacker, which looks at the step in which it lies.
    void begin_early() {
        if (!may_begin_early() || std::exchange(begins_early_, true)) return;
        asio::post(io_, [this, alive = std::weak_ptr(alive_)] { // behind what is on its way to others
            if (!alive.lock()) return;
            begins_early_ = false;
            if (auto seen = may_begin_early() ? outlook(*peer_) : std::nullopt)
                thread_->ask(early_.begin(*std::move(seen), *state_, plan_->optimizer, plan_->schedule,
                                          layout_, self(), plan_->rules.quota));
        });
    }

    misconduct<Conduct, Attack> does_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); ///< what other threads and timers look at
    std::unique_ptr<peer_type> peer_;
    bool leaves_ = false, failed_ = false;   ///< `failed_`: it computes nothing any more
    double loss_ = 0, gradient_seconds_ = 0; ///< of the last own one
    early_step early_;

private:
    /// Nobody else can know it: a signature of its own over something that is never sent.
    [[nodiscard]] digest secret() const {
        auto const signed_life =
            who_.sign(tagged_hash("secret of a life", *run(), std::span<std::byte const>(life_)).bytes);
        return tagged_hash("secret", signed_life);
    }
    void hear_gradient(gradient_result done) {
        if (ending_) return;
        if (!done.failed.empty()) {
            if (!done.job.makes) return fail(done.failed);
            if (auto again = early_.fail(done.job)) thread_->ask(*std::move(again));
            return;
        }
        shorten(done.gradient, plan_->clip_gradient);
        if (hear_trial(done)) return drain();
        if (auto wanted = early_.hear(std::move(done), parameters_now_)) hand_in(*std::move(wanted));
    }
    /// The others need not wait for it: it leaves with the step, where there is one that it can leave.
    void fail(std::string const& why) {
        if (std::exchange(failed_, true)) return;
        std::string const line = concat("cannot compute gradients any more: ", why, "; leaving the run");
        leaves_ = true;
        if (peer_ && peer_->running() && !peer_->gone()) {
            say(line);
            peer_->leave_without_gradient(net_->now());
            return drain();
        }
        end(run_end::failed, line);
    }
    void hand_in(gradient_result done) {
        if (!peer_ || peer_->gone()) return;
        if (done.job.use == gradient_use::own) {
            loss_ = done.loss, gradient_seconds_ = done.seconds;
            peer_->note_gradient_time(std::chrono::duration_cast<std::chrono::nanoseconds>(
                std::chrono::duration<double>(done.seconds)));
            if (does_.acts()) does_.corrupt(peer_->state(), done, *plan_, done.gradient);
        }
        peer_->handle_gradient(done.job.step, done.job.whose, std::move(done.gradient), done.job.microbatches,
                               net_->now());
        drain();
    }
    [[nodiscard]] bool may_begin_early() const {
        if (verify_ == verify_mode::strict || does_.acts() || ending_ || leaves_ || !peer_) return false;
        auto const time = std::chrono::duration<double>(plan_->rules.timing.gradient).count();
        return peer_->running() && peer_->where() >= phase::testimony && state_->step + 1 < plan_->steps &&
               peer_->state().step() == state_->step && !early_.begun_in(state_->step) &&
               2 * gradient_seconds_ < time;
    }
    void forget_early() {
        early_.forget();
        if (thread_) thread_->forget_early();
    }

    verify_mode verify_;
    bool begins_early_ = false;                        ///< as soon as the loop comes to it
    std::map<public_key, peer_type const*> everybody_; ///< that an attacker looks into: itself alone
    std::shared_ptr<std::vector<float> const> parameters_now_, parameters_before_;

protected:
    std::unique_ptr<gradient_thread> thread_; // last: it ends first
};

} // namespace btard
