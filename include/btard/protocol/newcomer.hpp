// btard/protocol/newcomer.hpp: a peer that is no member, until it is one: asks, is tried, believes nobody alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/partition.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/actions.hpp>
#include <btard/protocol/audit.hpp>
#include <btard/protocol/ban/transcript_check.hpp>
#include <btard/protocol/log/introduction.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/roster.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

struct newcomer_setup {
    log_member who{};
    trust_root root = {}; ///< from where it is trusted: the run, and its first roster
    run_rules rules = {};
    std::size_t size = 0; ///< of the gradient
    std::vector<public_key> contacts =
        {}; ///< who is asked, in this order; when all were, those of the roster, in a drawn one
    std::chrono::nanoseconds patience = std::chrono::seconds(90); ///< until somebody else is asked
    bool observes = false; ///< it follows the run, and never wants to be a member
};

/// One that was a member before comes back like this, without a trial, when its wait is over.
///
/// Without clock, socket and gradients, as `peer`.  `poll_action` gives messages to send and gradients to compute.
///
/// What one member tells counts when a quorum has signed it, from the first roster on (`check_epochs`); what a step that
/// begins starts from, when f + 1 members of the roster say the same, one of which is honest.  Where nothing of that
/// comes, somebody else is asked.  Its first wish earns what it has to know.  The wish that counts, signed with the number of
/// the step that it knows, goes to f + 1 members, as what it commits to does: one that passes nothing on costs it nothing.
///
/// One that observes asks for no more than to be told, and whom it has asked may tell it of every step.
template <signer S>
class newcomer {
public:
    /// The signer stays where it is.
    newcomer(S const& key, newcomer_setup setup, time_point now) : key_(&key), setup_(std::move(setup)) {
        expects(!setup_.contacts.empty() && setup_.size > 0,
                "a newcomer that knows nobody whom it could ask, or no size");
        setup_.rules.validate(setup_.root.roster.size());
        ask(now);
    }

    /// One that has observed so far wants to be a member from now on.
    void ask_to_come_in(time_point now) {
        setup_.observes = false;
        if (known_ && !is_tried() && !is_member()) ask_to_be_tried(now);
    }

    // ---- what came in

    void handle_message(public_key const& from, wire::message const& message, time_point now) {
        if (auto const* about = std::get_if<wire::introduction>(&message); about && !is_member())
            hear(from, *about, now);
    }
    /// What `act::compute` asked for.
    void handle_gradient(std::uint64_t step, std::vector<float> gradient, std::uint32_t microbatches) {
        expects(gradient.size() == setup_.size, "a gradient of ", gradient.size(),
                " numbers, the rule wants ", setup_.size);
        if (!is_tried() || setup_.observes || step != known_->step || said_in_ == step) return;
        std::size_t const workers = duties_of(everybody(), known_->idle, step).workers.size();
        fixed_gradient const made(std::move(gradient), microbatches,
                                  partition(setup_.size, std::max<std::size_t>(1, workers)));
        wire::trial said{setup_.who, made.tree.root(), made.microbatches, {}};
        said.by = key_->sign(text_of_trial(hash_of(*known_), said).bytes);
        for (auto const& to : carriers()) actions_.push_back(act::send{to, said});
        said_in_ = step;
    }
    void handle_timeout(time_point now) {
        if (!is_member() && asks_again_ <= now) ask(now);
    }

    // ---- what goes out

    [[nodiscard]] std::optional<peer_action> poll_action() {
        if (actions_.empty()) return {};
        peer_action next = std::move(actions_.front());
        actions_.pop_front();
        return next;
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        if (is_member()) return {};
        return asks_again_;
    }

    // ---- getters

    [[nodiscard]] log_member const& who() const { return setup_.who; }
    /// The last step that it believes in; null: none yet.
    [[nodiscard]] step_context const* known() const { return known_ ? &*known_ : nullptr; }
    [[nodiscard]] bool is_tried() const { return known_ && on_list(*known_); }
    [[nodiscard]] bool is_member() const {
        return known_ && std::ranges::find(known_->roster, setup_.who) != known_->roster.end();
    }
    [[nodiscard]] public_key const& contact() const { return contact_; } ///< whom it has asked last
    [[nodiscard]] std::size_t asked() const { return asked_; }           ///< how often it has asked somebody
    [[nodiscard]] std::size_t refused() const { return refused_; }       ///< introductions that prove nothing

private:
    [[nodiscard]] bool on_list(step_context const& in) const {
        auto const* const on = in.probation.find(setup_.who.key);
        return on != nullptr && on->who == setup_.who;
    }

