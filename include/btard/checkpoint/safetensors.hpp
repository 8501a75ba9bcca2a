// btard/checkpoint/safetensors.hpp: named tensors in a file that other programs open too, and that shows damage.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/checkpoint/atomic_file.hpp>
#include <btard/checkpoint/byte_source.hpp>
#include <btard/checkpoint/tensor_entry.hpp>
#include <btard/checkpoint/tensor_header.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/crypto/text.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace btard {

static_assert(std::endian::native == std::endian::little,
              "safetensors files are little-endian; here they are not turned");

/// A tensor to be written; the bytes stay the caller's.
struct tensor_to_write {
    std::string name;
    element_type type = element_type::f32;
    std::vector<std::size_t> shape;
    std::span<std::byte const> bytes; ///< row-major
};

namespace detail {
inline constexpr std::string_view hash_key = "btard.sha256";
inline std::string const no_hash(64, '0');

/// Where the digits of the hash stand in a header, whose other texts have no quotes but behind a backslash.
[[nodiscard]] inline std::optional<std::size_t> place_of_hash(std::string_view header) {
    constexpr std::string_view before = "\"btard.sha256\":\"";
    auto const found = header.find(before);
    if (found == header.npos || header.size() - found < before.size() + no_hash.size()) return {};
    return found + before.size();
}
} // namespace detail

/// Writes a file whole or not at all, with a hash of it in its metadata.
///
///     8 bytes, little-endian: length of the header; the header, JSON; the tensors, those of large elements first
///     btard.sha256 = SHA-256 of the file with 64 zeros in place of these digits
///
/// https://huggingface.co/docs/safetensors
///
/// @throws environment_error: a `std::errc`, and a sentence; contract_violation: texts that are no UTF-8, tensors of
/// one name, bytes that do not fit their shape.
inline void write_safetensors(std::string const& path, std::vector<tensor_to_write> tensors,
                              std::map<std::string, std::string> metadata = {}) {
    // So that each tensor begins at a multiple of its element.
    std::ranges::stable_sort(tensors, {}, &tensor_to_write::type);
    metadata.insert_or_assign(std::string(detail::hash_key), detail::no_hash);
    tensor_header header{{}, std::move(metadata)};
    std::set<std::string_view> names{"__metadata__"};
    std::uint64_t end = 0;
    for (auto const& one : tensors) {
        auto const size = one.bytes.size();
        expects(names.insert(one.name).second, "two tensors of the name ", one.name);
        expects(detail::bytes_of(one.shape, one.type) == size, "the tensor ", one.name, " has ", size,
                " bytes, which do not fit its shape");
        header.tensors.push_back({one.name, one.type, one.shape, end, end + size});
        end += size;
    }
    std::string text = write_tensor_header(header);
    for (std::uint64_t k = 0, size = text.size(); k < 8; ++k)
        text.insert(text.begin() + static_cast<std::ptrdiff_t>(k), static_cast<char>(size >> (8 * k) & 0xFF));

    sha256 hash;
    hash.update(text);
    for (auto const& one : tensors) hash.update(one.bytes);
    auto const place = detail::place_of_hash(text);
    expects(place.has_value(), "a header without a place for its hash");
    text.replace(*place, detail::no_hash.size(), detail::to_hex(hash.finish().bytes));

    atomic_file file(path);
    file.write(text);
    for (auto const& one : tensors) file.write(one.bytes);
    file.commit();
}

/// Reads a file from front to back: its header when it is made, then the tensors one by one.
///
/// Nothing is allocated before its length was compared with the limits and with the file.
class safetensors_reader {
public:
    /// @throws environment_error, here and below: `bad_data`, or a `std::errc`: what is wrong with which file.
    explicit safetensors_reader(byte_source source, safetensors_limits const& limits = {})
        : source_(std::move(source)) {
        std::array<std::byte, 8> length{};
        if (source_.size() < length.size())
            refuse("has ", source_.size(), " bytes; the length of its header alone takes 8");
        if (source_.size() > limits.file)
            refuse("has ", source_.size(), " bytes; ", limits.file, " are allowed");
        source_.read(length);
        auto const size = std::bit_cast<std::uint64_t>(length), behind = source_.size() - length.size();
        if (size > behind) refuse("says that its header has ", size, " bytes; ", behind, " follow");
        if (size > limits.header)
            refuse("says that its header has ", size, " bytes; ", limits.header, " are allowed");
        std::string text(static_cast<std::size_t>(size), ' ');
        source_.read(std::as_writable_bytes(std::span(text)));
        header_ = read_tensor_header(text, behind - size, source_.name(), limits);

        if (auto const said = header_.metadata.find(std::string(detail::hash_key));
            said != header_.metadata.end()) {
            auto const place = detail::place_of_hash(text);
            if (!place || text.compare(*place, said->second.size(), said->second) != 0 ||
                said->second.size() != detail::no_hash.size())
                refuse("has a btard.sha256 that is not 64 digits right behind its colon");
            text.replace(*place, detail::no_hash.size(), detail::no_hash);
            said_ = said->second;
        }
        hash_.update(length);
        hash_.update(text);
    }

    [[nodiscard]] std::string const& name() const { return source_.name(); } ///< of the file
    [[nodiscard]] std::map<std::string, std::string> const& metadata() const { return header_.metadata; }
    [[nodiscard]] std::span<tensor_entry const> tensors() const {
        return header_.tensors;
    } ///< in the order of their data
    [[nodiscard]] bool has_hash() const { return said_.has_value(); }

    /// The tensor that comes next, whose entry says how many bytes it takes.
    void read(std::span<std::byte> out) {
        auto const size = take();
        expects(out.size() == size, "out has ", out.size(), " bytes, the tensor ", size);
        while (!out.empty()) {
            auto const now = out.first(std::min(out.size(), block));
            pass(now);
            out = out.subspan(now.size());
        }
    }
    /// Goes on to the one after it.
    void skip() {
        std::vector<std::byte> unwanted(block);
        for (auto left = take(); left > 0; left -= std::min<std::uint64_t>(left, block))
            pass(std::span(unwanted).first(static_cast<std::size_t>(std::min<std::uint64_t>(left, block))));
    }
    /// All tensors are read: was the file as it was written?  One without a hash (of another program) may be.
    void finish() {
        expects(next_ == header_.tensors.size(), next_, " of ", header_.tensors.size(), " tensors of '",
                name(), "' are read");
        auto const found = detail::to_hex(hash_.finish().bytes);
        if (said_ && *said_ != found)
            refuse("is damaged: its SHA-256 is ", found, ", and was ", *said_, " when it was written");
    }

    [[noreturn]] void refuse(auto const&... words) const {
        throw environment_error(errc::bad_data, concat("the safetensors file '", name(), "' ", words...));
    }

private:
    static constexpr std::size_t block = 1 << 18; // bytes, hashed while they are in the cache

    [[nodiscard]] std::uint64_t take() {
        expects(next_ < header_.tensors.size(), "all ", next_, " tensors of '", name(), "' are read");
        auto const& entry = header_.tensors[next_++];
        return entry.end - entry.begin;
    }
    void pass(std::span<std::byte> bytes) {
        source_.read(bytes);
        hash_.update(std::span<std::byte const>(bytes));
    }

    byte_source source_;
    tensor_header header_;
    sha256 hash_;
    std::optional<std::string> said_; // the hash, in digits
    std::size_t next_ = 0;
};

} // namespace btard
