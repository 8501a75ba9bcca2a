// btard/protocol/log/proceedings.hpp: the broadcasts of a run, one after another.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/log/broadcast.hpp>
#include <btard/protocol/log/closed_log.hpp>
#include <btard/protocol/log/contest.hpp>
#include <btard/protocol/log/early_log_messages.hpp>
#include <btard/protocol/log/epochs.hpp>
#include <btard/protocol/log/log_actions.hpp>
#include <btard/protocol/log/marked_members.hpp>
#include <btard/protocol/log/outgoing.hpp>
#include <btard/protocol/log/said.hpp>
#include <btard/protocol/log/session.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// When a broadcast has to be over.
struct phase_times {
    time_point deadline;                  ///< D
    time_point short_deadline;            ///< for members that were silent in the one before
    std::chrono::nanoseconds interval;    ///< delta, of the relay
    std::chrono::nanoseconds question;    ///< a question and its answer, less than delta
};

/// Runs one broadcast at a time.  Those of this step and of the one before go on answering questions, since others may
/// not have closed them; messages that come too early wait.
template <signer S>
class proceedings {
public:
    struct paused {
        std::size_t heard, quorum;
    };

    /// The signer stays where it is.
    proceedings(S const& with, public_key const& self, digest const& run) : with_(&with), self_(self), run_(run) {}

    // ---- commands

    void begin(std::shared_ptr<roster const> among, place at, std::size_t faults, phase_times const& times) {
        std::erase_if(held_, [&](auto const& old) { return old->at.step + 1 < at.step; });
        if (inherited_ && inherited_->at.step + 1 < at.step) inherited_.reset();
        epochs_.begin(at.step, at.epoch, among);
        auto const marked = marked_in(at, among->size(), faults);
        broadcast_setup setup{.in = {run_, at},
                              .self = among->find(self_).value(),
                              .members = among->members(),
                              .faults = faults,
                              .quorum = quorum_of(marked.slots(), faults),
                              .deadline = times.deadline,
                              .interval = times.interval,
                              .left_out = marked.left_out()};
        if (!held_.empty() && held_.back()->among == among) {
            setup.not_waited_for = held_.back()->machine.silent();
            setup.short_deadline = std::min(times.short_deadline, times.deadline);
        }
        held_.push_back(std::make_unique<session<S>>(at, std::move(among), faults, broadcast<S>(*with_, setup)));
        times_ = times;
        closed_ = false;
        doubtful_.reset();
        early_.deliver(at, [this](public_key const& from, wire::log_message const& message) {
            if (auto const here = now().among->find(from)) now().machine.handle_message(*here, message);
        });
    }
    /// The last broadcast of the step before the first one of this member: what the next one says about it must be
    /// judged.  It is closed, and others answer for it.
    ///
    /// @param faults f of its members
    /// @param epochs up to that of the broadcast
    void inherit(place at, log_list log, std::size_t faults, std::span<past_epoch const> epochs) {
        expects(!begun() && !epochs.empty(), "broadcasts go on after others, or after none");
        epochs_.inherit(epochs);
        inherited_.emplace(at, epochs_.newest(), faults, std::move(log));
    }
    /// Nothing happens if somebody else has spoken with the same key: two bodies would be proof of a lie.
    void submit(std::vector<std::byte> body) {
        if (!now().machine.spoke()) now().machine.submit(std::move(body));
    }
    void hasten(time_point deadline) { now().machine.hasten(deadline); }

    // ---- what came in

