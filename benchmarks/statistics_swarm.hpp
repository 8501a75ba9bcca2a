// benchmarks/statistics_swarm.hpp: the swarms of the statistics, and what may be asked of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/centered_clip.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/protocol/verified_swarm.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace btard::benchmark {

struct request {
    std::size_t peers = 16, byzantine = 7, validators = 1, runs = 0, threads = 0, honest = 0,
                with_signatures = 0, dimension = 64, new_keys = 0, steps = 3'000, nuisance = 0, every = 1,
                waiting = 0;
    std::uint64_t seed = 1;
    bool table = false, abort = false, patient = false, careful = false;
    std::optional<double> crashes = {}, late = {};
};

template <class Key>
std::vector<Key> keys_for(std::size_t peers, std::uint64_t run);
template <>
inline std::vector<testing::counting_signer> keys_for(std::size_t peers, std::uint64_t run) {
    std::vector<testing::counting_signer> keys;
    for (std::size_t k = 0; k < peers; ++k) keys.emplace_back(run * 4'096 + k);
    return keys;
}
template <>
inline std::vector<identity> keys_for(std::size_t peers, std::uint64_t run) {
    std::vector<identity> keys;
    for (std::size_t k = 0; k < peers; ++k)
        keys.push_back(identity::from_seed(tagged_hash("benchmark", run, k).bytes));
    return keys;
}

/// One thread: runs are what is parallel.
template <class Key = testing::counting_signer, class Attack, class Conduct>
auto make_swarm(request const& of, std::size_t byzantine, std::uint64_t seed, Attack attack,
                Conduct conduct) {
    swarm_options options{.peers = of.peers, .seed = seed, .threads = 1, .bans = bans::validators};
    for (std::size_t k = 0; k < byzantine; ++k) options.byzantine.push_back(k);
    verification checks{.validators = of.validators};
    if (of.new_keys > 0) checks.probation.admits = admission::anybody;
    if (byzantine > 0)
        checks.faults = std::min((of.peers - of.validators - 1) / 2, byzantine); // also beyond the claim
    return verified_swarm<quadratic, centered_clip, Attack, Conduct, Key>(
        quadratic{.dimension = of.dimension}, centered_clip{.tau = 1, .start_at = start_point::given},
        std::move(attack), std::move(conduct), std::move(options), checks, keys_for<Key>(of.peers, seed));
}

/// After a step: would who asks now be let in?  The network's clock says nothing of how long steps take when gradients
/// are small, so nobody asks before.
///
/// @param judge a member that was there all the time
template <class Swarm>
[[nodiscard]] bool may_ask(Swarm& run, std::size_t judge, std::size_t peer, std::uint64_t step) {
    return run.at(judge).membership().standing().may_return_at(run.at(peer).key()) <= step + 2;
}

} // namespace btard::benchmark
