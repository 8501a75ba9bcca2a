// btard/run/follower.hpp: keeps parameters and optimizer in step with a run, on the word of f + 1 members.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   no state --snapshot that f + 1 hold--> hashes of its chunks --> chunks --all here--> state of a step
//      ^                                                                                    |
//      +---- out of reach: members keep the aggregates of the last steps only --------------+
//
//   All the while: what moved the parameters at the end of each step is fetched, and applied in order.

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/run/believed_run.hpp>
#include <btard/run/follow_notices.hpp>
#include <btard/run/followed_state.hpp>
#include <btard/run/follower_setup.hpp>
#include <btard/run/held_download.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>
#include <btard/run/question_list.hpp>
#include <btard/run/snapshot_download.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace btard {

/// Without clock and socket, as `peer`.  Takes over what f + 1 members of the roster say alike, one of them honest:
/// which step begins, and the hashes of what is fetched.  Who sends other bytes, or nothing, is not asked for a
/// while, and accused of nothing.
class follower {
public:
    explicit follower(follower_setup setup)
        : setup_(std::move(setup)), run_(setup_.run, setup_.rules), state_(std::move(setup_.state)),
          questions_(setup_.patience, setup_.rest), notices_(setup_.patience) {
        setup_.validate();
        expects(!state() || is_state_of(*state(), setup_.optimizer, setup_.size), "a state that is not of ",
                setup_.size, " parameters and this optimizer");
    }

    // ---- commands

    /// A step that is proved: from its roster on, voices are counted.  An earlier one than is known changes nothing.
    void set_context(step_context const& context, time_point now) {
        run_.set_context(context);
        work(now);
    }
    /// Fetches what a member has to know beside the parameters when that step begins, and no more that of another.
    void fetch_held(std::uint64_t step, time_point now) {
        if (held_ && held_->step() == step) return;
        drop_held();
        held_.emplace(step);
        work(now);
    }
    /// What it has got is not what a peer can be made of: it is fetched from somebody else.
    void refuse_held(time_point now) {
        if (held_ && held_->has_state()) refuse(now);
        work(now);
    }

    // ---- what came in

    void handle_linked(public_key const& who, time_point now) {
        questions_.handle_linked(who);
        notices_.forget(who);
        work(now);
    }
    void handle_lost(public_key const& who, time_point now) {
        questions_.handle_lost(who);
        notices_.forget(who);
        work(now);
    }
    void handle_message(public_key const& from, wire::run_message const& message, time_point now) {
        std::visit([&](auto const& m) { this->on(from, m, now); }, message);
        work(now);
    }
    void handle_timeout(time_point now) {
        questions_.handle_timeout(now);
        questions_.forget_idle(now);
        work(now);
    }

    // ---- what goes out

    [[nodiscard]] std::optional<std::pair<public_key, wire::run_message>> poll_message() {
        if (out_.empty()) return {};
        auto next = std::move(out_.front());
        out_.pop_front();
        return next;
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        auto first = questions_.poll_deadline();
        for (auto const& when : {asks_again_, gives_up_, notices_.poll_deadline()})
            if (when) first = std::min(*when, first.value_or(*when));
        return first;
    }

    // ---- getters

    /// The newest step that is believed in; null: none yet.
    [[nodiscard]] step_context const* known() const { return run_.known(); }
    /// Of the step that it has reached; null: there is none (any more).
    [[nodiscard]] model_state const* state() const { return state_.get(); }
    /// It has the state with which the newest step begins.
    [[nodiscard]] bool is_current() const { return state() && known() && state()->step == known()->step; }
    /// What `fetch_held` asked for, with all its floats; null: not here yet.  `check_state` says whether a peer may
    /// be made of it.
    [[nodiscard]] wire::held const* held() const { return held_ ? held_->result() : nullptr; }
    [[nodiscard]] std::size_t chunks_done() const { return download_ ? download_->chunks_done() : 0; }
    [[nodiscard]] std::size_t chunks_total() const { return download_ ? download_->chunks() : 0; }
    /// How often it had to fetch another state.
    [[nodiscard]] std::size_t begun_anew() const { return begun_anew_; }

    /// For the operator.
    [[nodiscard]] std::string progress_text() const {
        if (!known()) return "knows no step of the run yet";
        if (is_current()) return concat("state of step ", state()->step);
        if (state())
            return concat("state of step ", state()->step, ", ",
                          known()->step - std::min(known()->step, state()->step), " behind");
        if (download_)
            return concat("state of step ", download_->step(), ": ", download_->chunks_done(), " of ",
                          download_->chunks(), " chunks, ", questions_.members_asked(), " members asked");
        return concat("waits for members to keep a state, at step ", known()->step);
    }

private:
    using fetch = wire::fetch;

    [[nodiscard]] auto has() const {
        return [this](public_key const& who, fetch const& what) { return run_.has(who, what); };
    }

    // ---- one for each message