    void handle_message(public_key const& from, wire::log_message const& message, time_point at) {
        place const where = place_of(message);
        for (auto next = held_.rbegin(); next != held_.rend(); ++next) {
            if ((*next)->at != where) continue;
            auto const who = (*next)->among->find(from);
            if (!who) return;
            bool const was_full = (*next)->is_full();
            (*next)->machine.handle_message(*who, message);
            bool const counts = (next == held_.rbegin() && closed_) || next == held_.rbegin() + 1;
            if (counts && !was_full && (*next)->is_full()) sooner_ = at + 3 * times_.question;
            return;
        }
        if (!begun() && !inherited_) return;
        roster const& known = begun() ? *now().among : *inherited_->among;
        if (early_.keep(from, message, this->at(), known) && begun() && !closed_ && !doubtful_)
            doubtful_ = at + times_.question; // it has closed this one: how?
    }
    void handle_timeout(time_point at) {
        if (held_.empty()) return;
        auto& machine = now().machine;
        if (doubtful_ && *doubtful_ <= at) {
            machine.ask_for_certificate();
            doubtful_ = at + times_.question; // the time of the next phase counts from when it was closed
        }
        machine.handle_timeout(at);
    }

    // ---- what goes out

    /// @param at the time now: when a list is signed and its certificate does not come, somebody else may have closed
    [[nodiscard]] std::optional<log_outgoing> poll(time_point at) {
        for (auto& one : held_) {
            while (auto action = one->machine.poll_action()) {
                bool const current = one == held_.back();
                if (auto* to = std::get_if<act::send_log>(&*action))
                    return log_outgoing{one->among->key(to->to), one->among, std::move(to->message)};
                if (auto* all = std::get_if<act::broadcast_log>(&*action))
                    return log_outgoing{{}, one->among, std::move(all->message)};
                if (auto* proof = std::get_if<act::log_proof>(&*action))
                    proofs_.push_back(std::move(proof->evidence));
                if (auto const* heard = std::get_if<act::log_paused>(&*action))
                    pause_ = paused{heard->heard, heard->quorum};
                if (std::holds_alternative<act::log_closed>(*action) && current) {
                    closed_ = true;
                    // Who has closed in another way by now does not ask any more.
                    if (one->is_full() && at > one->machine.deadline())
                        return log_outgoing{{}, one->among, one->machine.certificate().value()};
                }
            }
        }
        if (!held_.empty() && !closed_ && !doubtful_ && now().machine.where() == broadcast_stage::listed)
            doubtful_ = at + times_.question;
        return {};
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        if (held_.empty() || closed_) return {};
        auto const next = now().machine.poll_deadline();
        if (!next || !doubtful_) return next ? next : doubtful_;
        return std::min(*next, *doubtful_);
    }
    /// From when the time of the next broadcast counts, if that is known only now.
    [[nodiscard]] std::optional<time_point> poll_sooner() { return std::exchange(sooner_, {}); }
    [[nodiscard]] std::optional<paused> poll_pause() { return std::exchange(pause_, {}); }

    // ---- getters

    [[nodiscard]] bool begun() const { return !held_.empty(); }
    [[nodiscard]] bool closed() const { return closed_; }
    /// It may speak in the broadcast that is going on: no log of the step before it has marked it.
    [[nodiscard]] bool has_slot(peer_id who) const { return now().machine.has_slot(who); }
    [[nodiscard]] broadcast<S> const& current() const { return now().machine; }
    [[nodiscard]] place const& at() const { return begun() ? now().at : inherited_.value().at; }

    /// From when the time of the next broadcast counts.  Closed by everybody's signature: the others learn of it by a
    /// question or two.  Otherwise: when a relay would be over.
    [[nodiscard]] time_point next_from(time_point at) const {
        auto const& machine = now().machine;
        if (machine.how() != closed_by::full_certificate) return machine.next_from();
        return std::min(at, machine.next_from()) + 3 * times_.question;
    }
    /// When those need not be waited for any more that were silent here.
    [[nodiscard]] time_point short_from() const { return now().machine.deadline() + 3 * times_.interval; }

