// btard/data/unpacked.hpp: the bytes of a file one after the other, unpacked where the file is gzipped.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/data/text.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace btard {

/// Does a file begin as gzip's do?
[[nodiscard]] inline bool is_gzipped(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

/// Reads a plain or gzipped file from the front.  Its memory does not depend on what the file says.
///
/// Deutsch. GZIP file format specification version 4.3. RFC 1952.
class unpacked {
public:
    explicit unpacked(byte_text file) : file_(std::move(file)), gzipped_(is_gzipped(file_.bytes())) {
        if (gzipped_ && ::inflateInit2(&state_, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc(); // 16: gzip
    }
    unpacked(unpacked const&) = delete; // zlib's state points at itself
    unpacked& operator=(unpacked const&) = delete;
    ~unpacked() {
        if (gzipped_) ::inflateEnd(&state_);
    }

    /// The next bytes: as many as there is room for, fewer at the end.
    ///
    /// @throws environment_error: the compressed data are damaged or cut off.
    std::size_t read(std::span<std::uint8_t> out) {
        std::size_t const count = gzipped_ ? inflate(out) : copy(out);
        position_ += count;
        return count;
    }

    /// Is nothing left?  Asked once, after the last `read`: it reads on, and so checks the sum at the end
    /// too.
    [[nodiscard]] bool at_end() {
        std::uint8_t next = 0;
        return read({&next, 1}) == 0;
    }

    [[nodiscard]] std::uint64_t position() const { return position_; } ///< bytes read
    [[nodiscard]] bool gzipped() const { return gzipped_; }

    /// The most bytes that a file of this size can hold, plain or compressed: no stream of deflate unpacks to
    /// more than 1,032 times its size.
    [[nodiscard]] std::uint64_t capacity() const {
        return file_.size() * std::uint64_t{gzipped_ ? 1'032u : 1u};
    }
    [[nodiscard]] std::string const& name() const { return file_.name(); }

private:
    std::size_t copy(std::span<std::uint8_t> out) {
        auto const next = file_.bytes().substr(used_, out.size());
        std::ranges::transform(next, out.begin(), [](char byte) { return static_cast<std::uint8_t>(byte); });
        used_ += next.size();
        return next.size();
    }

    std::size_t inflate(std::span<std::uint8_t> out) {
        constexpr std::size_t most = std::numeric_limits<uInt>::max();
        std::size_t written = 0;
        while (written < out.size() && !finished_) {
            auto const input = file_.bytes().substr(used_, most);
            state_.next_in =
                reinterpret_cast<Bytef*>(const_cast<char*>(input.data())); // zlib does not write there
            state_.avail_in = static_cast<uInt>(input.size());
            state_.next_out = out.data() + written;
            std::size_t const room = std::min(out.size() - written, most);
            state_.avail_out = static_cast<uInt>(room);
            int const said = ::inflate(&state_, Z_NO_FLUSH);
            used_ += input.size() - state_.avail_in;
            written += room - state_.avail_out;
            if (said == Z_STREAM_END) { // of one member; gzip allows several, one behind the other
                finished_ = used_ == file_.size();
                ::inflateReset(&state_);
            } else if (said == Z_BUF_ERROR) {
                fail("ends within its compressed data, whose first ", written);
            } else if (said == Z_MEM_ERROR) {
                throw std::bad_alloc();
            } else if (said != Z_OK) {
                std::string_view const why = state_.msg ? state_.msg : "unknown";
                fail(concat("has damaged compressed data (", why, ") before byte ", used_, "; the first "),
                     written);
            }
        }
        return written;
    }

    [[noreturn]] void fail(std::string_view what, std::size_t written) const {
        throw environment_error(errc::bad_data, concat("the file '", name(), "' ", what, position_ + written,
                                                       " bytes could be unpacked"));
    }

    byte_text file_;
    bool gzipped_;
    bool finished_ = false;
    ::z_stream state_{};
    std::size_t used_ = 0; // bytes of the file
    std::uint64_t position_ = 0;
};

} // namespace btard
