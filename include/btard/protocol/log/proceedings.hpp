// btard/protocol/log/proceedings.hpp: the broadcasts of a run, one after another.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/log/broadcast.hpp>
#include <btard/protocol/log/contest.hpp>
#include <btard/protocol/log/log_actions.hpp>
#include <btard/protocol/log/marked_members.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

namespace wire {
/// The body of a broadcast as it is signed: before what a member has to say stands what it saw of the broadcast before.
template <class Body>
struct said {
    aftermath before{};
    Body body{};

    static constexpr void members(auto& self, auto&& member) {
        member(self.before);
        member(self.body);
    }
    friend bool operator==(said const&, said const&) = default;
};
} // namespace wire

/// There is not more to say of the broadcast before: whoever says more wants others to check signatures for nothing.
///
/// @param members of this broadcast; that before it may have had some more
template <class Body>
[[nodiscard]] std::optional<wire::said<Body>> decode_said(std::span<std::byte const> bytes, std::size_t members) {
    auto said = decode<wire::said<Body>>(bytes);
    std::size_t const most = 4 * members + 64;
    if (said && std::max(said->before.lists.size(), said->before.proofs.size()) > most) said.reset();
    return said;
}

/// The members of an epoch, and where each of them stands.
class roster {
public:
    explicit roster(std::vector<log_member> members) : members_(std::move(members)) {
        for (std::size_t k = 0; k < members_.size(); ++k) places_.emplace(members_[k].key, peer_id(k));
    }
    [[nodiscard]] std::vector<log_member> const& members() const { return members_; }
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    [[nodiscard]] public_key const& key(peer_id of) const { return members_[static_cast<std::size_t>(of)].key; }
    [[nodiscard]] std::optional<peer_id> find(public_key const& key) const {
        auto const at = places_.find(key);
        if (at == places_.end()) return {};
        return at->second;
    }

private:
    std::vector<log_member> members_;
    std::map<public_key, peer_id> places_;
};

