// btard/protocol/ban/replay.hpp: a step once more, from its logs and the bytes that its verdicts rest on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/concept.hpp>
#include <btard/core/norm.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/judgement.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/step/testimony.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace btard {

/// Reads the logs of a step one after another and comes to the verdicts of `peer`, without having been there.
///
/// @tparam F where rows, exhibits and floats come from; what it gives is checked here against what the logs hold:
///
///     optional<wire::evidence> exhibit(digest);       optional<wire::row> row(part_id, peer_id sender);
///     optional<vector<float>> part(part_id, digest);  optional<vector<float>> given(tile);
template <class B, verifiable_aggregator A, class F>
class step_replay {
public:
    /// All stay where they are.
    ///
    /// @param before null: nothing after TESTIMONY can be read, unless this is the first step
    /// @param own    of accusations, only those about the step itself matter
    step_replay(court<B, A> const& bench, run_rules const& rules, step_context const& context, F& from,
                step_replay const* before, bool own = false)
        : bench_(bench), rules_(rules), context_(context), from_(from), before_(before), own_(own),
          faults_(rules.faults_among(context.roster.size(), context.lost())),
          record_(context.step, context.roster, context.idle, context.before, rules.of_step(context.lost()),
                  hash_of(context), context.probation.checked, context.disputes) {}
    step_replay(step_replay const&) = delete;
    step_replay& operator=(step_replay const&) = delete;

    /// Which log is read next; after the last one, `open` still.
    [[nodiscard]] place next() const {
        bool const drawn = next_ == phase::share || next_ == phase::reveal;
        return {context_.epoch, context_.step, std::uint8_t(next_), drawn ? std::uint32_t(record_.draw()) : 0};
    }
    /// @return whether everything for it was there; if not, `lacks` says what was not
    bool read(kept_log const& log) {
        if (over_ || log.certificate.at != next()) return lack("a log that follows on the one before");
        switch (next_) {
        case phase::commit: return go(record_.read(in<wire::commit>(log)), phase::result);
        case phase::result: {
            auto const found = record_.read(in<wire::result>(log));
            return go(found, record_.complaints().empty() ? phase::reveal : phase::have);
        }
        case phase::have: return go(record_.read(in<wire::have>(log)), phase::result_again);
        case phase::result_again: return go(record_.read(in<wire::result_again>(log)), phase::reveal);
        case phase::share: return go(record_.read(in<wire::share>(log)), phase::reveal);
        case phase::reveal: {
            auto const found = record_.read(in<wire::reveal>(log), context_.run, context_.epoch);
            return go(found, record_.value() ? phase::testimony : phase::share);
        }
        case phase::testimony: return read_testimonies(in<wire::testify>(log));
        case phase::accuse: {
            if (before_ == nullptr && context_.step > 0) return lack("the step before");
            auto const found = judge_->read(in<wire::accuse>(log));
            return go(found, judge_->needs_vote() ? phase::vote : phase::open);
        }
        case phase::vote: return read_votes(in<wire::vote>(log));
        case phase::open: return read_opened(in<wire::open>(log));
        }
        return false;
    }

    [[nodiscard]] step_record const& record() const { return record_; }
    [[nodiscard]] std::string_view lacks() const { return lacks_; } ///< empty: nothing
    /// Does it follow from what was read?
    [[nodiscard]] bool finds(public_key const& who, offence what) const {
        for (auto const& [place, found] : offences_)
            if (found == what && context_.roster[std::size_t(place)].key == who) return true;
        return judge_ && std::ranges::find(judge_->convicted_gone(), std::pair(who, what)) !=
                             judge_->convicted_gone().end();
    }

private:
    template <class Body>
    [[nodiscard]] agreed_log<Body> in(kept_log const& from) const {
        using kind = typename log_entry<Body>::kind;
        agreed_log<Body> log(record_.n());
        auto const& list = from.certificate.list;
        for (std::size_t k = 0, body = 0; k < log.size() && k < list.size(); ++k) {
            if (list[k].kind == entry_kind::equivocated) log[k].is = kind::equivocated;
            if (list[k].kind != entry_kind::body || body == from.bodies.size()) continue;
            auto said = decode_said<Body>(from.bodies[body++].bytes, log.size());
            log[k].is = said ? kind::present : kind::garbled;
            if (said) log[k].body = std::move(said->body);
        }
        return log;
    }
    bool lack(std::string_view what) {
        if (lacks_.empty()) lacks_ = what;
        return false;
    }
    bool go(offences const& found, phase next) {
        for (auto const& [who, what] : found) note(offences_, who, what);
        next_ = next;
        return lacks_.empty();
    }