    void ask(time_point now) {
        std::vector<public_key> next = setup_.contacts;
        std::map<digest, public_key> drawn; // else liars that stand together in the roster come one after another
        for (auto const& one : known_ ? known_->roster : setup_.root.roster)
            drawn.emplace(tagged_hash("contact", setup_.who.key, one.key), one.key);
        for (auto const& [lot, one] : drawn)
            if (std::ranges::find(next, one) == next.end()) next.push_back(one);
        contact_ = next[asked_++ % next.size()];
        awaited_.insert(contact_);
        asks_again_ = now + setup_.patience;
        actions_.push_back(act::send{contact_, wish()});
    }
    /// What it knows is of these days: so it may be tried.  Members tell it nothing more until it is.
    void ask_to_be_tried(time_point now) {
        asks_again_ = now + setup_.patience;
        if (setup_.observes) return;
        for (auto const& to : carriers()) {
            awaited_.insert(to);
            actions_.push_back(act::send{to, wish()});
        }
    }
    [[nodiscard]] wire::join wish() const {
        return ask_to_join(*key_, setup_.root.run, setup_.who, known_ && !setup_.observes ? known_->step : 0);
    }
    /// f + 1 members: one at least is honest, and tells all others.
    [[nodiscard]] std::vector<public_key> carriers() const {
        auto all = everybody();
        std::vector<public_key> drawn;
        random_stream random(prg(known_->before, "carriers", setup_.who.key));
        for (std::size_t k = faults_in(*known_, setup_.rules) + 1; k > 0 && !all.empty(); --k)
            drawn.push_back(known_->roster[std::size_t(detail::draw_out(all, random))].key);
        return drawn;
    }
    [[nodiscard]] std::vector<peer_id> everybody() const {
        std::vector<peer_id> all;
        for (std::size_t k = 0; k < known_->roster.size(); ++k) all.push_back(peer_id(k));
        return all;
    }

    void hear(public_key const& from, wire::introduction const& about, time_point now) {
        if (!about.commits) return hear_voice(from, about.context, now);
        if (!awaited_.contains(from)) return;
        if (!setup_.observes) awaited_.erase(from); // one answer to a question
        if (known_ && about.context.step <= known_->step) return;
        if (!is_proved(about)) {
            awaited_.erase(from);
            ++refused_;
            return ask(now);
        }
        learn(about.context, now);
        if (!is_tried() && !is_member()) ask_to_be_tried(now);
    }
    [[nodiscard]] bool is_proved(wire::introduction const& about) const {
        epoch_rosters rosters;
        auto const& [epochs, context, commits] = about;
        if (check_epochs(epochs, *key_, setup_.rules, setup_.root, rosters)) return false;
        if (context.epoch + 1 != rosters.size() || context.roster != rosters.back()) return false;
        std::size_t const quorum = quorum_in(context, setup_.rules);
        return !check_context(context, *commits, *key_, setup_.rules, setup_.root.run, context.roster, quorum);
    }
    /// One voice for each member: its last one.
    void hear_voice(public_key const& from, step_context const& context, time_point now) {
        if (!known_ || context.run != setup_.root.run || context.step <= known_->step) return;
        if (std::ranges::find(known_->roster, from, &log_member::key) == known_->roster.end()) return;
        voices_[from] = context;
        auto const same = std::ranges::count_if(voices_, [&](auto const& one) { return one.second == context; });
        if (std::size_t(same) <= faults_in(*known_, setup_.rules)) return;
        learn(context, now);
        if (is_tried() && !setup_.observes)
            actions_.push_back(
                act::compute{known_->step, setup_.who.key, gradient_seed(known_->before, setup_.who.key), 0});
    }
    void learn(step_context const& context, time_point now) {
        known_ = context;
        std::erase_if(voices_, [&](auto const& one) { return one.second.step <= context.step; });
        if (!is_tried() && !is_member()) return;
        asks_again_ = now + setup_.patience;
        awaited_.clear(); // members tell it of each step: a proof of one that is going on would come in between
    }

    S const* key_;
    newcomer_setup setup_;
    std::optional<step_context> known_;
    std::map<public_key, step_context> voices_; // of a step later than that
    public_key contact_{};
    std::set<public_key> awaited_; // who was asked, and has not answered
    std::size_t asked_ = 0, refused_ = 0;
    time_point asks_again_{};
    std::optional<std::uint64_t> said_in_; // a step
    std::deque<peer_action> actions_;
};

} // namespace btard
