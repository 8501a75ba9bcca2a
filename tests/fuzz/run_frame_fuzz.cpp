// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes: no throw, and what processes tell each other beside the protocol is written as it was read.
#include <btard/run/messages.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const bytes = std::as_bytes(std::span(data, size));
    auto const read = btard::decode_run_frame(bytes);
    if (read && !std::ranges::equal(btard::encode_run_frame(*read), bytes)) std::abort();
    return 0;
}