    /// What the members said, and what they said of the broadcast before.
    template <class Body>
    struct minutes {
        agreed_log<Body> log;
        std::vector<wire::aftermath> reports;
    };
    template <class Body>
    [[nodiscard]] minutes<Body> read() const {
        minutes<Body> all;
        using kind = typename log_entry<Body>::kind;
        for (std::size_t k = 0; k < now().among->size(); ++k) {
            auto& entry = all.log.emplace_back();
            auto const of = current().log()[k].kind;
            if (of == entry_kind::equivocated) entry.is = kind::equivocated;
            if (of != entry_kind::body) continue;
            auto said = decode_said<Body>(current().body(peer_id(k)), now().among->size());
            entry.is = said ? kind::present : kind::garbled;
            if (!said) continue;
            entry.body = std::move(said->body);
            all.reports.push_back(std::move(said->before));
        }
        return all;
    }
    /// What this member saw of the broadcast before: to be said in this one.
    [[nodiscard]] wire::aftermath aftermath() {
        if (held_.size() < 2) return {};
        auto const& last = *held_[held_.size() - 2];
        auto seen = aftermath_of(last.machine, last.at);
        for (auto& proof : proofs_)
            if (epochs_.find(proof.in.at.epoch) != nullptr) seen.proofs.push_back(std::move(proof));
        proofs_.clear();
        return seen;
    }
    /// Who pays for the broadcast before, and who is proved to have signed twice.
    [[nodiscard]] contest_verdict judge_last(std::span<wire::aftermath const> reports) const {
        if (!has_last()) return {};
        auto const last = held_.size() > 1 ? held_[held_.size() - 2]->closed() : inherited_->closed();
        return judge_closed(*with_, run_, last, last.faults, reports, epochs_);
    }
    /// The logs of a step, of this one or the one before, in their order, with all signatures that are here.
    [[nodiscard]] std::vector<kept_log> logs_of(std::uint64_t step) const {
        std::vector<kept_log> all;
        for (auto const& one : held_)
            if (one->at.step == step && one->machine.decided()) all.push_back(one->kept());
        return all;
    }
    /// Two statements of a member for one slot: seen here, or shown by others in the next broadcast.
    [[nodiscard]] std::optional<equivocation> proof_against(public_key const& who) const {
        std::optional<equivocation> found;
        if (inherited_ && begun()) found = shown_after(inherited_->closed(), *held_.front(), who);
        for (std::size_t k = 0; k < held_.size() && !found; ++k) {
            auto const& one = *held_[k];
            if (!one.machine.decided()) continue;
            if (auto const member = one.among->find(who)) found = one.machine.equivocated(*member);
            if (!found && k + 1 < held_.size()) found = shown_after(one.closed(), *held_[k + 1], who);
        }
        return found;
    }
    [[nodiscard]] bool has_last() const { return held_.size() > 1 || (begun() && inherited_); }
    /// The members of the broadcast before.
    [[nodiscard]] roster const& last_members() const {
        return held_.size() > 1 ? *held_[held_.size() - 2]->among : *inherited_.value().among;
    }
    /// For `inherit`.
    [[nodiscard]] std::vector<past_epoch> epochs() const { return epochs_.list(); }

private:
    [[nodiscard]] std::optional<equivocation> shown_after(closed_log const& one, session<S> const& next,
                                                          public_key const& who) const {
        if (!next.machine.decided()) return {};
        return proof_of(judge_closed(*with_, run_, one, 0, next.reports(), epochs_), one, who);
    }

    /// All who begin the broadcast have agreed on the logs of the step before it.
    [[nodiscard]] marked_members marked_in(place const& at, std::size_t members, std::size_t faults) const {
        marked_members marked(members, faults);
        for (auto const& one : held_)
            if (one->at.step == at.step && one->at.epoch == at.epoch && one->machine.decided())
                marked.read(one->machine.log());
        return marked;
    }

    [[nodiscard]] session<S>& now() { return *held_.back(); }
    [[nodiscard]] session<S> const& now() const { return *held_.back(); }

    S const* with_;
    public_key self_;
    digest run_;
    std::vector<std::unique_ptr<session<S>>> held_; // the last one is going on
    std::optional<inherited_log> inherited_;        // until the step after it is over
    recent_epochs epochs_;
    phase_times times_{};
    bool closed_ = false;
    std::optional<time_point> doubtful_; // when to ask whether others have closed it
    std::optional<time_point> sooner_;
    std::optional<paused> pause_;
    early_log_messages early_;
    std::vector<equivocation> proofs_;
};

} // namespace btard
