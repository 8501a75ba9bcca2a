// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes: no throw, and a message that is read is written as it was.
#include <btard/protocol/wire/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const bytes = std::as_bytes(std::span(data, size));
    auto const read = btard::decode_frame(bytes);
    if (read && !std::ranges::equal(btard::encode_frame(*read), bytes)) std::abort();
    return 0;
}