    // ---- bytes, as the logs fix them

    [[nodiscard]] partition cut() const { return bench_.cut(record_); }
    [[nodiscard]] part_record const& part(part_id of) const { return record_.parts()[std::size_t(of)]; }
    [[nodiscard]] std::optional<std::vector<float>> aggregate(part_id of) const {
        auto found = from_.part(of, part(of).aggregate.value());
        if (found && found->size() == cut().size(of)) return found;
        return {};
    }
    [[nodiscard]] std::optional<shared_floats> row(part_id of, peer_id sender) const {
        auto found = from_.row(of, sender);
        if (!found || found->step != context_.step || found->sender != sender || found->part != of) return {};
        if (examine(*found, record_.root(sender), cut()) != arrival::good) return {};
        return std::move(found->values);
    }
    [[nodiscard]] std::optional<std::vector<float>> given(part_id of) const {
        std::uint64_t const begin = cut().begin(of), end = begin + cut().size(of);
        std::vector<float> slice;
        for (tile const& one : context_.given) {
            std::uint64_t const from = std::max(begin, one.begin), to = std::min(end, one.end);
            if (from >= to) continue;
            auto const all = from_.given(one);
            if (!all || all->size() != one.end - one.begin || slice.size() != from - begin) return {};
            slice.insert(slice.end(), all->begin() + std::ptrdiff_t(from - one.begin),
                         all->begin() + std::ptrdiff_t(to - one.begin));
        }
        if (slice.size() != end - begin) return {};
        return slice;
    }
    /// What the rule makes of all rows of a part, is that its aggregate?  Nothing: bytes are missing.
    [[nodiscard]] std::optional<bool> is_right(part_id of) const {
        std::vector<shared_floats> rows;
        std::vector<float const*> all;
        for (std::size_t k = 0; k < record_.n(); ++k) {
            if (!part(of).rows.contains(k)) continue;
            auto values = row(of, peer_id(k));
            if (!values) return {};
            rows.push_back(std::move(*values));
        }
        for (auto const& one : rows) all.push_back(one.data());
        auto const v0 = given(of);
        if (!v0) return {};
        return hash_of(std::span<float const>(bench_.make_part(record_, of, all, *v0))) == part(of).aggregate;
    }

    // ---- the second half

