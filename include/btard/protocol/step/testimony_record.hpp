// btard/protocol/step/testimony_record.hpp: what everybody has testified, and which parts stand after all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/step/testimony.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// A row that everybody is to see.
struct shown_row {
    peer_id sender{};
    part_id part{};
    bool of_before = false; ///< of the step before, with the numbers that members had then
    bool of_gradient = false; ///< one of all rows of its sender, who alone answers for it

    friend bool operator==(shown_row const&, shown_row const&) = default;
};

/// What is left of a judgement for those who judge the step after it, when they have nothing but logs: rows may have
/// corrected testimonies.
struct judged {
    std::vector<std::optional<testimony>> said = {}; ///< (parts that stood before verdicts, n)
    std::vector<part_id> removed = {};               ///< those that do not stand after them

    static constexpr void members(auto& self, auto&& member) {
        member(self.said, &wire_limits::entries);
        member(self.removed, &wire_limits::peers);
    }
    friend bool operator==(judged const&, judged const&) = default;

    /// Of that step, can it be?
    [[nodiscard]] bool fits(step_record const& step) const {
        auto const standing = step.standing_parts();
        auto const is_one = [&](part_id part) {
            return std::ranges::find(standing, part) != standing.end() && std::ranges::count(removed, part) == 1;
        };
        return said.size() == standing.size() * step.n() && std::ranges::all_of(removed, is_one);
    }
};

/// Testimonies are about the parts that stand when r is known.  What their rows show may correct them, and make parts
/// fall.
class testimony_record {
public:
    explicit testimony_record(step_record const& step)
        : step_(&step), standing_(step.standing_parts()),
          said_(standing_.size(), std::vector<std::optional<testimony>>(step.n())) {}

    /// Of a step that is over.
    testimony_record(step_record const& step, judged const& over) : testimony_record(step) {
        expects(over.fits(step), "what was judged is none of this step");
        auto next = over.said.begin();
        for (auto& part : said_)
            for (auto& one : part) one = *next++;
        removed_ = over.removed;
    }
    /// When the step is over.
    [[nodiscard]] judged result() const {
        judged over{{}, removed_};
        for (auto const& part : said_) over.said.insert(over.said.end(), part.begin(), part.end());
        return over;
    }

    /// @param malformed `malformed(part, testimony)`: can no row lead to it?
    offences read(agreed_log<wire::testify> const& log, auto&& malformed) {
        return read_log(log, [&](peer_id who, wire::testify const& all) {
            if (!step_->committed().contains(index(who))) return all.parts.empty() ? sense::good : sense::out_of_step;
            if (all.parts.size() != standing_.size()) return sense::out_of_step;
            for (std::size_t j = 0; j < standing_.size(); ++j)
                if (malformed(standing_[j], all.parts[j])) return sense::malformed;
            for (std::size_t j = 0; j < standing_.size(); ++j)
                if (uses(standing_[j], who)) said_[j][index(who)] = all.parts[j];
            return sense::good;
        });
    }
    /// Replaces a testimony by what the row says, once everybody has seen the row.
    void correct(part_id part, peer_id of, testimony const& right) { said_[place(part)][index(of)] = right; }
    /// A part that does not stand after all: its sum is not what the rule makes, or nobody knows.
    void remove(part_id part) {
        if (std::ranges::find(removed_, part) == removed_.end()) removed_.push_back(part);
    }

    [[nodiscard]] std::span<part_id const> standing() const { return standing_; } ///< before verdicts
    [[nodiscard]] bool stands(part_id part) const {                               ///< after them
        return std::ranges::find(standing_, part) != standing_.end() &&
               std::ranges::find(removed_, part) == removed_.end();
    }
    /// For a part that stood before verdicts.
    [[nodiscard]] bool has(part_id part, peer_id of) const { return said_[place(part)][index(of)].has_value(); }
    /// The testimonies for a part, of those whose rows it uses, in the order of the roster, as far as there are any.
    [[nodiscard]] std::vector<std::pair<peer_id, testimony>> said(part_id part) const {
        std::vector<std::pair<peer_id, testimony>> all;
        auto const& here = said_[place(part)];
        for (std::size_t k = 0; k < here.size(); ++k)
            if (here[k]) all.emplace_back(peer_id(k), *here[k]);
        return all;
    }
    /// All rows of these parts, as `wire::open` counts them.
    [[nodiscard]] std::vector<shown_row> rows_of(std::span<part_id const> parts) const {
        std::vector<shown_row> rows;
        for (part_id const part : parts)
            for (std::size_t k = 0; k < step_->n(); ++k)
                if (uses(part, peer_id(k))) rows.push_back({peer_id(k), part});
        return rows;
    }
    /// Rows whose senders said nothing useful.
    [[nodiscard]] std::vector<shown_row> without_testimony() const {
        auto rows = rows_of(standing_);
        std::erase_if(rows, [&](shown_row const& row) { return has(row.part, row.sender); });
        return rows;
    }

private:
    template <class Id>
    [[nodiscard]] static std::size_t index(Id of) { return static_cast<std::size_t>(of); }
    [[nodiscard]] std::size_t place(part_id part) const {
        return static_cast<std::size_t>(std::ranges::find(standing_, part) - standing_.begin());
    }
    [[nodiscard]] bool uses(part_id part, peer_id who) const {
        return step_->parts()[index(part)].rows.contains(index(who));
    }

    step_record const* step_;
    std::vector<part_id> standing_, removed_;
    std::vector<std::vector<std::optional<testimony>>> said_; // (standing parts, n)
};

} // namespace btard
