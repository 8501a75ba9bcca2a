// btard/node/entrant.hpp: from outside into a run: follows it, asks to come in, until it has all that a member has.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   learning (an introduction that proves itself) -> catching up (a state, then each step) -> asking to come in
//      -> [on probation] -> on the roster -> taking over what members know -> complete

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/membership.hpp>
#include <btard/protocol/newcomer.hpp>
#include <btard/run/follower.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

struct entrant_setup {
    log_member who{};
    trust_root root = {}; ///< the run, and its founders
    follower_setup follow = {};
    public_key contact{};  ///< who is asked first
    bool observes = false; ///< it follows the run, and does not ask to come in
    bool begins = false;   ///< the run begins now, and the state to follow from is that of step 0
};

/// Without clock, socket and gradients.  A `newcomer`, which learns what is proved and what f + 1 members say, and a
/// `follower`, which takes over the state; it asks to come in when it has that.
class entrant {
public:
    /// The key stays where it is.
    entrant(identity const& key, entrant_setup setup, time_point now)
        : setup_(std::move(setup)), follower_(setup_.follow), newcomer_(key, learner(), now) {
        if (setup_.begins)
            follower_.set_context(
                membership(setup_.root.run, setup_.root.roster, setup_.follow.rules).context(), now);
    }

    // ---- what came in

    void handle_linked(public_key const& who, time_point now) { follower_.handle_linked(who, now); }
    void handle_lost(public_key const& who, time_point now) { follower_.handle_lost(who, now); }
    void handle_message(public_key const& from, wire::message const& message, time_point now) {
        newcomer_.handle_message(from, message, now);
        learn(now);
    }
    void handle_message(public_key const& from, wire::run_message const& message, time_point now) {
        if (auto const* const said = std::get_if<wire::progress>(&message))
            newcomer_.handle_message(from, wire::introduction{{}, said->context, {}}, now);
        follower_.handle_message(from, message, now);
        learn(now);
    }
    /// What `act::compute` asked for.
    void handle_gradient(std::uint64_t step, std::vector<float> gradient, std::uint32_t microbatches) {
        newcomer_.handle_gradient(step, std::move(gradient), microbatches);
    }
    void handle_timeout(time_point now) {
        newcomer_.handle_timeout(now);
        follower_.handle_timeout(now);
        learn(now);
    }

    // ---- what goes out

    /// Messages of the protocol, and gradients to compute.
    [[nodiscard]] std::optional<peer_action> poll_action() {
        auto next = newcomer_.poll_action();
        if (auto const* const sent = next ? std::get_if<act::send>(&*next) : nullptr)
            if (auto const* const wish = std::get_if<wire::join>(&sent->message); wish && wish->step == 0)
                asks_.push_back(sent->to);
        return next;
    }
    [[nodiscard]] std::optional<std::pair<public_key, wire::run_message>> poll_message() {
        if (!asks_.empty()) {
            auto const whom = asks_.back();
            asks_.pop_back();
            return std::pair{whom, wire::run_message(wire::fetch{wire::fetched::introduction, 0, 0})};
        }
        return follower_.poll_message();
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        auto first = newcomer_.poll_deadline();
        if (auto const other = follower_.poll_deadline(); other && (!first || *other < *first)) first = other;
        return first;
    }

    // ---- getters

    /// The newest step that it believes in; null: none yet.
    [[nodiscard]] step_context const* known() const { return follower_.known(); }
    [[nodiscard]] model_state const* state() const { return follower_.state(); }
    [[nodiscard]] bool is_current() const { return follower_.is_current(); }
    /// On the roster of the newest step, in this life.
    [[nodiscard]] bool is_member() const { return known() && is_on(known()->roster); }
    /// It was on the roster, and is not any more: this life is over.
    [[nodiscard]] bool has_missed_it() const { return was_member_ && !is_member(); }
    /// All that a member has when the newest step begins; null: not yet.
    [[nodiscard]] wire::held const* complete() const {
        auto const* const got = follower_.held();
        bool const all = is_member() && is_current() && got && got->step == known()->step;
        return all ? got : nullptr;
    }
    /// It cannot be what a peer is made of: another member is asked.
    void refuse(time_point now) { follower_.refuse_held(now); }
    [[nodiscard]] std::string progress_text() const {
        if (!known()) return "learning of the run";
        if (!is_current()) return concat("catching up: ", follower_.progress_text());
        if (is_member()) return concat("coming in with step ", known()->step);
        auto const* const tried = known()->probation.find(setup_.who.key);
        if (tried) return concat("on probation since step ", tried->since, ", now step ", known()->step);
        return concat(setup_.observes ? "following" : "asking to come in", ", step ", known()->step);
    }

private:
    [[nodiscard]] newcomer_setup learner() const {
        return {.who = setup_.who,
                .root = setup_.root,
                .rules = setup_.follow.rules,
                .size = setup_.follow.size,
                .contacts = {setup_.contact},
                .patience = std::max<std::chrono::nanoseconds>(
                    std::chrono::milliseconds(1'200), // members answer once a second
                    2 * setup_.follow.rules.timing.question),
                .observes = true};
    }
    [[nodiscard]] bool is_on(std::vector<log_member> const& roster) const {
        return std::ranges::find(roster, setup_.who) != roster.end();
    }
    void learn(time_point now) {
        if (newcomer_.known()) follower_.set_context(*newcomer_.known(), now);
        if (follower_.is_current() && !setup_.observes && !asks_to_come_in_) {
            asks_to_come_in_ = true;
            newcomer_.ask_to_come_in(now);
        }
        if (!is_member()) return;
        was_member_ = true;
        follower_.fetch_held(known()->step, now);
    }

    entrant_setup setup_;
    follower follower_;
    newcomer<identity> newcomer_;
    std::vector<public_key> asks_; // who is asked for an introduction
    bool asks_to_come_in_ = false, was_member_ = false;
};

} // namespace btard
