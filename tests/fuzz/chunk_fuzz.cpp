// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes, and however they are cut: the same messages, none above its limit, and a hello is written as read.
#include <btard/transport/tcp/chunk_reader.hpp>
#include <btard/transport/tcp/hello.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

namespace {

constexpr std::array<std::size_t, 3> limits{16, 1'000, 200'000};

std::vector<std::vector<std::byte>> messages(std::span<std::byte const> bytes, std::size_t piece) {
    std::vector<std::vector<std::byte>> all;
    btard::chunk_reader reader(limits);
    while (!bytes.empty()) {
        auto part = bytes.first(std::min(piece, bytes.size()));
        bytes = bytes.subspan(part.size());
        while (auto one = reader.next(part)) {
            if (one->bytes.size() > limits[one->channel]) std::abort();
            all.push_back(std::move(one->bytes));
        }
    }
    if (reader.held() > limits[0] + limits[1] + limits[2]) std::abort();
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const bytes = std::as_bytes(std::span(data, size));
    if (messages(bytes, size) != messages(bytes, 5)) std::abort();
    auto const read = btard::decode_hello(bytes);
    if (read && !std::ranges::equal(btard::encode(*read), bytes)) std::abort();
    return 0;
}
