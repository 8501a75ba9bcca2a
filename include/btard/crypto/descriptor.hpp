// btard/crypto/descriptor.hpp: an open file, closed at the end.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

namespace btard::detail {

struct descriptor {
    int number; ///< below 0: none
    explicit descriptor(int opened) : number(opened) {}
    descriptor(descriptor&& other) noexcept : number(other.number) { other.number = -1; }
    descriptor(descriptor const&) = delete;
    descriptor& operator=(descriptor const&) = delete;
    ~descriptor() {
        if (number >= 0) ::close(number);
    }
};

} // namespace btard::detail