/// An epoch whose statements may still be shown: of the step, or of one of the two before.
struct past_epoch {
    std::uint64_t number = 0, last_step = 0;
    std::vector<log_member> members_then = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.number);
        member(self.last_step);
        member(self.members_then, &wire_limits::peers);
    }
    friend bool operator==(past_epoch const&, past_epoch const&) = default;
};

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
    /// To all other members of that broadcast where `to` is absent.
    struct outgoing {
        std::optional<public_key> to;
        std::shared_ptr<roster const> among;
        wire::log_message message;
    };
    struct paused {
        std::size_t heard, quorum;
    };

    /// The signer stays where it is.
    proceedings(S const& with, public_key const& self, digest const& run) : with_(&with), self_(self), run_(run) {}

    // ---- commands

    void begin(std::shared_ptr<roster const> among, place at, std::size_t faults, phase_times const& times) {
        std::erase_if(held_, [&](auto const& old) { return old->at.step + 1 < at.step; });
        if (inherited_ && inherited_->at.step + 1 < at.step) inherited_.reset();
        std::erase_if(epochs_,
                      [&](epoch const& old) { return old.last_step + 2 < at.step || old.number == at.epoch; });
        epochs_.push_back({at.epoch, at.step, among});
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
        held_.push_back(std::make_unique<session>(at, std::move(among), faults, broadcast<S>(*with_, setup)));
        times_ = times;
        closed_ = false;
        doubtful_.reset();
        for (auto& [from, waiting] : early_) {
            auto const here = now().among->find(from);
            for (auto& message : std::exchange(waiting, {})) {
                if (place_of(message) == at && here) now().machine.handle_message(*here, message);
                else if (before(at, place_of(message))) waiting.push_back(std::move(message));
            }
        }
        std::erase_if(early_, [](auto const& one) { return one.second.empty(); });
    }
    /// The last broadcast of the step before the first one of this member: what the next one says about it must be
    /// judged.  It is closed, and others answer for it.
    ///
    /// @param faults f of its members
    /// @param epochs up to that of the broadcast
    void inherit(place at, log_list log, std::size_t faults, std::span<past_epoch const> epochs) {
        expects(!begun() && !epochs.empty(), "broadcasts go on after others, or after none");
        for (auto const& [number, last_step, then] : epochs)
            epochs_.push_back({number, last_step, std::make_shared<roster const>(then)});
        inherited_.emplace(at, epochs_.back().among, faults, std::move(log));
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
        if (!before(this->at(), where) || where.step > this->at().step + 1) return;
        if (!is_small(message, known.size())) return;
        if (!known.find(from)) { // perhaps a member of the next step, whom this member does not know yet
            bool const room = early_.contains(from) || early_.size() < 2 * known.size();
            if (where.step == this->at().step || !room) return;
        }
        auto& waiting = early_[from];
        if (waiting.size() < most_early) waiting.push_back(message);
        if (begun() && !closed_ && !doubtful_ && known.find(from))
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
    [[nodiscard]] std::optional<outgoing> poll(time_point at) {
        for (auto& one : held_) {
            while (auto action = one->machine.poll_action()) {
                bool const current = one == held_.back();
                if (auto* to = std::get_if<act::send_log>(&*action))
                    return outgoing{one->among->key(to->to), one->among, std::move(to->message)};
                if (auto* all = std::get_if<act::broadcast_log>(&*action))
                    return outgoing{{}, one->among, std::move(all->message)};
                if (auto* proof = std::get_if<act::log_proof>(&*action))
                    proofs_.push_back(std::move(proof->evidence));
                if (auto const* heard = std::get_if<act::log_paused>(&*action))
                    pause_ = paused{heard->heard, heard->quorum};
                if (std::holds_alternative<act::log_closed>(*action) && current) {
                    closed_ = true;
                    // Who has closed in another way by now does not ask any more.
                    if (one->is_full() && at > one->machine.deadline())
                        return outgoing{{}, one->among, one->machine.certificate().value()};
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
            if (find_epoch(proof.in.at.epoch) != nullptr) seen.proofs.push_back(std::move(proof));
        proofs_.clear();
        return seen;
    }
    /// Who pays for the broadcast before, and who is proved to have signed twice.
    [[nodiscard]] contest_verdict judge_last(std::span<wire::aftermath const> reports) const {
        if (!has_last()) return {};
        last_log const last = held_.size() > 1 ? last_log(*held_[held_.size() - 2]) : last_log(*inherited_);
        return judge(last, last.faults, reports);
    }
    /// The logs of a step, of this one or the one before, in their order, with all signatures that are here.
    [[nodiscard]] std::vector<kept_log> logs_of(std::uint64_t step) const {
        std::vector<kept_log> all;
        for (auto const& one : held_) {
            auto const& machine = one->machine;
            if (one->at.step != step || !machine.decided()) continue;
            auto& log = all.emplace_back();
            log.certificate =
                machine.certificate().value_or(wire::log_certificate{one->at, false, machine.log(), {}});
            for (std::size_t k = 0; k < one->among->size(); ++k)
                if (auto const* said = machine.whole_body(peer_id(k)))
                    log.bodies.push_back({said->bytes, said->by_sender});
        }
        return all;
    }
    /// Two statements of a member for one slot: seen here, or shown by others in the next broadcast.
    [[nodiscard]] std::optional<equivocation> proof_against(public_key const& who) const {
        std::optional<equivocation> found;
        if (inherited_ && begun()) found = shown_after(last_log(*inherited_), *held_.front(), who);
        for (std::size_t k = 0; k < held_.size() && !found; ++k) {
            auto const& one = *held_[k];
            if (!one.machine.decided()) continue;
            if (auto const member = one.among->find(who)) found = one.machine.equivocated(*member);
            if (!found && k + 1 < held_.size()) found = shown_after(last_log(one), *held_[k + 1], who);
        }
        return found;
    }
    [[nodiscard]] bool has_last() const { return held_.size() > 1 || (begun() && inherited_); }
    /// The members of the broadcast before.
    [[nodiscard]] roster const& last_members() const {
        return held_.size() > 1 ? *held_[held_.size() - 2]->among : *inherited_.value().among;
    }
    /// For `inherit`.
    [[nodiscard]] std::vector<past_epoch> epochs() const {
        std::vector<past_epoch> all;
        for (auto const& [number, last_step, then] : epochs_) all.push_back({number, last_step, then->members()});
        return all;
    }

private:
    struct session {
        session(place where, std::shared_ptr<roster const> who, std::size_t f, broadcast<S> with)
            : at(where), among(std::move(who)), faults(f), machine(std::move(with)) {}
        place at;
        std::shared_ptr<roster const> among;
        std::size_t faults; ///< among these members: those who judge may be fewer by then
        broadcast<S> machine;

        [[nodiscard]] bool is_full() const {
            return machine.decided() && machine.how() == closed_by::full_certificate;
        }
    };
    static constexpr std::size_t most_early = 64; // messages of one member
    static constexpr std::size_t most_early_bytes = 1u << 16; // of one of them

    /// A body of so many bytes at most; lists and signatures of not more members than the next roster may have.
    [[nodiscard]] static bool is_small(wire::log_message const& message, std::size_t members) {
        std::size_t const most = 2 * members;
        auto const fits = [most](wire::log_certificate const& one) {
            return one.list.size() <= most && one.signatures.size() <= most;
        };
        if (auto const* one = std::get_if<wire::signed_body>(&message)) return one->bytes.size() <= most_early_bytes;
        if (auto const* one = std::get_if<wire::relayed_body>(&message))
            return one->body.bytes.size() <= most_early_bytes && one->relays.size() <= most;
        if (auto const* one = std::get_if<wire::signed_list>(&message)) return one->list.size() <= most;
        if (auto const* one = std::get_if<wire::log_question>(&message)) return one->bodies.size() <= most;
        if (auto const* one = std::get_if<wire::log_certificate>(&message)) return fits(*one);
        if (auto const* one = std::get_if<wire::relayed_certificate>(&message))
            return fits(one->certificate) && one->relays.size() <= most;
        return true; // of a fixed size
    }

    /// Its proofs count up to two steps after its end: so long may a member see them, and say them in a body.
    struct epoch {
        std::uint64_t number, last_step;
        std::shared_ptr<roster const> among;
    };
    [[nodiscard]] roster const* find_epoch(std::uint64_t number) const {
        auto const at = std::ranges::find(epochs_, number, &epoch::number);
        return at == epochs_.end() ? nullptr : at->among.get();
    }
    struct inherited {
        inherited(place where, std::shared_ptr<roster const> who, std::size_t f, log_list agreed)
            : at(where), among(std::move(who)), faults(f), log(std::move(agreed)) {}
        place at;
        std::shared_ptr<roster const> among;
        std::size_t faults;
        log_list log;
    };
    /// Of a broadcast, what the one after it is about.
    struct last_log {
        explicit last_log(session const& of)
            : at(of.at), among(*of.among), faults(of.faults), log(of.machine.log()) {}
        explicit last_log(inherited const& of) : at(of.at), among(*of.among), faults(of.faults), log(of.log) {}
        place at;
        roster const& among;
        std::size_t faults;
        log_list const& log;
    };
    [[nodiscard]] contest_verdict judge(last_log const& one, std::size_t faults,
                                        std::span<wire::aftermath const> reports) const {
        auto const& members = one.among.members();
        auto verdict = judge_contest(*with_, {run_, one.at}, members, faults, one.log, reports);
        for (auto const& report : reports) {
            for (auto const& proof : report.proofs) {
                auto const* const then = find_epoch(proof.in.at.epoch);
                if (then == nullptr || proof.in.run != run_ || proof.in.at.epoch == one.at.epoch) continue;
                if (static_cast<std::size_t>(proof.member) >= then->size()) continue;
                auto const& who = then->key(proof.member);
                auto const same = [&](auto const& known) {
                    return known.first == who && known.second.kind == proof.kind;
                };
                if (std::ranges::none_of(verdict.earlier, same) && proves(proof, *with_, then->members()))
                    verdict.earlier.emplace_back(who, proof);
            }
        }
        return verdict;
    }

    [[nodiscard]] std::optional<equivocation> shown_after(last_log const& one, session const& next,
                                                          public_key const& who) const {
        if (!next.machine.decided()) return {};
        std::vector<wire::aftermath> reports;
        for (std::size_t m = 0; m < next.among->size(); ++m) {
            wire::aftermath seen;
            if (byte_reader(next.machine.body(peer_id(m))).read(seen)) reports.push_back(std::move(seen));
        }
        auto const verdict = judge(one, 0, reports);
        for (auto const& proof : verdict.proofs)
            if (one.among.key(proof.member) == who) return proof;
        for (auto const& [key, proof] : verdict.earlier)
            if (key == who) return proof;
        return {};
    }

    /// All who begin the broadcast have agreed on the logs of the step before it.
    [[nodiscard]] marked_members marked_in(place const& at, std::size_t members, std::size_t faults) const {
        marked_members marked(members, faults);
        for (auto const& one : held_)
            if (one->at.step == at.step && one->at.epoch == at.epoch && one->machine.decided())
                marked.read(one->machine.log());
        return marked;
    }

    [[nodiscard]] session& now() { return *held_.back(); }
    [[nodiscard]] session const& now() const { return *held_.back(); }

    [[nodiscard]] static place place_of(wire::log_message const& message) {
        return std::visit(
            [](auto const& m) {
                if constexpr (requires { m.at; }) return m.at;
                else if constexpr (requires { m.body.at; }) return m.body.at;
                else return m.certificate.at;
            },
            message);
    }
    /// Shares and reveals alternate.
    [[nodiscard]] static std::pair<std::uint64_t, std::uint64_t> order(place const& of) {
        auto const share = static_cast<std::uint8_t>(phase::share), reveal = static_cast<std::uint8_t>(phase::reveal);
        std::uint64_t const draws = std::uint64_t{1} << 34; // more than there can be
        if (of.phase < share) return {of.step, of.phase};
        if (of.phase > reveal) return {of.step, draws + of.phase};
        return {of.step, share + 2 * std::uint64_t{of.draw} + (of.phase == reveal)};
    }
    [[nodiscard]] static bool before(place const& a, place const& b) { return order(a) < order(b); }

    S const* with_;
    public_key self_;
    digest run_;
    std::vector<std::unique_ptr<session>> held_; // the last one is going on
    std::optional<inherited> inherited_;         // until the step after it is over
    std::vector<epoch> epochs_;                  // of this step and the two before
    phase_times times_{};
    bool closed_ = false;
    std::optional<time_point> doubtful_; // when to ask whether others have closed it
    std::optional<time_point> sooner_;
    std::optional<paused> pause_;
    std::map<public_key, std::vector<wire::log_message>> early_;
    std::vector<equivocation> proofs_;
};

} // namespace btard
