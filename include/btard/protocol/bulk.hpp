// btard/protocol/bulk.hpp: the rows, aggregates and evidence that one peer waits for in a phase, takes and passes on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/exchange.hpp>
#include <btard/protocol/need_list.hpp>
#include <btard/protocol/needs.hpp>
#include <btard/protocol/peer_outbox.hpp>
#include <btard/protocol/step/recent_steps.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

template <class M>
concept bulk_message =
    std::same_as<M, wire::row> || std::same_as<M, wire::aggregate> || std::same_as<M, wire::evidence>;

/// What the bodies are about, and is too long to be in them.
class bulk {
public:
    /// @param size of a gradient
    explicit bulk(std::size_t size) : exchange_(size) {}

    // ---- commands

    void begin_step() { exchange_.begin_step(); }
    /// These, too, beside what the phases need.
    void want(std::span<need const> more, recent_steps const& steps, time_point first) {
        for (auto const& one : more) exchange_.want(one, *steps.find(one.what.step), first);
    }
    /// A phase begins.
    ///
    /// @param there    see `need_list`
    /// @param patience so long it waits for what is pushed before it asks
    void enter(phase next, std::vector<need> needs, recent_steps const& steps, auto&& there, time_point now,
               std::chrono::nanoseconds patience, peer_outbox& out) {
        phase_ = next;
        needs_.begin(next, std::move(needs), *steps.now, there);
        for (auto const& one : needs_.all())
            exchange_.want(one, *steps.find(one.what.step), one.is_pushed ? now + patience : now);
        exchange_.retry([&](public_key const& from, wire::message const& message) {
            std::visit(
                [&]<class M>(M const& m) {
                    if constexpr (bulk_message<M>) take(from, m, steps, out);
                },
                message);
        });
    }
    void stop_waiting_for_rows_to_pass_on(step_state const& at) {
        needs_.stop_waiting_for_rows_to_pass_on(at);
    }

    // ---- what came in

    template <bulk_message M>
    void take(public_key const& from, M const& m, recent_steps const& steps, peer_outbox& out) {
        step_state* in = steps.find(m.step);
        if (!in || !steps.is_known(from, *in) || !exchange_.take(*in, from, m)) return;
        if constexpr (std::same_as<M, wire::row>)
            if (in == steps.now) pass_on(m, *in, out);
    }
    void answer(public_key const& from, wire::wanted const& m, recent_steps const& steps,
                peer_outbox& out) const {
        step_state const* in = steps.find(m.step);
        if (!in || !steps.is_known(from, *in)) return;
        if (auto found = exchange::answer(*in, m)) out.post(from, *std::move(found));
    }
    /// @param again when an unanswered question is asked once more
    void handle_timeout(time_point now, std::chrono::nanoseconds again, peer_outbox& out) {
        exchange_.handle_timeout(
            now, again, [&](public_key const& whom, wire::wanted const& what) { out.post(whom, what); });
    }

    // ---- getters

    [[nodiscard]] std::optional<time_point> poll_deadline() const { return exchange_.poll_deadline(); }
    /// It waits for rows of others that it passes on.
    [[nodiscard]] bool passes_on() const { return needs_.passes_on(); }
    /// Those that it could not pass on.
    [[nodiscard]] std::span<wire::complaint const> not_passed() const { return needs_.not_passed(); }
    /// All that the body of the phase is about is here, or not awaited.
    [[nodiscard]] bool is_settled(recent_steps const& steps) const { return needs_.are_settled(steps); }
    /// Which of it is here, in its order.
    [[nodiscard]] member_set held(recent_steps const& steps) const { return needs_.held(steps); }
    /// Is all of it here that is marked?
    ///
    /// @param marked in the order of what the body is about
    [[nodiscard]] bool has(std::vector<bool> const& marked, recent_steps const& steps) const {
        auto const here = held(steps);
        for (std::size_t k = 0; k < marked.size(); ++k)
            if (marked[k] && !here.contains(k)) return false;
        return true;
    }

private:
    void pass_on(wire::row const& m, step_state const& at, peer_outbox& out) const {
        if (phase_ != phase::result) return;
        auto const* const way = at.record.detour_of(m.part, m.sender);
        if (way && way->via == at.self) out.post(at.key(at.part(m.part).owner), m);
    }

    exchange exchange_;
    need_list needs_;
    phase phase_ = phase::commit;
};

} // namespace btard
