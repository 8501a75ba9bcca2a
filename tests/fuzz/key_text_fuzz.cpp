// tests/fuzz/key_text_fuzz.cpp: a key or a fingerprint is read or refused; what was read is written in the same way.
// SPDX-License-Identifier: Apache-2.0
#include <btard/core/error.hpp>
#include <btard/crypto/pem.hpp>
#include <btard/crypto/text.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace btard;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const bytes = std::as_bytes(std::span(data, size));
    try {
        auto const who = read_pem(bytes, "a key");
        pem_text again;
        write_pem(who, again);
        must(std::ranges::equal(again.bytes(), bytes));
        must(is_proper(who.key()) && who.verify(who.key(), bytes, who.sign(bytes)));
    } catch (environment_error const& error) {
        must(error.code() == errc::bad_data);
    }
    try {
        must(to_text(read_public_key(text)) == lower(text));
    } catch (environment_error const& error) {
        must(error.code() == errc::bad_text);
    }
    try {
        must(to_text(read_fingerprint(text)) == lower(text));
    } catch (environment_error const& error) {
        must(error.code() == errc::bad_text);
    }
    if (size >= 96) { // a key, a signature and a text that nobody made
        public_key key;
        signature by;
        std::copy_n(bytes.begin(), 32, key.bytes.begin());
        std::copy_n(bytes.begin() + 32, 64, by.bytes.begin());
        (void)is_proper(key);
        must(!verify_signature(key, bytes.subspan(96), by));
    }
    return 0;
}
