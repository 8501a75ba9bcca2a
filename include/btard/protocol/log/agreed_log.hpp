// btard/protocol/log/agreed_log.hpp: what everybody has agreed that everybody said, and what that tells against members.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace btard {

/// What the agreed log of one broadcast holds for each member of the roster, in its order.
template <class Body>
struct log_entry {
    enum class kind : std::uint8_t { present, absent, equivocated, garbled }; ///< garbled: signed, and no such body
    kind is = kind::absent;
    Body body{}; ///< of those present

    [[nodiscard]] bool present() const { return is == kind::present; }
};
template <class Body>
using agreed_log = std::vector<log_entry<Body>>;

/// Why a peer is no member any more when the step is over.
enum class offence : std::uint8_t {
    absence,         ///< it said nothing, or lost its row: it waits and may come back
    no_part,         ///< most did not get the part that it owned: a strike
    quarrels,        ///< in dispute with more members than there can be liars: a strike
    points,          ///< its budget of points is spent: a strike
    leave,           ///< in good order
    equivocation,    ///< two signed bodies for one slot: from here on bans
    malformed,       ///< signed bytes that nobody can send by mistake
    wrong_share,     ///< not what it had committed to
    false_testimony, ///< it does not follow from its row
    wrong_result,    ///< it does not follow from the rows
    wrong_gradient,  ///< it does not follow from parameters and seed
    slander,         ///< the accused had done nothing
    hidden_row,      ///< it opens neither its own row nor one that it used
    cover_up,        ///< it must have seen a false testimony, and did not accuse
};
constexpr auto enum_names(offence) {
    return std::array<std::string_view, 14>{
        "absence",     "no_part",         "quarrels",     "points",         "leave",   "equivocation", "malformed",
        "wrong_share", "false_testimony", "wrong_result", "wrong_gradient", "slander", "hidden_row",   "cover_up"};
}
constexpr std::size_t enum_count(offence) { return 14; }
[[nodiscard]] constexpr bool is_ban(offence of) { return of >= offence::equivocation; }
[[nodiscard]] constexpr bool is_strike(offence of) {
    return of == offence::no_part || of == offence::quarrels || of == offence::points;
}

using offences = std::vector<std::pair<peer_id, offence>>;

inline void note(offences& against, peer_id who, offence what) {
    if (std::ranges::find(against, std::pair(who, what)) == against.end()) against.emplace_back(who, what);
}

/// What a body turns out to be.
enum class sense : std::uint8_t {
    good,
    out_of_step, ///< it does not fit the logs before it: its sender has other ones, and so is as good as absent
    malformed,   ///< whatever the logs are, nobody can say that
};

/// Calls `make(who, body)` for those present; it says which sense the body makes, and changes nothing unless it is good.
template <class Body>
[[nodiscard]] offences read_log(agreed_log<Body> const& log, auto&& make) {
    using kind = typename log_entry<Body>::kind;
    offences against;
    for (std::size_t k = 0; k < log.size(); ++k) {
        peer_id const who{static_cast<std::uint32_t>(k)};
        if (log[k].is == kind::absent) note(against, who, offence::absence);
        else if (log[k].is == kind::equivocated) note(against, who, offence::equivocation);
        else if (log[k].is == kind::garbled) note(against, who, offence::malformed);
        else if (sense const is = make(who, log[k].body); is != sense::good)
            note(against, who, is == sense::malformed ? offence::malformed : offence::absence);
    }
    return against;
}

} // namespace btard
