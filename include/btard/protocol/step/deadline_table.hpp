// btard/protocol/step/deadline_table.hpp: how long members wait for each other, as they tell each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace btard {

/// In milliseconds; of what each stands for, see `step_timing`.
struct deadline_table {
    std::uint32_t gradient = 0, bulk = 0, body = 0;

    static constexpr void members(auto& self, auto&& member) {
        member(self.gradient);
        member(self.bulk);
        member(self.body);
    }
    friend bool operator==(deadline_table const&, deadline_table const&) = default;
};

/// One that is made of others, kind by kind: `made(a, b...)`.
template <class F, class... More>
[[nodiscard]] constexpr deadline_table kind_by_kind(F&& made, deadline_table const& first, More const&... more) {
    return {made(first.gradient, more.gradient...), made(first.bulk, more.bulk...), made(first.body, more.body...)};
}

} // namespace btard
