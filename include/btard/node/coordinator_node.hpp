// btard/node/coordinator_node.hpp: brings the founders of a run together, then watches it and keeps its states.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   gathering --enough are ready--> watching --all have finished--> finished
//                                     ^
//        asking --charter-------------+        where it was away, and comes back
//
//   It is no member: it has no vote, no part and no say in anything.  When it is gone the run goes on, and when it comes
//   back it follows it again.

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/node/entrant.hpp>
#include <btard/node/run_node.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/run/model_state.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

struct coordinator_events {
    std::function<void(wire::charter const&)> began = [](auto const&) {}; ///< a run with all its founders
    /// What one trainer says of one of its steps.
    std::function<void(public_key const&, wire::metrics const&)> told = [](auto const&, auto const&) {};
    /// So many steps are over, by what trainers say; so many members there are.
    std::function<void(std::uint64_t, std::size_t)> stepped = [](auto, auto) {};
    /// The state with which a step begins, on the word of f + 1 members, and the roster then.
    std::function<void(model_state const&, std::vector<log_member> const&)> reached = [](auto const&,
                                                                                         auto const&) {};
    std::function<void(bool good)> ended = [](bool) {};
};

template <verifiable_aggregator Rule>
class coordinator_node final : public run_node {
public:
    using plan_type = run_plan<Rule>;

    /// @param read_plan what the settings of a charter mean
    coordinator_node(asio::io_context& io, identity const& who, node_setup setup,
                     std::function<plan_type(std::string const&)> read_plan, coordinator_events events)
        : run_node(io, who, run_role::coordinator, std::move(setup)), read_plan_(std::move(read_plan)),
          events_(std::move(events)) {}

    /// A new run.
    ///
    /// @param founders so many trainers are waited for
    /// @param start    the state with which it begins; absent: what the settings say
    /// @param among    the keys that may be founders; none: all
    void gather(std::string const& settings, std::size_t founders, std::optional<model_state> start,
                std::vector<public_key> among = {}) {
        among_ = std::move(among);
        prepare(settings);
        if (start) {
            state_ = *std::move(start);
            begins_with_ = flat(state_);
        }
        wanted_ = founders;
        auto& made = charter_.emplace();
        made.settings = wire::letters(settings);
        made.numerics = numerics_of(*plan_, plan_->rules.tolerance == 0);
        made.start = root_of(state_);
        made.nonce = life_;
    }
    void stop() { end(false); }
    [[nodiscard]] plan_type& plan() { return *plan_; }

private:
    void prepare(std::string const& settings) {
        plan_ = std::make_unique<plan_type>(read_plan_(settings));
        state_ = plan_->first();
    }

    // ---- before the run

