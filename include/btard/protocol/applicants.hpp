// btard/protocol/applicants.hpp: what those that want to come in have told one member, until it tells the others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/membership.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/step/probation_rules.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wishes.hpp>

#include <cstddef>
#include <map>
#include <vector>

namespace btard {

/// Small things, and few of them: everybody may say them.
class applicants {
public:
    /// @param run    its id
    /// @param secret of this member
    applicants(digest const& run, run_rules const& rules, digest const& secret)
        : run_(run), rules_(rules.probation), wishes_(secret) {}

    /// Said to the others in the next COMMIT.
    template <signer S>
    void hear(public_key const& from, wire::join const& m, membership const& in, S const& with) {
        auto const signed_by_it = [&] { return proves(m, run_, with); };
        auto const n = in.members()->size();
        if (in.may_come(m)) {
            if (in.may_return(m.who)) wishes_.hear_returning(m, signed_by_it);
            else wishes_.hear_stranger(m, n, signed_by_it);
        } else if (from == m.who.key && in.may_be_told(from)) {
            wishes_.hear_guest(from, rules_.places(n)); // a small frame brings it all epochs: so only a few
        }
    }
    /// Said to the others in the next RESULT; which step it is of shows its signature.
    void hear(public_key const& from, wire::trial const& m, membership const& in) {
        bool const room = trials_.size() < in.members()->size() || in.context().probation.find(from) != nullptr;
        if (from == m.who.key && room && in.is_welcome(from)) trials_.insert_or_assign(from, m);
    }

    [[nodiscard]] std::vector<wire::join> take_wishes() { return wishes_.take(); }
    [[nodiscard]] bool has_guests() const { return wishes_.has_guests(); }
    /// Whom it tells of the run, when a step begins: each once.
    [[nodiscard]] std::vector<public_key> take_guests() { return wishes_.take_guests(); }
    /// Of those that are on probation in that step.
    template <signer S>
    [[nodiscard]] std::vector<wire::trial> take_trials(step_context const& at, S const& with) {
        std::vector<wire::trial> all;
        digest const in = trials_.empty() ? digest{} : hash_of(at);
        for (auto const& [from, one] : trials_)
            if (all.size() < at.roster.size() && at.probation.find(from) && proves(one, in, with))
                all.push_back(one);
        trials_.clear();
        return all;
    }

private:
    digest run_;
    probation_rules rules_;
    wishes wishes_;
    std::map<public_key, wire::trial> trials_;
};

} // namespace btard
