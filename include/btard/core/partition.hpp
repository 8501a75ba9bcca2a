// btard/core/partition.hpp: a flat vector cut into n parts, one for each peer of a butterfly all-reduce.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace btard {

/// Consecutive parts whose lengths differ by at most one, the longer ones first; no padding.  The parts of a
/// vector are views of it: whoever writes each aggregated part into its `slice` has restored the vector.
class partition {
public:
    constexpr partition(std::size_t size, std::size_t parts) : size_(size), parts_(parts) {
        expects(parts > 0, "a vector cannot be cut into 0 parts");
    }

    [[nodiscard]] constexpr std::size_t size() const { return size_; }
    [[nodiscard]] constexpr std::size_t parts() const { return parts_; }

    [[nodiscard]] constexpr std::size_t begin(part_id part) const {
        std::size_t const k = checked(part);
        return k * (size_ / parts_) + std::min(k, size_ % parts_);
    }
    [[nodiscard]] constexpr std::size_t size(part_id part) const {
        return size_ / parts_ + (checked(part) < size_ % parts_ ? 1 : 0);
    }

    /// The part to which an element belongs.
    [[nodiscard]] constexpr part_id part_of(std::size_t element) const {
        expects(element < size_, "there is no element ", element, ", the vector has ", size_);
        std::size_t const length = size_ / parts_, longer = size_ % parts_;
        std::size_t const split = longer * (length + 1); // the longer parts end here
        return static_cast<part_id>(element < split ? element / (length + 1)
                                                    : longer + (element - split) / length);
    }

    template <class T>
    [[nodiscard]] constexpr std::span<T> slice(std::span<T> vector, part_id part) const {
        expects(vector.size() == size_, "the vector has ", vector.size(), " elements, the partition ", size_);
        return vector.subspan(begin(part), size(part));
    }

private:
    constexpr std::size_t checked(part_id part) const {
        auto const k = static_cast<std::size_t>(part);
        expects(k < parts_, "there is no part ", k, " among ", parts_);
        return k;
    }

    std::size_t size_, parts_;
};

} // namespace btard
