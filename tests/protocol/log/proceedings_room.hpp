// Members over several broadcasts, with a hand on every message between them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/log/proceedings.hpp>
#include <btard/testing/counting_signer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace proceedings_test {

using namespace btard;
using namespace std::chrono_literals;

using key = testing::counting_signer;
inline digest const run = tagged_hash("a run");

/// A body of the tests.
struct word {
    std::uint32_t number = 0;
    static constexpr void members(auto& self, auto&& member) { member(self.number); }
};

inline place at(std::uint64_t step, phase of, std::uint32_t draw = 0, std::uint64_t epoch = 0) {
    return {epoch, step, std::uint8_t(of), draw};
}

struct room {
    explicit room(std::size_t n, std::size_t f = 0) : faults(f) {
        std::vector<log_member> all;
        for (std::size_t k = 0; k < n; ++k) {
            keys.emplace_back(k);
            all.push_back({keys[k].key(), {}});
        }
        members = std::make_shared<roster const>(all);
        for (std::size_t k = 0; k < n; ++k) peers.emplace_back(keys[k], keys[k].key(), run);
    }
    std::size_t size() const { return peers.size(); }
    void begin(std::size_t k, place where) {
        peers[k].begin(members, where, faults, {now + 10s, now + 5s, 4s, 1s});
        flush(k);
    }
    void begin(place where) {
        for (std::size_t k = 0; k < size(); ++k) begin(k, where);
    }
    void say(std::size_t k, std::uint32_t number) {
        peers[k].submit(encode(wire::said<word>{peers[k].aftermath(), {number}}));
        flush(k);
    }
    void say_all(std::uint32_t number) {
        for (std::size_t k = 0; k < size(); ++k) say(k, number);
    }
    void flush(std::size_t k) {
        while (auto out = peers[k].poll(now))
            for (std::size_t to = 0; to < size(); ++to)
                if (to != k && (!out->to || *out->to == keys[to].key())) way.push_back({k, to, out->message});
    }
    /// Everything arrives, and what follows from it.
    void deliver() {
        while (!way.empty()) {
            auto const one = way.front();
            way.pop_front();
            if (keep && !keep(one.from, one.to, one.message)) continue;
            peers[one.to].handle_message(keys[one.from].key(), one.message, now);
            flush(one.to);
        }
    }
    void tick(time_point to) {
        now = to;
        for (std::size_t k = 0; k < size(); ++k) peers[k].handle_timeout(now), flush(k);
        deliver();
    }
    /// To every deadline that comes up to that time.
    void wait(time_point until) {
        for (;;) {
            std::optional<time_point> next;
            for (auto const& one : peers)
                if (auto const t = one.poll_deadline(); t && (!next || *t < *next)) next = t;
            if (!next || *next > until) break;
            tick(std::max(*next, now));
        }
        now = until;
    }
    bool closed() const {
        for (auto const& one : peers)
            if (!one.closed()) return false;
        return true;
    }

    struct letter {
        std::size_t from, to;
        wire::log_message message;
    };
    std::size_t faults;
    std::vector<key> keys;
    std::shared_ptr<roster const> members;
    std::deque<proceedings<key>> peers;
    std::deque<letter> way;
    std::function<bool(std::size_t, std::size_t, wire::log_message const&)> keep;
    time_point now{};
};

inline wire::signed_body body_of(room const& r, std::size_t k, place where, std::uint32_t number) {
    auto bytes = encode(wire::said<word>{{}, {number}});
    auto const hash = sha256_of(bytes);
    return {where, peer_id(k), std::move(bytes),
            sign_statement(r.keys[k], {run, where}, statement::body, peer_id(k), r.members->members(), hash,
                           peer_id(k))};
}

inline wire::signed_digest digest_of(room const& r, std::size_t k, place where, log_list const& list) {
    auto const hash = hash_of(list);
    return {where, peer_id(k), hash,
            sign_statement(r.keys[k], {run, where}, statement::list, peer_id(k), r.members->members(), hash,
                           peer_id(k))};
}

} // namespace proceedings_test
