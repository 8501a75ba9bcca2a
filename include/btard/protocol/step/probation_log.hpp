// btard/protocol/step/probation_log.hpp: what the logs of a step say of newcomers, and what follows when it is over.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/signer.hpp>
#include <btard/protocol/step/judgement.hpp>
#include <btard/protocol/step/probation.hpp>
#include <btard/protocol/step/probation_rules.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace btard {

/// A function of the agreed logs: gathers while the step goes on.
class probation_log {
public:
    /// Somebody that may be tried wants to be.
    void ask(log_member const& who) { asking_.emplace(who.key, who); }

    /// What newcomers have committed to: each what any member carries, if it is signed.  Two that differ count for nothing,
    /// nor does a gradient without microbatches: zeros cost nothing.
    ///
    /// @param context of the step, hashed
    /// @param quota   the most microbatches of a worker
    template <signer S>
    void read(S const& with, agreed_log<wire::result> const& log, probation const& of, digest const& context,
              std::uint32_t quota) {
        for (auto const& entry : log) {
            if (!entry.present()) continue;
            auto const& carried = entry.body.trials;
            for (auto const& one : std::span(carried).first(std::min(carried.size(), of.tried.size()))) {
                auto const* const on = of.find(one.who.key);
                if (on == nullptr || on->who != one.who || one.microbatches == 0 || one.microbatches > quota)
                    continue;
                auto const same = [&](wire::trial const& old) {
                    return old.who == one.who && old.root == one.root && old.microbatches == one.microbatches;
                };
                if (std::ranges::any_of(said_, same) || !proves(one, context, with)) continue;
                said_.push_back(one);
            }
        }
    }

    /// The step is over.
    ///
    /// @param of      as it was in the step; becomes that of the next one
    /// @param members of the next step
    /// @param room    may the roster grow?
    /// @param barred  may this key never be a member?
    /// @param banned  is it? then what it said of newcomers counts no more
    /// @return who is a member from the next step on; one at most
    template <class F, class G>
    std::optional<log_member> finish(probation& of, probation_rules const& rules, step_record const& record,
                                     judgement const& judge, std::size_t members, bool room, F&& barred, G&& banned) {
        std::uint64_t const now = record.step();
        credit(of, judge);
        for (auto& one : of.tried) std::erase_if(one.cleans, banned);
        std::erase_if(of.tried, [&](probationer const& one) {
            return barred(one.who.key) || commitment_of(one.who.key) == nullptr;
        });
        std::optional<log_member> in;
        if (room && (!of.last || now - *of.last >= rules.apart)) {
            auto const ripe = std::ranges::find_if(of.tried, [&](probationer const& one) {
                return now + 1 - one.since >= rules.steps && one.cleans.size() >= rules.cleans;
            });
            if (ripe != of.tried.end()) {
                in = ripe->who;
                of.tried.erase(ripe);
                ++of.admitted;
                of.last = now;
            }
        }
        of.checked = draw(of, record);
        let_try(of, rules.places(members + in.has_value()), record, barred);
        asking_.clear();
        said_.clear();
        return in;
    }

private:
    /// Null: none, or two that differ.
    [[nodiscard]] wire::trial const* commitment_of(public_key const& key) const {
        wire::trial const* found = nullptr;
        for (auto const& one : said_) {
            if (one.who.key != key) continue;
            if (found != nullptr) return nullptr;
            found = &one;
        }
        return found;
    }
    void credit(probation& of, judgement const& judge) const {
        if (!of.checked) return;
        bool const clean = std::ranges::any_of(
            judge.cleans(), [](auto const& said) { return said.second.target == on_trial; });
        auto const at = std::ranges::find(of.tried, of.checked->who, &probationer::who);
        if (!clean || at == of.tried.end()) return;
        if (std::ranges::find(at->cleans, of.checked->validator) == at->cleans.end())
            at->cleans.push_back(of.checked->validator);
    }
    /// One more pair than among members; its validator works as well, and is none of the others if there is one.
    [[nodiscard]] std::optional<checked_trial> draw(probation const& of, step_record const& record) const {
        std::vector<peer_id> can(record.could_check().begin(), record.could_check().end());
        auto free = can;
        for (auto const& pair : record.pairs()) std::erase(free, pair.validator);
        if (!free.empty()) can = free;
        if (of.tried.empty() || can.empty()) return {};
        random_stream random(prg(record.value().value(), "trial"));
        auto const& target = of.tried[random.below(std::uint32_t(of.tried.size()))];
        auto const validator = can[random.below(std::uint32_t(can.size()))];
        auto const& said = *commitment_of(target.who.key);
        return checked_trial{target.who, record.roster()[std::size_t(validator)].key, said.root, said.microbatches};
    }
    /// Those that ask, in a drawn order, as far as there are places.
    template <class F>
    void let_try(probation& of, std::size_t places, step_record const& record, F&& barred) {
        std::map<digest, log_member> drawn;
        for (auto const& [key, who] : asking_)
            if (!barred(key) && of.find(key) == nullptr)
                drawn.emplace(tagged_hash("place", record.value().value(), key), who);
        for (auto const& [lot, who] : drawn)
            if (of.tried.size() < places) of.tried.push_back({who, record.step() + 1});
    }

    std::map<public_key, log_member> asking_;
    std::vector<wire::trial> said_; // signed, and each once
};

} // namespace btard
