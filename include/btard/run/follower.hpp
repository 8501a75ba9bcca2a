// btard/run/follower.hpp: keeps parameters and optimizer in step with a run, on the word of f + 1 members.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   no state --snapshot that f + 1 hold--> hashes of its chunks --> chunks --all here--> state of a step
//      ^                                                                                    |
//      +---- out of reach: members keep the aggregates of the last steps only --------------+
//
//   All the while: what moved the parameters at the end of each step is fetched, and applied in order.

#include <btard/core/error.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/run/believed_run.hpp>
#include <btard/run/follower_setup.hpp>
#include <btard/run/held_download.hpp>
#include <btard/run/messages.hpp>
#include <btard/run/model_state.hpp>
#include <btard/run/question_list.hpp>
#include <btard/run/snapshot_download.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/schedule.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
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
          questions_(setup_.patience, setup_.rest) {
        setup_.validate();
        expects(!state_ || is_state_of(*state_, setup_.optimizer, setup_.size), "a state that is not of ",
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
        told_.erase(who);
        work(now);
    }
    void handle_lost(public_key const& who, time_point now) {
        questions_.handle_lost(who);
        told_.erase(who);
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
        for (auto const& when : {asks_again_, gives_up_, tells_again_})
            if (when) first = std::min(*when, first.value_or(*when));
        return first;
    }

    // ---- getters

    /// The newest step that is believed in; null: none yet.
    [[nodiscard]] step_context const* known() const { return run_.known(); }
    /// Of the step that it has reached; null: there is none (any more).
    [[nodiscard]] model_state const* state() const { return state_ ? &*state_ : nullptr; }
    /// It has the state with which the newest step begins.
    [[nodiscard]] bool is_current() const { return state_ && known() && state_->step == known()->step; }
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
        if (is_current()) return concat("state of step ", state_->step);
        if (state_)
            return concat("state of step ", state_->step, ", ",
                          known()->step - std::min(known()->step, state_->step), " behind");
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
        state_ = download_->finish();
        download_.reset();
        if (!state_) begin_anew(now);
    }
    void on(public_key const& from, wire::applied const& m, time_point now) {
        fetch const name{wire::fetched::applied, m.step, 0};
        if (!questions_.awaits(from, name)) return;
        if (m.values.size() != setup_.size || !run_.is_applied(m.step, m.values))
            return questions_.distrust(from, now);
        questions_.got(from, name, now);
        moves_[m.step] = m.values;
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
        // Where it does not take us for a follower any more, it will again.
        if (auto const told = told_.find(from); told != told_.end()) told->second.last = now - setup_.patience;
        if (questions_.lacking(m.asked) <= run_.faults() && questions_.has_hope(m.asked, has())) return;
        if (m.asked.what == wire::fetched::held || !is_ahead(m.asked)) return drop_held();
        begin_anew(now);
    }
    void on(public_key const&, auto const&, time_point) {} // not for followers

    // ---- what is to be done next

    void work(time_point now) {
        if (!known()) return;
        if (!state_ && !download_) seek(now);
        if (state_ || download_) keep_up(now);
        complete_held(now);
        tell(now);
        questions_.ask(now, has(), [&](public_key const& who, fetch const& what) {
            out_.emplace_back(who, what);
            if (auto const told = told_.find(who); told != told_.end()) told->second.last = now;
        });
    }
    [[nodiscard]] std::uint64_t reached() const { return state_ ? state_->step : download_->step(); }
    /// Whether it is for the state, and not for v0 alone.
    [[nodiscard]] bool is_ahead(fetch const& what) const {
        return what.what != wire::fetched::applied || !(state_ || download_) || what.step >= reached();
    }
    /// The newest state that f + 1 members hold, if it is known what has moved it since.
    void seek(time_point now) {
        for (auto at = run_.snapshots().rbegin(); at != run_.snapshots().rend(); ++at) {
            auto const& [step, root] = *at;
            if (step > known()->step || step + setup_.most_steps / 2 < known()->step) continue;
            if (first_unknown(step) < known()->step) continue;
            download_.emplace(step, root, setup_.optimizer, setup_.size);
            questions_.want({wire::fetched::leaves, step, 0});
            wanted_state_.reset();
            asks_again_.reset();
            return;
        }
        if (asks_again_ && now < *asks_again_) return;
        wanted_state_ = known()->step + 2; // until then all have heard of it
        asks_again_ = now + setup_.patience;
    }
    /// From that step on, the first of which it is not known what moved the parameters at its end.
    [[nodiscard]] std::uint64_t first_unknown(std::uint64_t step) const {
        while (step < known()->step && (moves_.contains(step) || run_.knows_applied(step))) ++step;
        return step;
    }
    void keep_up(time_point now) {
        while (state_ && move()) {
        }
        std::uint64_t const from = reached(), unknown = first_unknown(from);
        // Later words on later steps only: the link was down, or members keep no more.
        bool const lost = run_.heard() > unknown, long_lost = lost && run_.heard() - unknown >= 4;
        if (!lost) gives_up_.reset();
        else if (!gives_up_) gives_up_ = now + setup_.patience / 8;
        if (known()->step > from + setup_.most_steps || long_lost || (gives_up_ && *gives_up_ <= now))
            return begin_anew(now);
        for (std::uint64_t step = from; step < unknown; ++step)
            if (!moves_.contains(step)) questions_.want({wire::fetched::applied, step, 0});
    }
    [[nodiscard]] bool move() {
        std::uint64_t const step = state_->step;
        auto const at = moves_.find(step);
        if (at == moves_.end()) return false;
        btard::move(*state_, setup_.optimizer, setup_.schedule, setup_.layout, at->second, setup_.threads);
        setup_.reached(*state_);
        while (moves_.begin()->first + 1 < step)
            moves_.erase(moves_.begin()); // v0, and the one before, are kept
        return true;
    }
    void begin_anew(time_point now) {
        ++begun_anew_;
        if (download_) run_.forget_snapshot(download_->step());
        state_.reset();
        download_.reset();
        moves_.clear();
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
        auto const moved = [this](std::uint64_t step) {
            auto const at = moves_.find(step);
            return at == moves_.end() ? nullptr : &at->second;
        };
        if (held_->has_state() && !held_->fill(run_, setup_.size, moved)) refuse(now);
        std::uint64_t const step = held_->step();
        if (!held_->has_state() && run_.knows_held(step)) questions_.want(held_->question(run_));
        for (std::uint64_t last = step - std::min<std::uint64_t>(step, 2); last < step; ++last)
            if (held_->lacks(last) && run_.knows_applied(last))
                questions_.want({wire::fetched::applied, last, 0});
    }
    /// Members tell whoever follows them, and asks them for something now and then: else others may take its place.
    /// Those that were asked for a state may drop it when it is here.
    void tell(time_point now) {
        tells_again_.reset();
        questions_.for_each_linked([&](public_key const& who) {
            if (!run_.is_member(who)) return;
            auto const told = told_.find(who);
            std::optional<std::uint64_t> const snapshot =
                wanted_state_ || state_ || told == told_.end() ? wanted_state_ : told->second.snapshot;
            bool const again = told == told_.end() || told->second.last + setup_.patience / 3 <= now;
            if (again || told->second.snapshot != snapshot) {
                told_[who] = {snapshot, now};
                out_.emplace_back(who, wire::follow{snapshot});
            }
            auto const next = told_[who].last + setup_.patience / 3;
            tells_again_ = std::min(next, tells_again_.value_or(next));
        });
    }

    follower_setup setup_;
    believed_run run_;
    std::optional<model_state> state_;
    std::optional<snapshot_download> download_; // only without a state
    std::map<std::uint64_t, shared_floats>
        moves_; // what is to move it, and what moved it in the last two steps
    std::optional<held_download> held_;
    question_list questions_;
    struct follow_up {
        std::optional<std::uint64_t> snapshot = {};
        time_point last{}; // that it was asked for anything
    };
    std::map<public_key, follow_up> told_;
    std::optional<std::uint64_t> wanted_state_;
    std::optional<time_point> asks_again_, gives_up_, tells_again_;
    std::size_t begun_anew_ = 0;
    std::deque<std::pair<public_key, wire::run_message>> out_;
};

} // namespace btard
