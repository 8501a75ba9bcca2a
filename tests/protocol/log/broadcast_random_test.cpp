// SPDX-License-Identifier: Apache-2.0
#include "log_swarm.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

using namespace log_test;

namespace {

/// Liars that send anything they can make to anybody at any time, and honest members that crash: together at
/// most f.
template <broadcast_rules rules>
bool survives(std::uint64_t number, std::size_t& relays) {
    std::mt19937_64 random(number);
    auto const below = [&](std::size_t m) { return std::size_t(random() % m); };
    std::size_t const n = 3 + below(30), f = (n - 1) / 2;
    std::size_t const faulty = below(f + 1),
                      crashes = faulty == 0 ? 0 : below(std::min<std::size_t>(faulty, 3)),
                      liars = faulty - crashes;
    swarm<rules> s(n, f, liars);
    s.submit_all();
    std::vector<std::size_t> crashed_at;
    for (std::size_t k = 0; k < crashes; ++k) crashed_at.push_back(below(f + 6));
    std::size_t next_crash = liars;
    auto const somebody = [&] { return liars + below(n - liars); };
    auto const some_list = [&] {
        for (int tries = 0; tries < 8; ++tries)
            if (std::size_t const k = somebody(); s.peers[k] && !s.peers[k]->own_list().empty())
                return s.peers[k]->own_list();
        return log_list(n);
    };
    for (std::size_t r = 0; r < f + 6; ++r) {
        for (std::size_t sends = liars ? below(4 * n) : 0; sends-- > 0;) {
            std::size_t const liar = below(liars), to = somebody(),
                              slot = below(std::min<std::size_t>(liars, 2));
            unsigned const variant = unsigned(below(3));
            auto const l = some_list();
            auto const hash = sha256_of(body_of(slot, variant));
            switch (below(7)) {
            case 0:
            case 1: s.deliver(liar, to, s.body(liar, variant)); break;
            case 2: s.deliver(liar, to, s.vote(liar, hash_of(l))); break;
            case 3: s.deliver(liar, to, s.list(liar, l)); break;
            case 4: s.deliver(liar, to, s.certificate(l, liars)); break;
            case 5:
                s.deliver(liar, to,
                          wire::relayed_body{s.body(slot, variant),
                                             s.relays(statement::relayed_body, hash, slot, liars)});
                break;
            case 6:
                s.deliver(liar, to,
                          wire::relayed_certificate{
                              s.certificate(l, liars),
                              s.relays(statement::relayed_certificate, hash_of(l), 0, liars)});
                break;
            }
        }
        if (below(2)) s.flush(); // else all that came, came just before the interval ends
        for (std::size_t k = 0; k < crashes; ++k) {
            if (crashed_at[k] != r) continue;
            s.flush(std::pair{next_crash, below(2 * n)});
            s.peers[next_crash++].reset();
        }
        s.tick(at(2 * std::int64_t(r)));
    }
    s.run_to_end();
    relays += s.any_relay();
    return s.agreed(next_crash);
}

} // namespace

TEST_CASE(
    "broadcast: 3 to 32 members, up to f that lie or crash at any time: equal logs, all honest in them") {
    std::size_t relays = 0;
    for (std::uint64_t number = 1; number <= 300; ++number) {
        INFO("seed ", number);
        CHECK(survives<broadcast_rules{}>(number, relays));
    }
    CHECK(relays > 100); // else nothing was tried
}
