// btard/protocol/log/session.hpp: one broadcast of a run, with its members, as long as others may ask about it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/broadcast.hpp>
#include <btard/protocol/log/closed_log.hpp>
#include <btard/protocol/log/contest.hpp>
#include <btard/protocol/log/epochs.hpp>
#include <btard/protocol/log/log_actions.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace btard {

template <signer S>
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
    [[nodiscard]] closed_log closed() const { return {at, *among, faults, machine.log()}; }
    /// When decided: with all signatures that are here.
    [[nodiscard]] kept_log kept() const {
        kept_log log;
        log.certificate = machine.certificate().value_or(wire::log_certificate{at, false, machine.log(), {}});
        for (std::size_t k = 0; k < among->size(); ++k)
            if (auto const* said = machine.whole_body(peer_id(k)))
                log.bodies.push_back({said->bytes, said->by_sender});
        return log;
    }
    /// What its members said of the broadcast before, whatever else they said.
    [[nodiscard]] std::vector<wire::aftermath> reports() const {
        std::vector<wire::aftermath> all;
        for (std::size_t k = 0; k < among->size(); ++k) {
            wire::aftermath seen;
            if (byte_reader(machine.body(peer_id(k))).read(seen)) all.push_back(std::move(seen));
        }
        return all;
    }
};

/// The last broadcast before this member came in: it is closed, and others answer for it.
struct inherited_log {
    inherited_log(place where, std::shared_ptr<roster const> who, std::size_t f, log_list agreed)
        : at(where), among(std::move(who)), faults(f), log(std::move(agreed)) {}
    place at;
    std::shared_ptr<roster const> among;
    std::size_t faults;
    log_list log;

    [[nodiscard]] closed_log closed() const { return {at, *among, faults, log}; }
};

} // namespace btard
