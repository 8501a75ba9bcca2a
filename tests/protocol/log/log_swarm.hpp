// A roster of agreement machines whose messages arrive at once; liars are played by the test.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/log/broadcast.hpp>
#include <btard/testing/counting_signer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

namespace log_test {

using namespace btard;
using signer_type = testing::counting_signer;

inline constexpr std::chrono::nanoseconds delta{1'000};
inline time_point at(std::int64_t half_intervals) {
    return time_point{} + 100 * delta + half_intervals * delta / 2;
}

inline slot_context const here{.run = {{std::byte{7}}}, .at = {.epoch = 1, .step = 5, .phase = 2, .draw = 0}};

/// Keys and members that stay where they are.
struct keys {
    std::vector<signer_type> signers;
    std::vector<log_member> members;
    explicit keys(std::size_t n) {
        for (std::size_t k = 0; k < n; ++k) {
            signers.emplace_back(k);
            members.push_back({signers.back().key(), {std::byte(k + 1)}});
        }
    }
};

inline std::vector<std::byte> body_of(std::size_t member, unsigned variant = 0) {
    return {std::byte(member), std::byte(variant), std::byte{42}};
}

template <broadcast_rules rules = broadcast_rules{}>
struct swarm {
    using machine = broadcast<signer_type, rules>;

    std::shared_ptr<keys const> who;
    std::size_t n, f, q;
    std::vector<std::optional<machine>> peers;          // nothing: a liar, or crashed
    std::set<std::pair<digest, std::uint32_t>> relayed; // item, honest member that countersigned it
    std::size_t sent = 0, proofs = 0, pauses = 0;
    std::vector<std::vector<bool>> cut; // cut[a][b]: nothing gets from a to b
    std::vector<bool> left_out;         // empty: nobody

    swarm(std::size_t n_, std::size_t f_, std::size_t liars, std::vector<bool> without_slot = {})
        : who(std::make_shared<keys const>(n_)), n(n_), f(f_),
          q(quorum_of(n_ - static_cast<std::size_t>(std::ranges::count(without_slot, true)), f_)), peers(n_),
          cut(n_, std::vector<bool>(n_)), left_out(std::move(without_slot)) {
        for (std::size_t k = liars; k < n; ++k) peers[k].emplace(who->signers[k], setup(k));
    }
    broadcast_setup setup(std::size_t k) const {
        broadcast_setup made{here, peer_id(k), who->members, f, q, at(0), delta};
        made.left_out = left_out;
        return made;
    }

    void submit_all() {
        for (std::size_t k = 0; k < n; ++k)
            if (peers[k]) peers[k]->submit(body_of(k));
        flush();
    }
    /// Of two liars one sends a body to one member alone, when it is too late for a pull.
    void contest_a_slot() {
        submit_all();
        for (std::size_t h = 2; h < n; ++h) deliver(1, h, body(1, 0));
        flush();
        tick(at(0));
        deliver(0, 2, body(0, 1));
        tick(at(2));
    }
    void deliver(std::size_t from, std::size_t to, wire::log_message const& m) {
        if (from != to && peers[to] && !cut[from][to]) peers[to]->handle_message(peer_id(from), m);
    }
    void note(std::size_t from, wire::log_message const& m) {
        if (auto const* b = std::get_if<wire::relayed_body>(&m))
            relayed.insert({sha256_of(b->body.bytes), from});
        if (auto const* c = std::get_if<wire::relayed_certificate>(&m))
            relayed.insert({hash_of(c->certificate.list), from});
    }
    /// All that is to go out goes, and all that follows from it; at most `limit` sends if it is given.
    void flush(std::optional<std::pair<std::size_t, std::size_t>> crash = {}) {
        for (bool moved = true; moved;) {
            moved = false;
            for (std::size_t k = 0; k < n; ++k) {
                while (peers[k]) {
                    auto const action = peers[k]->poll_action();
                    if (!action) break;
                    moved = true;
                    auto const post = [&](std::size_t to, wire::log_message const& m) {
                        if (crash && crash->first == k && peers[k] && crash->second-- == 0) peers[k].reset();
                        if (peers[k]) ++sent, deliver(k, to, m);
                    };
                    if (auto const* one = std::get_if<act::send_log>(&*action)) {
                        post(static_cast<std::size_t>(one->to), one->message);
                    } else if (auto const* all = std::get_if<act::broadcast_log>(&*action)) {
                        note(k, all->message);
                        for (std::size_t to = 0; to < n; ++to)
                            if (to != k) post(to, all->message);
                    }
                    proofs += std::holds_alternative<act::log_proof>(*action);
                    pauses += std::holds_alternative<act::log_paused>(*action);
                }
            }
        }
    }
    void tick(time_point now) {
        for (auto& one : peers)
            if (one) one->handle_timeout(now);
        flush();
    }

    // ---- what a liar can make

    template <class... Rest>
    signature sign(std::size_t k, statement kind, digest const& hash, std::size_t about) const {
        return sign_statement(who->signers[k], here, kind, peer_id(k), who->members, hash, peer_id(about));
    }
    wire::signed_body body(std::size_t k, unsigned variant) const {
        auto bytes = body_of(k, variant);
        auto const hash = sha256_of(bytes);
        return {here.at, peer_id(k), std::move(bytes), sign(k, statement::body, hash, k)};
    }
    wire::signed_digest vote(std::size_t k, digest const& hash) const {
        return {here.at, peer_id(k), hash, sign(k, statement::list, hash, k)};
    }
    wire::signed_list list(std::size_t k, log_list const& l) const {
        return {here.at, peer_id(k), l, sign(k, statement::list, hash_of(l), k)};
    }
    wire::signed_outcome outcome(std::size_t k, digest const& hash) const {
        return {here.at, peer_id(k), hash, sign(k, statement::outcome, hash, k)};
    }
    /// With all liars, and the honest that signed that list.
    wire::log_certificate certificate(log_list const& l, std::size_t liars) const {
        wire::log_certificate c{here.at, false, l, {}};
        auto const hash = hash_of(l);
        for (std::size_t k = 0; k < n; ++k)
            if (k < liars || (peers[k] && peers[k]->own_list() == l))
                c.signatures.push_back({peer_id(k), sign(k, statement::list, hash, k)});
        return c;
    }
    std::vector<wire::member_signature> relays(statement kind, digest const& hash, std::size_t about,
                                               std::size_t liars) const {
        std::vector<wire::member_signature> all;
        for (std::size_t k = 0; k < n; ++k)
            if (k < liars || relayed.contains({hash, k}))
                all.push_back({peer_id(k), sign(k, kind, hash, kind == statement::relayed_body ? about : k)});
        return all;
    }

    // ---- what must hold

    bool all_closed() const {
        for (auto const& one : peers)
            if (one && one->where() != broadcast_stage::closed) return false;
        return true;
    }
    bool has_slot(std::size_t k) const { return left_out.empty() || !left_out[k]; }
    /// Closed, equal logs, no honest member marked but one that is left out, and that one absent.
    bool agreed(std::size_t liars) const {
        log_list const* first = nullptr;
        for (auto const& one : peers) {
            if (!one) continue;
            if (one->where() != broadcast_stage::closed || (first && *first != one->log())) return false;
            first = &one->log();
            for (std::size_t k = liars; k < n; ++k)
                if (peers[k] && has_slot(k) && (*first)[k].kind != entry_kind::body) return false;
            for (std::size_t k = 0; k < n; ++k)
                if (!has_slot(k) && (*first)[k].kind != entry_kind::absent) return false;
        }
        return true;
    }
    /// Of those that have decided, two have different logs, or one misses an honest member.
    bool differs(std::size_t liars) const {
        log_list const* first = nullptr;
        for (auto const& one : peers) {
            if (!one || !one->decided()) continue;
            if (first && *first != one->log()) return true;
            first = &one->log();
            for (std::size_t k = liars; k < n; ++k)
                if (peers[k] && has_slot(k) && (*first)[k].kind != entry_kind::body) return true;
        }
        return false;
    }
    /// Each liar tells each honest member that it has come to the same in its relay.
    void sign_what_came_out(std::size_t liars) {
        for (std::size_t h = liars; h < n; ++h) {
            if (!peers[h] || peers[h]->decided()) continue;
            auto const hash = hash_of(peers[h]->relay().outcome());
            for (std::size_t k = 0; k < liars; ++k) deliver(k, h, outcome(k, hash));
        }
    }
    bool any_relay() const {
        for (auto const& one : peers)
            if (one && one->relayed()) return true;
        return false;
    }
    void run_to_end() {
        for (std::size_t r = 0; r <= f + 6; ++r) tick(at(2 * std::int64_t(r)));
    }
};

using plain = swarm<>;

inline entry_kind kind_of(plain const& s, std::size_t seen_by, std::size_t member) {
    return s.peers[seen_by]->log()[member].kind;
}

} // namespace log_test
