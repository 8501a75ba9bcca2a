// benchmarks/statistics_conducts.hpp: attackers that plan together, rows that come late, and a nuisance.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>
#include <btard/attack/contest_flood.hpp>
#include <btard/attack/false_complaints.hpp>
#include <btard/attack/sign_flip.hpp>
#include <btard/attack/withholding.hpp>
#include <btard/core/random.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/wire/member_set.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard::benchmark {

/// One attacks; its clean accomplices keep their shares when an honest validator would be drawn for it.  The next one
/// begins when it is banned, and somebody is there to abort for it (or nobody else is left); patient ones begin when
/// all who are left are there.
///
/// Who aborts: whoever has done so least often.  The first draw is aborted whatever comes of it, a later one while
/// another accomplice is there that might be drawn: else nothing is won by it.
struct abort_plan {
    bool patient = false;              ///< waits for all accomplices
    std::vector<public_key> keys = {}; ///< of all attackers, by number
    std::vector<bool> is_there = {}, banned = {};
    std::vector<std::size_t> aborted = {}; ///< how often
    std::optional<std::size_t> attacker = {};
    std::optional<std::uint64_t> lost_at = {}; ///< the step whose audit has found the attacker out

    void prepare(std::size_t count) {
        is_there.assign(count, true);
        banned.assign(count, false);
        aborted.assign(count, 0);
        appoint();
    }
    [[nodiscard]] std::size_t left() const { return std::size_t(std::ranges::count(banned, false)); }
    /// At the end of a step.
    void appoint() {
        if (attacker && !banned[*attacker]) return;
        attacker.reset();
        lost_at.reset();
        if (std::size_t(std::ranges::count(is_there, true)) <
            (patient ? left() : std::min<std::size_t>(2, left())))
            return;
        auto const first = std::ranges::find(is_there, true);
        if (first != is_there.end()) attacker = std::size_t(first - is_there.begin());
    }
};

/// Flips its gradient when it is its turn.
struct planned_flip {
    abort_plan const* plan = nullptr;
    sign_flip how = {};

    [[nodiscard]] bool acts_at(attack_context const& at) const { return plan->attacker == at.self; }
    void corrupt_gradient(attack_context const& at, std::span<float> gradient) const {
        if (acts_at(at)) how.corrupt_gradient(at, gradient);
    }
};
static_assert(attack<planned_flip>);

struct planned_abort {
    abort_plan* plan = nullptr;

    template <class P, class Body>
        requires std::same_as<Body, wire::reveal>
    [[nodiscard]] bool shape(deed<P> const& at, Body&) const {
        auto& with = *plan;
        if (!with.attacker || with.keys[*with.attacker] == at.self.key() || with.lost_at) return true;
        auto const then = at.foreseen();
        auto const target = at.number(with.keys[*with.attacker]);
        if (!target || !at.is_found_out(then, *target)) return true;
        auto const& record = at.self.state().record;
        std::optional<std::size_t> chosen;
        std::size_t able = 0;
        for (std::size_t k = 0; k < with.keys.size(); ++k) {
            auto const who = at.number(with.keys[k]);
            if (!who || k == *with.attacker) continue;
            if (record.draw() > 0 && std::ranges::find(record.drawing(), *who) == record.drawing().end())
                continue;
            ++able;
            if (!chosen || with.aborted[k] < with.aborted[*chosen]) chosen = k;
        }
        return able < (record.draw() > 0 ? 2u : 1u) || with.keys[*chosen] != at.self.key();
    }
};

/// Does everything as it should, but for a share of its rows, which come too late for the owner.
struct late_rows {
    double share = 0;
    std::uint64_t seed = 0;

    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) const {
        auto const* const row = std::get_if<wire::row>(&message);
        auto const& here = at.self.state();
        if (row == nullptr || row->step != at.step() || here.key(row->sender) != at.self.key()) return {};
        if (here.part(row->part).complained) return {}; // it goes to all now
        auto const receiver = at.number(to);
        if (!receiver) return {};
        random_stream luck(
            derive({seed, 1}, "late", {at.step(), std::size_t(here.self), std::size_t(*receiver)}));
        if (luck.uniform() >= share) return {};
        return {.delay =
                    at.self.rules().timing.bulk + at.self.rules().timing.gradient + std::chrono::seconds(1)};
    }
};