    void on_greeted(public_key const& from, acquaintance const& who) override {
        if (who.role != run_role::trainer) return;
        if (who.run && !run() && charter_ && !std::exchange(warned_, true))
            say(concat(short_name(from), " is in run ", short_name(*who.run),
                       ", which goes on; to follow that one, begin again with --join and its address"));
        if (charter_) post(from, *charter_);
        if (run()) post(from, book_.known([this](public_key const& key) { return concerns(key); }));
        if (run() && !watch_) watch(from);
        if (watch_) watch_->handle_linked(from, net_->now());
        drain();
    }
    /// It follows the run, and needs no parts of gradients.
    [[nodiscard]] std::uint64_t most_from(public_key const& key, std::size_t channel) const override {
        bool const wanted = channel != bulk_channel && watch_ && plan_ && concerns(key);
        return wanted ? most_of(channel, plan_->task.size()) : 0;
    }
    void on_link_lost(public_key const& key, time_point now) override {
        if (!run() && std::erase_if(ready_, [&](auto const& one) { return one.key == key; }) > 0)
            say(concat("founders: ", ready_.size(), " of ", wanted_));
        if (watch_) watch_->handle_lost(key, now);
        check_end();
        drain();
    }
    void on_run_message(public_key const& from, wire::run_message& message, time_point now) override {
        if (auto const* const one = std::get_if<wire::ready>(&message)) return hear_ready(from, *one);
        if (auto const* const said = std::get_if<wire::charter>(&message))
            return is_contact(from) ? hear_charter(from, *said) : void();
        if (auto const* const no = std::get_if<wire::refusal>(&message)) return hear_refusal(from, no->why);
        if (auto const* const told = std::get_if<wire::metrics>(&message)) return hear_metrics(from, *told);
        if (auto const* const last = std::get_if<wire::finished>(&message)) return hear_finished(from, *last);
        if (auto const* const asked = std::get_if<wire::fetch>(&message)) return answer(from, *asked);
        if (watch_) watch_->handle_message(from, message, now);
        drain();
    }
    void on_protocol_message(public_key const& from, wire::message const& message, time_point now) override {
        if (watch_) watch_->handle_message(from, message, now);
        drain();
    }
    [[nodiscard]] bool concerns(public_key const& key) const override {
        return (charter_ && is_among(charter_->founders, key)) || is_among(ready_, key) ||
               (watch_ && watch_->known() && is_among(watch_->known()->roster, key));
    }
    void hear_refusal(public_key const& from, refusal_reason why) {
        if (!is_contact(from) || run()) return;
        say(concat(short_name(from), why == refusal_reason::wrong_token
                                         ? " refuses us: the join token is missing, or another one"
                                         : " refuses us"));
        end(false);
    }
    void hear_charter(public_key const& from, wire::charter const& said) {
        if (charter_ || said.founders.empty()) return;
        prepare(said.settings.text());
        charter_ = said;
        say(concat("run ", short_name(*run()), " of ", said.founders.size(), " founders"));
        events_.began(*charter_);
        watch(from);
    }
    void hear_ready(public_key const& from, wire::ready const& said) {
        if (!charter_ || said.numerics != charter_->numerics)
            return void(post(from, wire::refusal{refusal_reason::other_numerics}));
        if (run() || std::ranges::find(ready_, from, &log_member::key) != ready_.end()) return;
        if (!among_.empty() && std::ranges::find(among_, from) == among_.end()) {
            say(concat("refused ", short_name(from), ": it is none of the members of the run that goes on"));
            return void(post(from, wire::refusal{refusal_reason::not_listed}));
        }
        ready_.push_back({from, known().at(from).life});
        say(concat("founders: ", ready_.size(), " of ", wanted_, ", ", short_name(from), " at ",
                   known().at(from).address));
        if (ready_.size() == wanted_) begin();
    }
    void begin() {
        std::ranges::sort(ready_, {}, &log_member::key);
        charter_->founders = ready_;
        say(concat("run ", short_name(*run()), " begins with ", wanted_, " founders"));
        events_.began(*charter_);
        post_all(*charter_);
        post_all(book_.known([this](public_key const& key) { return concerns(key); }));
        watch(ready_.front().key, true);
    }
    /// Of the state with which the run begins, where that is not what the settings say: nobody else has it yet.
    void answer(public_key const& from, wire::fetch const& asked) {
        if (!charter_ || !begins_with_) return void(post(from, wire::missing{asked}));
        auto const& all = *begins_with_;
        if (asked.what == wire::fetched::leaves) post(from, wire::leaves{0, leaves_of(all)});
        else if (asked.what == wire::fetched::chunk && asked.index < chunks_of(all.size()))
            post(from, wire::chunk{0, asked.index,
                                   all.slice(asked.index * chunk_floats, chunk_of(all, asked.index).size())});
    }

    // ---- the run

