// btard/transport/slots.hpp: things that come and go, in places that are used again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace btard::detail {

template <class T>
class slots {
public:
    /// @return its place, until it is taken
    [[nodiscard]] std::uint32_t keep(T one) {
        if (free_.empty()) {
            all_.push_back(std::move(one));
            return static_cast<std::uint32_t>(all_.size() - 1);
        }
        std::uint32_t const place = free_.back();
        free_.pop_back();
        all_[place] = std::move(one);
        return place;
    }
    [[nodiscard]] T take(std::uint32_t place) {
        free_.push_back(place);
        return std::move(all_[place]);
    }
    [[nodiscard]] T const& operator[](std::uint32_t place) const { return all_[place]; }

private:
    std::vector<T> all_;
    std::vector<std::uint32_t> free_;
};

} // namespace btard::detail