/// False complaints, withheld rows, contested slots and denied have-bits, all at once.
struct nuisance {
    std::size_t victims = 1'000'000; ///< so many honest members are complained about, and get no rows
    false_complaints complain = {.victims = victims};
    withhold_parts withhold = {};
    deny_have_bits deny = {};
    contest_flood contest = {};

    template <class P, class Body>
        requires shapes_body<false_complaints, P, Body> || shapes_body<deny_have_bits, P, Body>
    [[nodiscard]] bool shape(deed<P> const& at, Body& said) {
        if constexpr (shapes_body<deny_have_bits, P, Body>) return deny.shape(at, said);
        else return complain.shape(at, said);
    }
    template <class P>
    [[nodiscard]] fate pass(deed<P> const& at, public_key const& to, wire::message& message) {
        if (at.is_favoured(to, victims))
            if (auto const goes = withhold.pass(at, to, message); !goes.sent) return goes;
        return contest.pass(at, to, message);
    }
};

/// False complaints in as many steps as there can be: one in each step in which one of the coalition can afford it.
/// A complaint is free while it puts nobody in dispute, or an attacker that is in dispute with less than f.
struct careful_complaints {
    template <class P>
    [[nodiscard]] bool shape(deed<P> const& at, wire::result& said) const {
        auto const& record = at.self.state().record;
        for (std::size_t k = 0; k < record.n(); ++k) {
            if (!at.is_accomplice(record.roster()[k].key)) continue;
            auto const one = affordable(at, peer_id(k));
            if (!one) continue;
            if (peer_id(k) != at.self.state().self) return true;
            std::erase_if(said.parts, [&](wire::part_result const& made) { return made.part == one->part; });
            said.complaints.push_back(*one);
            return true;
        }
        return true;
    }
    template <class P>
    [[nodiscard]] bool shape(deed<P> const&, wire::have& said) const {
        said.rows = member_set(said.rows.size());
        return true;
    }

private:
    template <class P>
    [[nodiscard]] static std::optional<wire::complaint> affordable(deed<P> const& at, peer_id liar) {
        auto const& here = at.self.state();
        for (part_id const part : here.parts_of(liar))
            for (peer_id const sender : here.senders(part)) {
                auto const* const way = here.record.detour_of(part, sender);
                if (sender != liar && is_free(at, liar, way ? way->via : sender))
                    return wire::complaint{part, sender};
            }
        for (auto const& way : here.record.detours())
            if (way.via == liar && is_free(at, liar, way.sender))
                return wire::complaint{way.part, way.sender};
        return {};
    }
    template <class P>
    [[nodiscard]] static bool is_free(deed<P> const& at, peer_id liar, peer_id other) {
        auto const& roster = at.self.state().record.roster();
        auto const& rules = at.self.rules();
        auto const& membership = at.self.membership();
        auto const& books = membership.standing().kept().pairs;
        auto const a = roster[std::size_t(liar)].key, b = roster[std::size_t(other)].key;
        if (membership.in_dispute(a, b)) return false; // the log of this step may be ahead of its context
        auto const between = books.find(std::minmax(a, b));
        std::size_t fresh = 0;
        if (between != books.end())
            for (std::uint64_t const step : between->second.complaints)
                fresh += step + rules.standing.window > at.step();
        if (fresh < rules.standing.complaints) return true;
        auto const quarrels = [&](public_key const& who) {
            return std::ranges::count_if(
                roster, [&](log_member const& one) { return membership.in_dispute(who, one.key); });
        };
        auto const f = std::ptrdiff_t(rules.faults);
        return quarrels(a) < f && (!at.is_accomplice(b) || quarrels(b) < f);
    }
};

} // namespace btard::benchmark
