// btard/protocol/step/step_state.hpp: all that one peer has of one step, until the audits of the step are over.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/norm.hpp>
#include <btard/core/partition.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/proceedings.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/judgement.hpp>
#include <btard/protocol/step/run_rules.hpp>
#include <btard/protocol/step/step_context.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// Stays where it is: the judgement reads the record.
struct step_state {
    using row_name = std::pair<part_id, peer_id>;

    step_state(step_context start, std::shared_ptr<roster const> among, peer_id self_, run_rules const& rules,
               shared_floats v0)
        : context(std::move(start)), members(std::move(among)), self(self_),
          record(context.step, context.roster, context.idle, context.before, rules.of_step(context.lost()),
                 hash_of(context), context.probation.checked, context.disputes),
          given(std::move(v0)) {}
    step_state(step_state const&) = delete;
    step_state& operator=(step_state const&) = delete;
    /// Of a step that is over, for a peer that was no member in it.
    ///
    /// @param v0 (size) from which its rule started
    step_state(step_context start, run_rules const& rules, step_record whole, judged const& verdicts,
               shared_floats v0)
        : step_state(std::move(start), nullptr, nobody, rules, std::move(v0)) {
        members = std::make_shared<roster const>(context.roster);
        record = std::move(whole);
        end_commit();
        judge.emplace(record, verdicts);
        resulted = true;
    }
    static constexpr peer_id nobody{~std::uint32_t{0}};

    step_context context;
    std::shared_ptr<roster const> members;
    peer_id self;
    step_record record;
    std::optional<judgement> judge;                 // from TESTIMONY on
    shared_floats given;                            // (size) the last aggregate that stood, part by part: v0
    std::optional<fixed_gradient> own;              // what this peer has committed to
    std::map<row_name, wire::row> rows;             // of others, as committed to
    std::map<row_name, wire::row> malformed;        // as committed to, and no gradient
    std::vector<shared_floats> aggregates;          // (parts) empty: not here
    std::vector<double> norms;                      // (parts) of the aggregates that are here
    std::vector<double> norms_of_z;                 // (parts) 0: not known
    std::map<digest, wire::evidence> shown;         // with an accusation of this step
    bool committed = false;                         // the log of COMMIT is there: parts have owners
    bool resulted = false;                          // the log of RESULT is there: aggregates have hashes

    /// To the own gradient, before anybody has spoken.
    void commit_to(shared_floats gradient, std::uint32_t microbatches) {
        own.emplace(std::move(gradient), microbatches, partition(size(), record.workers().size()));
    }
    /// Parts have owners from here on.
    void end_commit() {
        committed = true;
        aggregates.resize(record.parts().size());
        norms.resize(record.parts().size());
        norms_of_z.resize(record.parts().size());
    }
    /// @param squares of the values
    void hold(part_id part, shared_floats values, square_sum const& squares) {
        aggregates[static_cast<std::size_t>(part)] = std::move(values);
        norms[static_cast<std::size_t>(part)] = std::sqrt(squares.total());
    }

    [[nodiscard]] std::size_t size() const { return given.size(); }
    [[nodiscard]] std::uint64_t step() const { return context.step; }
    [[nodiscard]] public_key const& key(peer_id of) const { return members->key(of); }
    [[nodiscard]] partition cut() const { return {size(), std::max<std::size_t>(1, record.parts().size())}; }
    [[nodiscard]] part_record const& part(part_id of) const { return record.parts()[static_cast<std::size_t>(of)]; }
    [[nodiscard]] bool is_own(peer_id sender) const { return sender == self && own.has_value(); }
    [[nodiscard]] std::span<float const> given_slice(part_id part) const {
        return cut().slice(std::span<float const>(given), part);
    }
    [[nodiscard]] std::span<float const> aggregate(part_id part) const {
        return aggregates[static_cast<std::size_t>(part)];
    }
    /// Of all parts that stand the aggregate is here.
    [[nodiscard]] bool has_standing() const {
        return std::ranges::all_of(record.standing_parts(), [&](part_id of) { return !aggregate(of).empty(); });
    }

    [[nodiscard]] wire::row own_row(part_id part) const {
        return {step(), self, part, own->tree.branch(part), own->values.slice(cut().begin(part), cut().size(part))};
    }
    /// The own one among them; nothing: it is not here.
    [[nodiscard]] std::optional<wire::row> row(part_id part, peer_id sender) const {
        if (is_own(sender)) return own_row(part);
        auto const at = rows.find({part, sender});
        if (at == rows.end()) return {};
        return at->second;
    }
    [[nodiscard]] bool has_row(part_id part, peer_id sender) const {
        return is_own(sender) || rows.contains({part, sender});
    }
    /// Null: it is not here.
    [[nodiscard]] float const* values(part_id part, peer_id sender) const {
        if (is_own(sender)) return own->values.data() + cut().begin(part);
        auto const at = rows.find({part, sender});
        return at == rows.end() ? nullptr : at->second.values.data();
    }
    /// Those that a part is made of, in the order of the roster.
    [[nodiscard]] std::vector<peer_id> senders(part_id of) const {
        std::vector<peer_id> all;
        for (std::size_t k = 0; k < record.n(); ++k)
            if (part(of).rows.contains(k)) all.push_back(peer_id(k));
        return all;
    }
    /// Nothing: some are not here.
    [[nodiscard]] std::optional<std::vector<float const*>> all_values(part_id part) const {
        std::vector<float const*> all;
        for (peer_id const sender : senders(part)) {
            all.push_back(values(part, sender));
            if (all.back() == nullptr) return {};
        }
        return all;
    }
    /// All rows of a part, which are here, as evidence.
    [[nodiscard]] wire::evidence all_rows(part_id part, std::uint64_t accused_in) const {
        wire::evidence all{{}, accused_in};
        for (peer_id const sender : senders(part)) all.rows.push_back(row(part, sender).value());
        return all;
    }
    [[nodiscard]] std::vector<part_id> parts_of(peer_id owner) const {
        std::vector<part_id> all;
        for (std::size_t j = 0; j < record.parts().size(); ++j)
            if (record.parts()[j].owner == owner) all.push_back(part_id(j));
        return all;
    }
    /// Everybody else, `first` before the others.
    [[nodiscard]] std::vector<public_key> others(std::vector<peer_id> first) const {
        std::size_t const before = first.size(); // few
        for (std::size_t k = 0; k < record.n(); ++k) {
            auto const end = first.begin() + static_cast<std::ptrdiff_t>(before);
            if (std::find(first.begin(), end, peer_id(k)) == end) first.push_back(peer_id(k));
        }
        return keys(first);
    }
    /// Of these, but for the own one.
    [[nodiscard]] std::vector<public_key> keys(std::span<peer_id const> of) const {
        std::vector<public_key> all;
        all.reserve(of.size());
        for (peer_id const one : of)
            if (one != self) all.push_back(key(one));
        return all;
    }
};

} // namespace btard
