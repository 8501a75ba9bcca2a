// btard/node/coordinator_node.hpp: brings the founders of a run together, then watches it and keeps its states.
// SPDX-License-Identifier: Apache-2.0
#pragma once

//   gathering --enough are ready--> running --all have finished--> finished
//
//   It is no member: it has no vote, no part and no say in anything.  When it is gone the run goes on, and when it comes
//   back it follows it again.

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
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
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

struct coordinator_events {
    std::function<void(wire::charter const&)> founded = [](auto const&) {};
    /// What one trainer says of one of its steps.
    std::function<void(public_key const&, wire::metrics const&)> told = [](auto const&, auto const&) {};
    /// So many steps are over by what more than f trainers say.
    std::function<void(std::uint64_t)> stepped = [](auto) {};
    std::function<void(bool good)> ended = [](bool) {};
};

template <verifiable_aggregator Rule>
class coordinator_node final : public run_node {
public:
    using plan_type = run_plan<Rule>;

    /// @param founders so many trainers are waited for
    coordinator_node(asio::io_context& io, identity const& who, node_setup setup, std::string settings,
                     std::unique_ptr<plan_type> plan, std::size_t founders, coordinator_events events)
        : run_node(io, who, run_role::coordinator, std::move(setup)), plan_(std::move(plan)), wanted_(founders),
          events_(std::move(events)) {
        auto& made = charter_.emplace();
        made.settings = wire::letters(settings);
        made.numerics = numerics_of(*plan_, plan_->rules.tolerance == 0);
        made.start = root_of(plan_->first());
        made.nonce = life_;
    }

    void stop() { end(false); }
    [[nodiscard]] std::size_t ready() const { return ready_.size(); }

private:
    void on_greeted(public_key const& from, acquaintance const& who) override {
        if (who.role != run_role::trainer) return;
        post(from, *charter_);
        if (run()) post(from, book_.known());
    }
    void on_link_lost(public_key const& key, time_point) override {
        if (!run() && std::erase_if(ready_, [&](auto const& one) { return one.key == key; }) > 0)
            say(concat("founders: ", ready_.size(), " of ", wanted_));
        check_end();
    }
    void on_run_message(public_key const& from, wire::run_message& message, time_point) override {
        if (std::get_if<wire::ready>(&message)) hear_ready(from);
        else if (auto* const told = std::get_if<wire::metrics>(&message)) hear_metrics(from, *told);
        else if (auto const* const last = std::get_if<wire::finished>(&message)) hear_finished(from, *last);
    }
    void hear_ready(public_key const& from) {
        if (run() || std::ranges::find(ready_, from, &log_member::key) != ready_.end()) return;
        ready_.push_back({from, known().at(from).life});
        say(concat("founders: ", ready_.size(), " of ", wanted_, ", ", short_name(from), " at ", known().at(from).address));
        if (ready_.size() == wanted_) begin();
    }
    void begin() {
        std::ranges::sort(ready_, {}, &log_member::key);
        charter_->founders = ready_;
        events_.founded(*charter_);
        say(concat("run ", short_name(*run()), " begins with ", wanted_, " founders"));
        post_all(book_.known());
        post_all(*charter_);
    }
    void hear_metrics(public_key const& from, wire::metrics const& told) {
        if (!run()) return;
        events_.told(from, told);
        auto& steps = done_[from];
        steps = std::max(steps, told.step + 1);
        std::vector<std::uint64_t> all; // the (f + 1)-th largest: one honest trainer has come so far
        for (auto const& [key, count] : done_) all.push_back(count);
        std::ranges::sort(all, std::greater{});
        if (all.size() <= plan_->rules.faults || all[plan_->rules.faults] <= steps_) return;
        steps_ = all[plan_->rules.faults];
        events_.stepped(steps_);
    }
    void hear_finished(public_key const& from, wire::finished const& said) {
        finished_[from] = said.root;
        check_end();
    }
    void check_end() {
        if (ending_ || finished_.size() <= plan_->rules.faults) return;
        for (auto const& [key, one] : known())
            if (one.role == run_role::trainer && !finished_.contains(key)) return;
        std::map<digest, std::size_t> same;
        for (auto const& [key, root] : finished_) ++same[root];
        auto const most = std::ranges::max_element(same, {}, [](auto const& one) { return one.second; });
        say(concat("all have finished; ", most->second, " of ", finished_.size(), " have the same parameters, ",
                   short_name(most->first)));
        end(true);
    }
    void end(bool good) {
        if (std::exchange(ending_, true)) return;
        events_.ended(good);
        net_->stop(std::chrono::seconds(2));
    }

    std::unique_ptr<plan_type> plan_;
    std::size_t wanted_;
    coordinator_events events_;
    std::vector<log_member> ready_;
    std::map<public_key, std::uint64_t> done_; // steps, by what each one says
    std::uint64_t steps_ = 0;
    std::map<public_key, digest> finished_;
};

} // namespace btard