    void on(public_key const& from, wire::progress const& m, time_point now) {
        if (!run_.hear(from, m)) questions_.distrust(from, now);
    }
    void on(public_key const& from, wire::leaves const& m, time_point now) {
        fetch const name{wire::fetched::leaves, m.step, 0};
        if (!questions_.awaits(from, name)) return;
        if (!download_->take_leaves(m.hashes)) return questions_.distrust(from, now);
        questions_.got(from, name, now);
        for (std::size_t k = 0; k < download_->chunks(); ++k)
            questions_.want({wire::fetched::chunk, m.step, k});
    }
    void on(public_key const& from, wire::chunk const& m, time_point now) {
        fetch const name{wire::fetched::chunk, m.step, m.index};
        if (!questions_.awaits(from, name)) return;
        if (!download_->take_chunk(m.index, m.values)) return questions_.distrust(from, now);
        questions_.got(from, name, now);
        if (!download_->is_complete()) return;
        state_.set(download_->finish());
        download_.reset();
        if (!state()) begin_anew(now);
    }
    void on(public_key const& from, wire::applied const& m, time_point now) {
        fetch const name{wire::fetched::applied, m.step, 0};
        if (!questions_.awaits(from, name)) return;
        if (m.values.size() != setup_.size || !run_.is_applied(m.step, m.values))
            return questions_.distrust(from, now);
        questions_.got(from, name, now);
        state_.take_move(m.step, m.values);
    }
    void on(public_key const& from, wire::held const& m, time_point now) {
        if (!held_ || held_->step() != m.step || !run_.knows_held(m.step)) return;
        fetch const& name = held_->question(run_);
        if (!questions_.awaits(from, name)) return;
        if (!run_.is_right(m)) return questions_.distrust(from, now);
        questions_.got(from, name, now);
        held_->take(from, m);
    }
    void on(public_key const& from, wire::missing const& m, time_point now) {
        if (!questions_.awaits(from, m.asked)) return;
        questions_.lacks(from, m.asked);
        notices_.note_missing(from, now);
        if (questions_.lacking(m.asked) <= run_.faults() && questions_.has_hope(m.asked, has())) return;
        if (m.asked.what == wire::fetched::held || !is_ahead(m.asked)) return drop_held();
        begin_anew(now);
    }
    void on(public_key const&, auto const&, time_point) {} // not for followers

    // ---- what is to be done next

    void work(time_point now) {
        if (!known()) return;
        if (!state() && !download_) seek(now);
        if (state() || download_) keep_up(now);
        complete_held(now);
        notices_.tell(
            now, questions_, state() != nullptr, [this](public_key const& who) { return run_.is_member(who); },
            [this](public_key const& who, wire::follow const& notice) { out_.emplace_back(who, notice); });
        questions_.ask(now, has(), [&](public_key const& who, fetch const& what) {
            out_.emplace_back(who, what);
            notices_.note_question(who, now);
        });
    }
    [[nodiscard]] std::uint64_t reached() const { return state() ? state()->step : download_->step(); }
    /// Whether it is for the state, and not for v0 alone.
    [[nodiscard]] bool is_ahead(fetch const& what) const {
        return what.what != wire::fetched::applied || !(state() || download_) || what.step >= reached();
    }
    /// The newest state that f + 1 members hold, if it is known what has moved it since.
    void seek(time_point now) {
        for (auto at = run_.snapshots().rbegin(); at != run_.snapshots().rend(); ++at) {
            auto const& [step, root] = *at;
            if (step > known()->step || step + setup_.most_steps / 2 < known()->step) continue;
            if (first_unknown(step) < known()->step) continue;
            download_.emplace(step, root, setup_.optimizer, setup_.size);
            questions_.want({wire::fetched::leaves, step, 0});
            notices_.want_no_state();
            asks_again_.reset();
            return;
        }
        if (asks_again_ && now < *asks_again_) return;
        notices_.want_state(known()->step + 2); // until then all have heard of it
        asks_again_ = now + setup_.patience;
    }
    /// From that step on, the first of which it is not known what moved the parameters at its end.
    [[nodiscard]] std::uint64_t first_unknown(std::uint64_t step) const {
        while (step < known()->step && (state_.move_at(step) || run_.knows_applied(step))) ++step;
        return step;
    }
    void keep_up(time_point now) {
        state_.catch_up(setup_);
        std::uint64_t const from = reached(), unknown = first_unknown(from);
        // Later words on later steps only: the link was down, or members keep no more.
        bool const lost = run_.heard() > unknown, long_lost = lost && run_.heard() - unknown >= 4;
        if (!lost) gives_up_.reset();
        else if (!gives_up_) gives_up_ = now + setup_.patience / 8;
        if (known()->step > from + setup_.most_steps || long_lost || (gives_up_ && *gives_up_ <= now))
            return begin_anew(now);
        for (std::uint64_t step = from; step < unknown; ++step)
            if (!state_.move_at(step)) questions_.want({wire::fetched::applied, step, 0});
    }
    void begin_anew(time_point now) {
        ++begun_anew_;
        if (download_) run_.forget_snapshot(download_->step());
        state_.clear();
        download_.reset();
        gives_up_.reset();
        asks_again_.reset();
        questions_.drop_if([](fetch const& what) { return what.what != wire::fetched::held; });
        seek(now);
    }
    void drop_held() {
        held_.reset();
        questions_.drop_if(
            [&](fetch const& what) { return what.what == wire::fetched::held || !is_ahead(what); });
    }
    void refuse(time_point now) {
        questions_.distrust(held_->from(), now);
        held_.emplace(held_->step());
    }
    void complete_held(time_point now) {
        if (!held_ || held_->result()) return;
        auto const moved = [this](std::uint64_t step) { return state_.move_at(step); };
        if (held_->has_state() && !held_->fill(run_, setup_.size, moved)) refuse(now);
        std::uint64_t const step = held_->step();
        if (!held_->has_state() && run_.knows_held(step)) questions_.want(held_->question(run_));
        for (std::uint64_t last = step - std::min<std::uint64_t>(step, 2); last < step; ++last)
            if (held_->lacks(last) && run_.knows_applied(last))
                questions_.want({wire::fetched::applied, last, 0});
    }

    follower_setup setup_;
    believed_run run_;
    followed_state state_;
    std::optional<snapshot_download> download_; // only without a state
    std::optional<held_download> held_;
    question_list questions_;
    follow_notices notices_;
    std::optional<time_point> asks_again_, gives_up_;
    std::size_t begun_anew_ = 0;
    std::deque<std::pair<public_key, wire::run_message>> out_;
};

} // namespace btard