    void watch(public_key const& contact, bool begins = false) {
        follower_setup follow{.run = *run(),
                              .rules = plan_->rules,
                              .size = plan_->task.size(),
                              .optimizer = plan_->optimizer,
                              .schedule = plan_->schedule,
                              .layout = layout_of(plan_->task),
                              .state = state_};
        follow.reached = [this](model_state const& at) { reach(at); };
        watch_ = std::make_unique<entrant>(who_,
                                           entrant_setup{.who = {self(), life_},
                                                         .root = {*run(), charter_->founders},
                                                         .follow = std::move(follow),
                                                         .contact = contact,
                                                         .observes = true,
                                                         .begins = begins},
                                           net_->now());
        for (auto const& [key, link] : known())
            if (link.greeted && link.role == run_role::trainer) watch_->handle_linked(key, net_->now());
        drain();
    }
    void drain() {
        if (!watch_ || ending_) return;
        while (auto action = watch_->poll_action()) {
            auto const* const sent = std::get_if<act::send>(&*action);
            if (sent == nullptr) continue;
            auto const frame = std::make_shared<std::vector<std::byte> const>(encode_frame(sent->message));
            link_with(sent->to);
            net_->post(sent->to, channel_of(sent->message), frame);
        }
        while (auto message = watch_->poll_message()) {
            if (post(message->first, message->second) != posted::unknown) continue;
            link_with(message->first);
            post(message->first, message->second);
        }
        if (auto const* const now = watch_->known())
            for (auto const& one : now->roster) link_with(one.key);
        if (auto const* const at = watch_->state(); at && at->step > reached_)
            reach(*at); // one that was fetched
        if (reached_ == plan_->steps && !std::exchange(told_end_, true)) {
            post_all(wire::finished{reached_, root_of(state_)});
            check_end();
            if (ending_) return;
        }
        wake();
    }
    void reach(model_state const& at) {
        reached_ = at.step;
        state_ = at;
        events_.reached(at, watch_->known() ? watch_->known()->roster : charter_->founders);
    }
    void on_timer(time_point now) override {
        if (watch_) watch_->handle_timeout(now);
        check_end();
        drain();
    }
    void hear_metrics(public_key const& from, wire::metrics const& told) {
        if (!run() || !concerns(from) || told.step >= plan_->steps) return;
        events_.told(from, told);
        auto& steps = done_[from];
        steps = std::max(steps, told.step + 1);
        while (steps_ < plan_->steps && is_over(steps_ + 1)) events_.stepped(++steps_, members());
    }
    [[nodiscard]] std::size_t members() const {
        return watch_ && watch_->known() ? watch_->known()->roster.size() : charter_->founders.size();
    }
    /// So many steps are: all members have said so, or more than f are a step ahead, and one of them is honest.
    [[nodiscard]] bool is_over(std::uint64_t steps) const {
        std::size_t here = 0, ahead = 0;
        for (auto const& [key, count] : done_) here += count >= steps, ahead += count > steps;
        return here >= members() || ahead > plan_->rules.faults;
    }
    void hear_finished(public_key const& from, wire::finished const& said) {
        if (!plan_ || !concerns(from) || said.step != plan_->steps) return;
        finished_[from] = said.root;
        if (finished_.size() > plan_->rules.faults &&
            !ends_at_) { // one of them is honest; others may be behind
            ends_at_ = net_->now() + time_to_finish(plan_->rules);
        }
        check_end();
        if (!ending_) wake();
    }
    void check_end() {
        if (ending_ || !ends_at_) return;
        bool late = net_->now() >= *ends_at_, alone = true;
        for (auto const& one : watch_ && watch_->known() ? watch_->known()->roster : charter_->founders) {
            bool const linked = known().contains(one.key);
            alone = alone && !linked;
            if (linked && !finished_.contains(one.key) && !late) return;
        }
        if (!alone && !late && reached_ < plan_->steps) return; // the last state can still be had
        std::map<digest, std::size_t> same;
        for (auto const& [key, root] : finished_) ++same[root];
        auto const most = std::ranges::max_element(same, {}, [](auto const& one) { return one.second; });
        say(concat("the run is over; ", most->second, " of ", finished_.size(),
                   " members have the same state, ", short_name(most->first)));
        end(true);
    }
    void wake() {
        time_point first = watch_ ? watch_->poll_deadline().value_or(time_point::max()) : time_point::max();
        if (ends_at_) first = std::min(first, *ends_at_);
        net_->wake_at(first);
    }
    void end(bool good) {
        if (std::exchange(ending_, true)) return;
        events_.ended(good);
        stop_net();
    }

    std::function<plan_type(std::string const&)> read_plan_;
    coordinator_events events_;
    std::unique_ptr<plan_type> plan_;
    model_state state_; // with which the run begins; later, that of the last step that is known
    std::size_t wanted_ = 0;
    std::vector<public_key> among_; ///< the founders must be; none: anybody
    std::vector<log_member> ready_;
    std::unique_ptr<entrant> watch_;
    std::optional<shared_floats> begins_with_; ///< where that is not what the settings say
    std::uint64_t reached_ = 0;
    bool told_end_ = false;
    std::map<public_key, std::uint64_t> done_; // steps, by what each one says
    std::uint64_t steps_ = 0;
    std::map<public_key, digest> finished_;
    std::optional<time_point> ends_at_;
    bool warned_ = false;
};

} // namespace btard
