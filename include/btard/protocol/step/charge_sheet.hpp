// btard/protocol/step/charge_sheet.hpp: what a vote is about: accusations of the log, and rows that all are to see.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/step/consecutive_steps.hpp>
#include <btard/protocol/step/testimony_record.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// An accusation of the log, with who makes it.
struct accused {
    peer_id by{};
    wire::accusation what{};

    friend bool operator==(accused const&, accused const&) = default;
};

/// Takes accusations, acquittals and demands, each only from whom the log entitles to it: the owner of a part for its
/// rows, a validator of the step before for what its target did.
class charge_sheet {
public:
    /// @param by_distance gradients are compared with a tolerance, so all rows of an accused must be known
    charge_sheet(consecutive_steps steps, bool by_distance) : steps_(steps), by_distance_(by_distance) {}

    /// These are shown to all, since their senders did not testify.
    void show(std::span<shown_row const> rows) { shown_.insert(shown_.end(), rows.begin(), rows.end()); }

    offences read(agreed_log<wire::accuse> const& log, testimony_record const& testimonies) {
        return read_log(log, [&](peer_id who, wire::accuse const& said) {
            for (std::size_t k = 0; k < said.accusations.size(); ++k) {
                auto const& one = said.accusations[k];
                if (!may_accuse(who, one, testimonies)) return sense::out_of_step;
                for (std::size_t other = 0; other < k; ++other)
                    if (same_charge(one, said.accusations[other])) return sense::out_of_step;
            }
            for (auto const& one : said.cleans)
                if (!steps_.audits(who, one.target, one.step)) return sense::out_of_step;
            for (part_id const part : said.demands)
                if (!may_demand(who, part)) return sense::out_of_step;
            for (auto const& one : said.accusations) {
                accusations_.push_back({who, one});
                if (asks_to_show(one)) show_gradient(one.target);
            }
            for (auto const& one : said.cleans) cleans_.emplace_back(who, one);
            for (part_id const part : said.demands) demand(part);
            spoke_.push_back(who);
            return sense::good;
        });
    }

    /// With a tolerance, an accusation about a gradient without evidence is none yet: a validator lacks rows to tell.
    /// All of them are shown to all; if most find them wrong, or lack some, their sender has hidden something.
    [[nodiscard]] bool asks_to_show(wire::accusation const& one) const {
        return by_distance_ && one.of == wire::charge::gradient && one.evidence == digest{} && one.target != on_trial;
    }
    /// Most have to hold its evidence before it is decided.
    [[nodiscard]] bool needs_evidence(wire::accusation const& one) const {
        return one.of != wire::charge::gradient || by_distance_;
    }
    /// It was there to accuse.
    [[nodiscard]] bool spoke(peer_id who) const { return std::ranges::find(spoke_, who) != spoke_.end(); }
    [[nodiscard]] bool accuses(peer_id by, peer_id target, part_id part) const {
        return std::ranges::any_of(accusations_, [&](accused const& one) {
            return one.by == by && one.what.target == target && one.what.part == part &&
                   one.what.step == steps_.now->step() && one.what.of == wire::charge::testimony;
        });
    }

    [[nodiscard]] std::span<accused const> accusations() const { return accusations_; }
    [[nodiscard]] std::span<shown_row const> shown() const { return shown_; }
    /// Pieces of evidence, as `wire::vote` counts them: of each accusation, then the rows that are shown.
    [[nodiscard]] std::size_t pieces() const { return accusations_.size() + shown_.size(); }
    /// The pieces that are rows of that gradient.
    [[nodiscard]] std::vector<std::size_t> pieces_of_gradient(peer_id target) const {
        std::vector<std::size_t> all;
        for (std::size_t k = 0; k < shown_.size(); ++k)
            if (shown_[k].of_gradient && shown_[k].sender == target) all.push_back(accusations_.size() + k);
        return all;
    }
    [[nodiscard]] std::span<part_id const> demanded() const { return demanded_; } ///< parts of the step before
    [[nodiscard]] std::span<std::pair<peer_id, wire::clean> const> cleans() const { return cleans_; }

private:
    template <class Id>
    [[nodiscard]] static std::size_t index(Id of) { return static_cast<std::size_t>(of); }
    [[nodiscard]] bool may_accuse(peer_id by, wire::accusation const& one,
                                  testimony_record const& testimonies) const {
        auto const& now = *steps_.now;
        if (one.target == on_trial)
            return steps_.audits(by, one.target, one.step) && one.of == wire::charge::gradient;
        if (steps_.audits(by, one.target, one.step))
            return one.of != wire::charge::shape && index(one.part) < steps_.before->parts().size();
        if (one.step != now.step() || index(one.target) >= now.n() || index(one.part) >= now.parts().size())
            return false;
        auto const& part = now.parts()[index(one.part)];
        if (part.owner != by) return false;
        if (one.of == wire::charge::testimony) return part.stands && testimonies.has(one.part, one.target);
        return one.of == wire::charge::shape && now.committed().contains(index(one.target));
    }
    [[nodiscard]] static bool same_charge(wire::accusation const& a, wire::accusation const& b) {
        return a.target == b.target && a.step == b.step && a.of == b.of && a.part == b.part;
    }
    /// A part that a target of this validator has made.
    [[nodiscard]] bool may_demand(peer_id by, part_id part) const {
        auto const* const before = steps_.before;
        if (before == nullptr || index(part) >= before->parts().size()) return false;
        auto const& of = before->parts()[index(part)];
        return of.aggregate && steps_.audits(by, of.owner, before->step());
    }
    void demand(part_id part) {
        if (std::ranges::find(demanded_, part) != demanded_.end()) return;
        demanded_.push_back(part);
        auto const& rows = steps_.before->parts()[index(part)].rows;
        for (std::size_t k = 0; k < rows.size(); ++k)
            if (rows.contains(k)) shown_.push_back({peer_id(k), part, true});
    }
    /// All of its rows of the step before.
    void show_gradient(peer_id target) {
        if (!steps_.before->committed().contains(index(target))) return;
        for (std::size_t j = 0; j < steps_.before->parts().size(); ++j) {
            shown_row const one{target, part_id(j), true, true};
            if (std::ranges::find(shown_, one) == shown_.end()) shown_.push_back(one);
        }
    }

    consecutive_steps steps_;
    bool by_distance_;
    std::vector<accused> accusations_;
    std::vector<shown_row> shown_;
    std::vector<part_id> demanded_;
    std::vector<std::pair<peer_id, wire::clean>> cleans_;
    std::vector<peer_id> spoke_;
};

} // namespace btard
