// btard/testing/counting_signer.hpp: signatures that cost nothing and protect nothing, counted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/signer.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace btard::testing {

/// How often the signers that share it were asked.  Not for several threads at a time.
struct signature_count {
    std::uint64_t made = 0, checked = 0;

    friend bool operator==(signature_count const&, signature_count const&) = default;
};

/// Stands in for Ed25519 where no attacker computes: a signature is made of a 64-bit sum of key and text.
///
/// **Not secure: whoever knows the public key can sign.**  A simulation whose attackers only do what they are
/// told to loses nothing by that, and a step of 64 peers is done before Ed25519 would have checked the first
/// phase.  Errors are found all the same: another key, another text and any changed bit are refused.
///
/// Copies are one signer, with one count.
class counting_signer {
public:
    /// Numbers that differ have keys that differ.
    explicit counting_signer(std::uint64_t number,
                             std::shared_ptr<signature_count> count = std::make_shared<signature_count>())
        : count_(std::move(count)) {
        std::uint64_t word = number;
        for (std::size_t i = 0; i < key_.bytes.size(); i += 8) put(mix(word += step), &key_.bytes[i]);
    }

    [[nodiscard]] public_key const& key() const { return key_; }
    [[nodiscard]] signature_count const& count() const { return *count_; }

    [[nodiscard]] signature sign(std::span<std::byte const> text) const {
        ++count_->made;
        return make(key_, text);
    }
    [[nodiscard]] bool verify(public_key const& k, std::span<std::byte const> text,
                              signature const& by) const noexcept {
        ++count_->checked;
        return make(k, text) == by;
    }

private:
    static constexpr std::uint64_t step = 0x9E3779B97F4A7C15; // of splitmix64

    /// The finaliser of splitmix64: invertible, and each bit of the result depends on all bits.
    static constexpr std::uint64_t mix(std::uint64_t x) {
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
        x = (x ^ x >> 27) * 0x94D049BB133111EB;
        return x ^ x >> 31;
    }
    static void put(std::uint64_t word, std::byte* out) {
        if (std::endian::native == std::endian::little) return void(std::memcpy(out, &word, 8));
        for (unsigned k = 0; k < 8; ++k) out[k] = static_cast<std::byte>(word >> (8 * k) & 0xFF);
    }
    static std::uint64_t absorb(std::uint64_t sum, std::span<std::byte const> text) {
        sum = mix(sum ^ text.size());
        for (; text.size() >= 8; text = text.subspan(8)) sum = mix(sum ^ take(text.first(8))) + step;
        return mix(sum ^ take(text));
    }
    static std::uint64_t take(std::span<std::byte const> bytes) {
        std::uint64_t word = 0;
        if (std::endian::native == std::endian::little && bytes.size() == 8) {
            std::memcpy(&word, bytes.data(), 8);
            return word;
        }
        for (std::size_t k = 0; k < bytes.size(); ++k)
            word |= std::to_integer<std::uint64_t>(bytes[k]) << (8 * k);
        return word;
    }
    static signature make(public_key const& k, std::span<std::byte const> text) {
        std::uint64_t word = absorb(absorb(0, k.bytes), text);
        signature result;
        for (std::size_t i = 0; i < result.bytes.size(); i += 8) put(mix(word += step), &result.bytes[i]);
        return result;
    }

    public_key key_;
    std::shared_ptr<signature_count> count_;
};

static_assert(signer<counting_signer>);

} // namespace btard::testing
