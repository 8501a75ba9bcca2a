// btard/protocol/wire/member_set.hpp: a subset of a list that everybody has: who is there, who holds what.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace btard {

/// One bit for each entry of a list of `size` entries: members of a roster, parts, payloads.
class member_set {
public:
    member_set() = default;
    explicit member_set(std::size_t size) : size_(size), words_((size + 63) / 64) {}

    void insert(std::size_t entry) { words_[word(entry)] |= bit(entry); }
    void erase(std::size_t entry) { words_[word(entry)] &= ~bit(entry); }
    void fill() {
        for (std::size_t entry = 0; entry < size_; ++entry) insert(entry);
    }

    [[nodiscard]] bool contains(std::size_t entry) const { return (words_[word(entry)] & bit(entry)) != 0; }
    [[nodiscard]] std::size_t size() const { return size_; } ///< of the list
    [[nodiscard]] std::size_t count() const {                ///< of those in the set
        std::size_t sum = 0;
        for (std::uint64_t const w : words_) sum += static_cast<std::size_t>(std::popcount(w));
        return sum;
    }

    friend bool operator==(member_set const&, member_set const&) = default;

private:
    [[nodiscard]] std::size_t word(std::size_t entry) const {
        expects(entry < size_, "there is no entry ", entry, " in a list of ", size_);
        return entry / 64;
    }
    [[nodiscard]] static constexpr std::uint64_t bit(std::size_t entry) { return std::uint64_t{1} << entry % 64; }

    std::size_t size_ = 0;
    std::vector<std::uint64_t> words_;
};

} // namespace btard
