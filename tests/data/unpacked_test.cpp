// tests/data/unpacked_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include "sample_files.hpp"

#include <btard/data/unpacked.hpp>

#include <algorithm>
#include <string>

using namespace btard;

namespace {

std::string const text =
    "In the beginning God created the heaven and the earth. And the earth was without form, and void.";

/// Everything, in pieces of `piece` bytes.
std::string read_all(std::string const& file, std::size_t piece = 7) {
    unpacked source(named(file));
    std::string all;
    for (;;) {
        std::vector<std::uint8_t> next(piece);
        std::size_t const count = source.read(next);
        all.append(next.begin(), next.begin() + static_cast<std::ptrdiff_t>(count));
        CHECK(source.position() == all.size());
        if (count < piece) return all;
    }
}

} // namespace

TEST_CASE("unpacked: plain and gzipped files read alike, in pieces of any size") {
    for (std::size_t const piece : {1, 7, 96, 1'000}) {
        CHECK(read_all(text, piece) == text);
        CHECK(read_all(gzipped(text), piece) == text);
    }
    unpacked plain(named(text)), packed(named(gzipped(text)));
    CHECK(!plain.gzipped());
    CHECK(packed.gzipped());
    CHECK(plain.capacity() == text.size());
    CHECK(packed.capacity() == 1'032 * gzipped(text).size());
}

TEST_CASE("unpacked: the end is where the last byte was read, and not before") {
    for (auto const& file : {text, gzipped(text)}) {
        unpacked source(named(file));
        std::vector<std::uint8_t> all(text.size());
        CHECK(source.read(all) == text.size());
        CHECK(source.at_end());
        unpacked other(named(file));
        all.pop_back();
        CHECK(other.read(all) == all.size());
        CHECK(!other.at_end());
    }
}

TEST_CASE("unpacked: gzip's members follow each other as if they were one, empty ones too") {
    CHECK(read_all(gzipped(text) + gzipped("") + gzipped("second")) == text + "second");
}

TEST_CASE("unpacked: no stream unpacks to more than its capacity") {
    std::string const zeros(10'000'000, '\0');
    CHECK(zeros.size() > 1'000 * gzipped(zeros).size());
    CHECK(zeros.size() < unpacked(named(gzipped(zeros))).capacity());
}

TEST_CASE("unpacked: a compressed file that is cut off anywhere is refused") {
    std::string const packed = gzipped(text);
    for (std::size_t size = 2; size < packed.size(); ++size) {
        CHECK_THROWS_AS((void)read_all(packed.substr(0, size)), environment_error);
    }
    CHECK(refusal_of([&] { (void)read_all(packed.substr(0, 5)); }) ==
          "the file 'file' ends within its compressed data, whose first 0 bytes could be unpacked");
}

TEST_CASE("unpacked: a compressed file with one wrong bit is refused, or reads the same") {
    std::string const packed = gzipped(text);
    std::size_t refused = 0;
    for (std::size_t bit = 16; bit < 8 * packed.size(); ++bit) { // the first two bytes say that it is gzipped
        std::string damaged = packed;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
        bool same = true;
        try {
            same = read_all(damaged) == text; // the time and the system that packed it do not matter
        } catch (environment_error const&) {
            ++refused;
        }
        CHECK(same);
    }
    CHECK(refused >
          8 * (packed.size() - 10) - 8); // all that follows ten bytes of header, but up to 7 unused bits
    auto damaged = packed;
    damaged[damaged.size() - 5] ^= 1; // the checksum
    CHECK(refusal_of([&] { (void)read_all(damaged); }) ==
          concat("the file 'file' has damaged compressed data (incorrect data check) before byte ",
                 packed.size() - 4, "; the first 96 bytes could be unpacked"));
}

TEST_CASE("unpacked: what follows the compressed data must be compressed too") {
    CHECK_THROWS_AS((void)read_all(gzipped(text) + "appendix"), environment_error);
}
