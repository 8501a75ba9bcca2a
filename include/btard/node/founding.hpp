// btard/node/founding.hpp: a trainer before its run begins: from a contact's charter to founders that are all there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   contacting --charter--> preparing [--its state of its own--> fetching] --ready--> waiting --founders--> begins
//                                                                                       |
//                                                                                       +--has begun--> comes later

#include <btard/aggregate/concept.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/run_node.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/node/start_download.hpp>
#include <btard/node/trainer_events.hpp>
#include <btard/protocol/step/probation_rules.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>
#include <btard/train/learnable.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace btard {

/// The base of a trainer.  A charter, and what ends a trainer that waits for one, is taken from those alone whom the
/// operator has named.
template <verifiable_aggregator Rule>
class founding : public run_node {
public:
    using plan_type = run_plan<Rule>;

    [[nodiscard]] model_state const* state() const { return state_.get(); }

protected:
    /// @param plan what the settings of a charter mean
    founding(asio::io_context& io, identity const& who, node_setup setup,
             std::function<plan_type(std::string const&)> plan)
        : run_node(io, who, run_role::trainer, std::move(setup)), read_plan_(std::move(plan)) {}

    // ---- for those that derive

    virtual void on_prepared() = 0; ///< the plan is known, and this machine computes the right bits
    virtual void
    on_founded(bool comes_later) = 0; ///< the run is known; this trainer is a founder, or comes later
    virtual void begin() = 0;         ///< the founders are there
    virtual void end(run_end how, std::string const& why = "") = 0;

    void hear_charter(public_key const& from, wire::charter const& said) {
        if (run() || ending_) return; // it has one
        if (auto const bad = wrong_in(said); !bad.empty()) return end(run_end::not_possible, bad);
        if (plan_ && charter_) {
            auto const& [settings, numerics, begins, nonce, unused] = *charter_;
            if (said.settings != settings || said.numerics != numerics || said.start != begins ||
                said.nonce != nonce)
                return say(concat(short_name(from),
                                  " has another configuration than the one before; it is not taken"));
        }
        charter_ = said;
        if (!plan_ && !prepare()) return;
        if (!said.founders.empty()) plan_->rules.validate(said.founders.size());
        auto const& founders = charter_->founders;
        bool const comes_later =
            !founders.empty() && std::ranges::find(founders, log_member{self(), life_}) == founders.end();
        if (comes_later && start_) start_.reset(), state_.reset(); // members have a later one
        if (start_) return fetch_start(from);
        if (founders.empty()) return tell_ready(from);
        say(concat("run ", short_name(*run()), " of ", founders.size(), " founders"));
        bool const was_one = std::ranges::find(founders, self(), &log_member::key) != founders.end();
        if (!was_one && plan_->rules.probation.admits == admission::nobody)
            return end(run_end::not_possible,
                       "the run has begun, and lets nobody in: its setting probation.admits is nobody");
        if (!comes_later) begins_at_ = net_->now() + std::chrono::seconds(20);
        on_founded(comes_later);
    }
    [[nodiscard]] static std::string wrong_in(wire::charter const& said) {
        for (char const one : said.settings.text()) // it goes to a terminal
            if ((one >= 0 && one < ' ' && one != '\n') || one == '\x7f')
                return "the configuration is no text";
        std::set<public_key> keys;
        for (auto const& one : said.founders) keys.insert(one.key);
        return keys.size() == said.founders.size() ? "" : "the list of founders has one twice";
    }
    void tell_ready(public_key const& to) {
        post(to, wire::ready{numerics_});
        say(concat("ready: ", plan_->task.size(), " parameters; waiting for the founders of the run"));
    }
    void fetch_start(public_key const& from) {
        if (auto const next = start_->poll_question()) post(from, *next);
    }
    void hear_start(public_key const& from, wire::run_message const& message) {
        if (!start_->handle_message(message))
            return end(run_end::not_possible,
                       concat(short_name(from), " sends another state than that of its charter"));
        if (auto state = start_->state()) {
            state_ = std::make_unique<model_state>(*std::move(state));
            start_.reset();
            if (charter_->founders.empty()) return tell_ready(from);
            auto const complete = std::exchange(charter_, {});
            return hear_charter(from, *complete);
        }
        fetch_start(from);
    }
    bool prepare() {
        say(concat("configuration:\n", charter_->settings.text()));
        plan_ = std::make_unique<plan_type>(read_plan_(charter_->settings.text()));
        state_ = std::make_unique<model_state>(plan_->first());
        layout_ = layout_of(plan_->task);
        if (root_of(*state_) != charter_->start) {
            say("the run begins with a state of its own, which is fetched");
            start_.emplace(charter_->start, plan_->optimizer, plan_->task.size());
        }
        numerics_ = numerics_of(*plan_, plan_->rules.tolerance == 0);
        if (numerics_ != charter_->numerics) {
            end(run_end::not_possible,
                "this machine computes other bits than the one that began the run: other data, "
                "another build of LibTorch, or another processor; gradients of this machine would "
                "look like lies");
            return false;
        }
        on_prepared();
        return true;
    }
    void hear_refusal(public_key const& from, refusal_reason why) {
        constexpr std::string_view texts[] = {
            "our join token is missing, or another one: give the one of the run as --token",
            "it is of another run",
            "this machine computes other bits than the others",
            "it knows of no run itself: give the address of the coordinator, or of a member",
            "the run goes on with the members that it had, and this trainer was none of them in the end",
        };
        if (!refusals_.insert(from).second) return;
        say(concat(short_name(from), " refuses us: ", texts[static_cast<std::size_t>(why)]));
        if (!run() && is_contact(from)) end(run_end::not_possible);
    }
    /// All founders are linked, or have had the time for it.
    void try_to_begin() {
        if (!begins_at_ || ending_) return;
        std::size_t there = 1;
        for (auto const& one : charter_->founders)
            there += known().contains(one.key) && known().at(one.key).greeted;
        if (there < charter_->founders.size() && net_->now() < *begins_at_) return;
        say(concat("all begins, with ", there, " of ", charter_->founders.size(), " founders"));
        begins_at_.reset();
        begin();
    }

    std::unique_ptr<plan_type> plan_;
    std::vector<tensor_layout> layout_;
    std::unique_ptr<model_state> state_;
    std::optional<start_download> start_; ///< while it comes
    std::optional<time_point> begins_at_; ///< with whoever is there then

private:
    std::function<plan_type(std::string const&)> read_plan_;
    std::set<public_key> refusals_; ///< that were shown
    digest numerics_{};
};

} // namespace btard