    bool read_testimonies(agreed_log<wire::testify> const& log) {
        judge_.emplace(record_, before_ ? &before_->record_ : nullptr, bench_.tolerance > 0);
        norms_.assign(record_.parts().size(), 0.0);
        for (part_id const one : record_.standing_parts())
            norms_[std::size_t(one)] = norm_of(bench_.z_of(record_, one), cut().size(one));
        auto const found = judge_->read(log, [&](part_id of, testimony const& said) {
            return malformed(said, bench_.rule, norms_[std::size_t(of)]);
        });
        return go(found, phase::accuse);
    }
    bool read_votes(agreed_log<wire::vote> const& log) {
        auto& judge = *judge_;
        auto found = judge.read(log, [&](std::size_t k) { return convicts(judge.accusations()[k].what); });
        for (std::size_t k = 0; k < judge.accusations().size(); ++k) {
            auto const& what = judge.accusations()[k].what;
            if (what.of != wire::charge::testimony || what.step != context_.step) continue;
            if (judge.verdicts()[k] != verdict::guilty) continue;
            if (auto const shown = from_.exhibit(what.evidence))
                correct(what.part, what.target, shown->rows.front().values);
        }
        std::set<part_id> unseen;
        for (std::size_t k = 0; k < judge.shown().size(); ++k) {
            auto const& one = judge.shown()[k];
            if (one.of_gradient) continue;
            if (one.of_before) {
                if (!judge.seen(k)) unseen.insert(one.part);
            } else if (!judge.seen(k)) {
                judge.remove(one.part);
            } else if (auto const values = row(one.part, one.sender)) {
                correct(one.part, one.sender, *values);
            } else {
                lack("a row that was shown");
            }
        }
        for (part_id const one : judge.demanded()) {
            if (own_ || unseen.contains(one)) continue;
            auto const right = before_->is_right(one);
            if (!right) lack("the rows of a part of the step before");
            else if (!*right)
                for (auto const& more : judge.convict_before(one)) found.push_back(more);
        }
        for (auto const& [by, what] : judge.accusations())
            if (!own_ && judge.asks_to_show(what) && judge.has_shown_gradient(what.target))
                check_testimonies_before(what.target, found);
        return go(found, phase::open);
    }
    /// Only where the testimonies of the step before are known: whoever is guilty by them is so in a longer record.
    void check_testimonies_before(peer_id target, offences& found) {
        if (before_->next_ != phase::open) return;
        for (part_id const part : before_->judge_->standing())
            for (auto const& [who, said] : before_->judge_->said(part)) {
                if (who != target) continue;
                auto const shown = before_->row(part, who);
                auto const made = before_->aggregate(part);
                if (!shown || !made) return void(lack("a row of a gradient that was shown"));
                if (bench_.right_testimony(before_->record_, part, *shown, *made) == said) continue;
                for (auto const& more : judge_->convict_before(part, target)) found.push_back(more);
            }
    }
    void correct(part_id of, peer_id who, std::span<float const> values) {
        auto const made = aggregate(of);
        if (!made) return void(lack("an aggregate"));
        judge_->correct(of, who, bench_.right_testimony(record_, of, values, *made));
    }
    [[nodiscard]] bool convicts(wire::accusation const& what) {
        bool const now = what.step == context_.step;
        if (!now && own_) return false;
        auto const shown = from_.exhibit(what.evidence);
        if (!shown) return lack("an exhibit");
        auto const& where = now ? *this : *before_;
        switch (what.of) {
        case wire::charge::shape: return bench_.shows_shape(record_, *shown, what.target, what.part);
        case wire::charge::result: {
            if (where.part(what.part).owner != what.target) return false;
            auto const v0 = where.given(what.part);
            return v0 ? bench_.shows_wrong_result(where.record_, *shown, what.part, *v0)
                      : lack("the aggregate before");
        }
        case wire::charge::testimony: {
            if (!now && where.next_ != phase::open) return lack("the testimonies of the step before");
            auto const standing = where.judge_->standing();
            if (std::ranges::find(standing, what.part) == standing.end()) return false;
            for (auto const& [who, said] : where.judge_->said(what.part)) {
                if (who != what.target) continue;
                auto const made = where.aggregate(what.part);
                return made ? bench_.shows_false_testimony(where.record_, *shown, who, what.part, *made, said)
                            : lack("an aggregate");
            }
            return false;
        }
        case wire::charge::gradient: break; // ballots
        }
        return false;
    }

    /// Which parts are opened follows from sums and distances.
    bool read_opened(agreed_log<wire::open> const& log) {
        auto& judge = *judge_;
        std::vector<part_id> opened;
        for (part_id const one : judge.standing()) {
            if (!judge.stands(one)) continue;
            std::vector<testimony> said;
            std::vector<double> weights;
            for (auto const& [who, numbers] : judge.said(one)) {
                said.push_back(numbers);
                weights.push_back(record_.weight(who));
            }
            if (said.empty() || said.size() != part(one).rows.count()) {
                judge.remove(one);
                continue;
            }
            auto const made = aggregate(one);
            if (!made) return lack("an aggregate");
            auto const check =
                check_sum(bench_.rule, std::span<testimony const>(said), std::span<double const>(weights),
                          made->size(), norms_[std::size_t(one)], norm(*made));
            auto most = rules_.far;
            if (!most && context_.far) most = *context_.far * std::sqrt(double(made->size()));
            if (!check.passed() || (most && too_many_far(said, *most, faults_))) opened.push_back(one);
        }
        auto const held = judge.opened_by_most(log, opened);
        auto found = judge.read(log, opened);
        for (part_id const one : opened) {
            if (std::size_t(std::ranges::count(held, one, &shown_row::part)) != part(one).rows.count()) continue;
            auto const right = is_right(one);
            auto const made = aggregate(one);
            if (!right || !made) return lack("the rows of a part that was opened");
            std::vector<peer_id> liars;
            for (auto const& [who, said] : judge.said(one))
                if (bench_.right_testimony(record_, one, row(one, who).value(), *made) != said) liars.push_back(who);
            for (auto const& more : judge.convict(one, !*right, liars)) found.push_back(more);
        }
        over_ = true;
        return go(found, phase::open);
    }

    court<B, A> const& bench_;
    run_rules const& rules_;
    step_context const& context_;
    F& from_;
    step_replay const* before_;
    bool own_;
    std::size_t faults_;
    step_record record_;
    std::optional<judgement> judge_; // from TESTIMONY on
    std::vector<double> norms_;      // (parts) of z
    offences offences_;
    phase next_ = phase::commit;
    bool over_ = false;
    std::string_view lacks_;
};

} // namespace btard
