// btard/protocol/pull_list.hpp: what a peer lacks, and whom it asks for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace btard {

/// Everything is pushed by whoever has to send it.  What has not come in time is asked for, of one peer, then of two
/// others, of four, ...: those that must have it first.
///
/// Where f members say falsely that they have something, and the two honest ones that do come last, asking one after
/// another would take n questions, and most honest members would be absent by then.
class pull_list {
public:
    /// Who wants it already asks these from now on, as many at once as it has come to.
    ///
    /// @param from without the peer itself
    void want(wire::wanted what, std::vector<public_key> from, time_point first) {
        auto const at = std::ranges::find(all_, what, &entry::what);
        if (at == all_.end()) all_.push_back({std::move(what), std::move(from), 0, 1, first});
        else *at = {std::move(what), std::move(from), 0, at->at_once, std::min(first, at->due)};
    }
    [[nodiscard]] bool wants(wire::wanted const& what) const {
        return std::ranges::find(all_, what, &entry::what) != all_.end();
    }
    void got(wire::wanted const& what) {
        std::erase_if(all_, [&](entry const& one) { return one.what == what; });
    }
    void clear() { all_.clear(); }

    /// Calls `ask(public_key, wire::wanted const&)` for what is due.
    void handle_timeout(time_point now, std::chrono::nanoseconds again, auto&& ask) {
        for (auto& one : all_) {
            if (one.due > now || one.from.empty()) continue;
            for (std::size_t k = 0; k < std::min(one.at_once, one.from.size()); ++k) {
                ask(one.from[one.next], one.what);
                one.next = (one.next + 1) % one.from.size();
            }
            if (one.at_once < one.from.size()) one.at_once *= 2;
            one.due = now + again;
        }
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const {
        std::optional<time_point> first;
        for (auto const& one : all_)
            if (!one.from.empty() && (!first || one.due < *first)) first = one.due;
        return first;
    }

private:
    struct entry {
        wire::wanted what;
        std::vector<public_key> from;
        std::size_t next, at_once;
        time_point due;
    };
    std::vector<entry> all_;
};

} // namespace btard
