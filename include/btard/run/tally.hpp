// btard/run/tally.hpp: what members say of each step, and what of it enough of them say alike.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>

#include <cstddef>
#include <cstdint>
#include <map>

namespace btard {

/// One hash for each step, in the words of each member.  Of a member the first word on a step counts, and only the
/// latest steps are kept: one that invents steps loses its own words.
class tally {
public:
    /// How many steps are remembered.
    static constexpr std::size_t most = 96;

    /// @param enough voices: f + 1, one of which is honest
    /// @return whether the value is believed from now on
    bool hear(public_key const& from, std::uint64_t step, digest const& value, std::size_t enough) {
        auto& said = said_[from];
        if (!said.try_emplace(step, value).second) return false;
        shorten(said);
        if (believed_.contains(step)) return false;
        std::size_t voices = 0;
        for (auto const& [who, words] : said_) {
            auto const at = words.find(step);
            voices += at != words.end() && at->second == value;
        }
        if (voices < enough) return false;
        believed_.emplace(step, value);
        shorten(believed_);
        return true;
    }
    /// What was heard of those who are no members any more does not count for what is heard later.
    template <class F>
    void keep_those(F&& is_member) {
        std::erase_if(said_, [&](auto const& one) { return !is_member(one.first); });
    }
    /// All that was said of a step.
    void forget(std::uint64_t step) {
        believed_.erase(step);
        for (auto& [who, words] : said_) words.erase(step);
    }

    /// Null: not enough of them say the same.
    [[nodiscard]] digest const* believed(std::uint64_t step) const {
        auto const at = believed_.find(step);
        return at == believed_.end() ? nullptr : &at->second;
    }
    [[nodiscard]] std::map<std::uint64_t, digest> const& believed() const { return believed_; }
    /// Whether that member says of the step what is believed.
    [[nodiscard]] bool agrees(public_key const& who, std::uint64_t step) const {
        auto const* const value = believed(step);
        auto const words = said_.find(who);
        if (value == nullptr || words == said_.end()) return false;
        auto const at = words->second.find(step);
        return at != words->second.end() && at->second == *value;
    }

private:
    static void shorten(std::map<std::uint64_t, digest>& steps) {
        while (steps.size() > most) steps.erase(steps.begin());
    }

    std::map<public_key, std::map<std::uint64_t, digest>> said_;
    std::map<std::uint64_t, digest> believed_;
};

} // namespace btard
