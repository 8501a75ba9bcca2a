// btard/protocol/step/roster.hpp: who works, who owns which part, and who checks whom: drawn, never chosen.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Who computes the gradient of a step, and who aggregates which part of it.
struct duties {
    std::vector<peer_id> workers; ///< in the order of the roster
    std::vector<peer_id> owners;  ///< (parts): part j belongs to worker (j + step) mod |workers|

    friend bool operator==(duties const&, duties const&) = default;
};

/// A validator, and whose step it recomputes.
struct audit_pair {
    peer_id validator, target;

    friend auto operator<=>(audit_pair const&, audit_pair const&) = default;
};

/// As many parts as workers.  `idle`: the validators of the step before.  Nobody owns a part for long.
[[nodiscard]] inline duties duties_of(std::span<peer_id const> roster, std::span<peer_id const> idle,
                                      std::uint64_t step) {
    duties made;
    for (peer_id const peer : roster)
        if (std::ranges::find(idle, peer) == idle.end()) made.workers.push_back(peer);
    std::size_t const n = made.workers.size();
    for (std::size_t part = 0; part < n; ++part) made.owners.push_back(made.workers[(part + step % n) % n]);
    return made;
}

/// Parts whose owners did not commit go to workers that did.  With none of those, nothing changes.
inline void reown(duties& of, std::span<peer_id const> committed, digest const& before) {
    auto const has = [&](peer_id peer) { return std::ranges::find(committed, peer) != committed.end(); };
    if (std::ranges::none_of(of.workers, has)) return;
    for (std::size_t part = 0; part < of.owners.size(); ++part) {
        random_stream random(prg(before, "reown", part));
        while (!has(of.owners[part]))
            of.owners[part] = of.workers[random.below(static_cast<std::uint32_t>(of.workers.size()))];
    }
}

/// The minibatch of a worker: a function of what nobody could choose.
[[nodiscard]] inline seed gradient_seed(digest const& before, public_key const& key) {
    return prg(before, "seed", key);
}

namespace detail {
/// A member of the list, which it leaves.
[[nodiscard]] inline peer_id draw_out(std::vector<peer_id>& from, random_stream& random) {
    std::size_t const place = random.below(static_cast<std::uint32_t>(from.size()));
    peer_id const drawn = from[place];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(place));
    return drawn;
}
} // namespace detail

/// `count` pairs, or as many as there can be, all of whose members differ.
///
/// @param targets    all that committed in the step
/// @param validators all that have a share in r
[[nodiscard]] inline std::vector<audit_pair> draw_pairs(digest const& r, std::size_t count,
                                                        std::span<peer_id const> targets,
                                                        std::span<peer_id const> validators) {
    random_stream random(prg(r, "pairs"));
    std::vector<peer_id> to_check(targets.begin(), targets.end()), can_check(validators.begin(), validators.end());
    std::vector<audit_pair> pairs;
    while (pairs.size() < count && !to_check.empty()) {
        peer_id const target = detail::draw_out(to_check, random);
        auto others = can_check;
        std::erase(others, target);
        if (others.empty()) continue; // the only one who could check it is it itself
        peer_id const validator = detail::draw_out(others, random);
        can_check = std::move(others);
        std::erase(to_check, validator);
        pairs.push_back({validator, target});
    }
    return pairs;
}

/// After a reveal that somebody spoiled: everybody who committed is checked, by the next one on a drawn cycle that
/// revealed.  From the second redraw on there are two independent cycles.
///
/// @param committed all in the COMMIT log of the step, those included that vanished since
/// @param revealed  all that opened their share in this draw
[[nodiscard]] inline std::vector<audit_pair> draw_cycle(digest const& r, std::uint64_t cycle,
                                                        std::span<peer_id const> committed,
                                                        std::span<peer_id const> revealed) {
    std::vector<peer_id> left(committed.begin(), committed.end()), order;
    for (peer_id const peer : revealed)
        if (std::ranges::find(left, peer) == left.end()) left.push_back(peer);
    std::ranges::sort(left);
    random_stream random(prg(r, "cycle", cycle));
    while (!left.empty()) order.push_back(detail::draw_out(left, random));

    auto const is_in = [](std::span<peer_id const> list, peer_id peer) {
        return std::ranges::find(list, peer) != list.end();
    };
    std::vector<audit_pair> pairs;
    for (std::size_t k = 0; k < order.size(); ++k) {
        if (!is_in(committed, order[k])) continue;
        for (std::size_t next = 1; next < order.size(); ++next) {
            peer_id const candidate = order[(k + next) % order.size()];
            if (!is_in(revealed, candidate)) continue;
            pairs.push_back({candidate, order[k]});
            break;
        }
    }
    std::ranges::sort(pairs, {}, &audit_pair::target);
    return pairs;
}

} // namespace btard
