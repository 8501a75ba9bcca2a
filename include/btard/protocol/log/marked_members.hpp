// btard/protocol/log/marked_members.hpp: who has no say in the rest of a step.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/protocol/wire/log_list.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace btard {

/// A member that an agreed log of a step has as absent or equivocated is removed when the step is over.  Until then
/// it is left out: it has no slot in the later broadcasts of the step, is absent there whatever it sends, and does not
/// vote.
///
/// It may have been honest and only late, so 2f + 1 members keep their slots: enough for f liars.  Who is marked when
/// no more can be left out goes on as if it were not.
class marked_members {
public:
    marked_members(std::size_t members, std::size_t faults)
        : members_(members), room_(members - std::min(members, 2 * faults + 1)) {}

    /// The next agreed log of the step.
    void read(log_list const& log) {
        for (std::size_t k = 0; k < std::min(members_, log.size()) && count_ < room_; ++k) {
            if (log[k].kind == entry_kind::body || (count_ > 0 && left_out_[k])) continue;
            left_out_.resize(members_);
            left_out_[k] = true;
            ++count_;
        }
    }
    /// (members) In the broadcast after those.  Empty: nobody.
    [[nodiscard]] std::vector<bool> const& left_out() const { return left_out_; }
    [[nodiscard]] std::size_t slots() const { return members_ - count_; } ///< members that keep theirs

private:
    std::size_t members_, room_, count_ = 0;
    std::vector<bool> left_out_;
};

/// What an honest member may sign: those without a slot are absent.
[[nodiscard]] inline bool keeps_out(log_list const& list, std::vector<bool> const& left_out) {
    for (std::size_t k = 0; k < left_out.size(); ++k)
        if (left_out[k] && list[k].kind != entry_kind::absent) return false;
    return true;
}

} // namespace btard
