// btard/run/refusals.hpp: what members answer to a key that may not come in, and what it believes of that.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/run/greeting_messages.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>

namespace btard {

/// To a key that asks to come in.  Nothing: it may ask, or is nobody whom this member knows anything of.
///
/// @param now a `membership`
template <class Membership>
[[nodiscard]] std::optional<wire::refusal> refusal_of(Membership const& now, public_key const& key) {
    if (now.banned().contains(key)) return wire::refusal{refusal_reason::banned};
    if (now.standing().is_struck(key)) return wire::refusal{refusal_reason::struck};
    auto const returns = now.standing().may_return_at(key);
    if (now.was_member(key) && !now.members()->find(key) && returns > now.step() + 1)
        return wire::refusal{refusal_reason::waits, returns};
    return {};
}

/// What a member of the run says of this key, and not of its process.
[[nodiscard]] constexpr bool is_about_key(refusal_reason why) {
    return why == refusal_reason::banned || why == refusal_reason::struck || why == refusal_reason::waits;
}

/// One that lies must not be able to send an honest trainer away: what f + 1 members say alike counts.
class heard_refusals {
public:
    /// @param roster of the newest step that this trainer knows
    /// @param faults members of it that may lie
    /// @return what is believed since these words; nothing: nothing new
    [[nodiscard]] std::optional<wire::refusal> hear(public_key const& from, wire::refusal const& said,
                                                    std::span<log_member const> roster, std::size_t faults) {
        auto const is_member = [&](public_key const& key) {
            return std::ranges::find(roster, key, &log_member::key) != roster.end();
        };
        if (!is_member(from)) return {};
        said_[from] = said; // its last word
        std::size_t same = 0;
        for (auto const& [who, what] : said_) same += what == said && is_member(who);
        if (same <= faults || believed_ == said) return {};
        believed_ = said;
        return said;
    }

private:
    std::map<public_key, wire::refusal> said_; // members, and those that were some
    std::optional<wire::refusal> believed_;
};

} // namespace btard
