// tests/data/idx_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include "sample_files.hpp"

#include <btard/core/random.hpp>
#include <btard/data/idx.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

using namespace btard;

namespace {

std::string const images = idx_file(8, {3, 2, 2}, "abcdefghijkl");
std::string const labels = idx_file(8, {3}, bytes_of({7, 0, 9}));

std::string refusal(std::string const& file, std::size_t dimensions = 3, std::uint64_t limit = idx_limit) {
    return refusal_of([&] { (void)read_idx(named(file), dimensions, limit); });
}

} // namespace

TEST_CASE("read_idx: header and bytes, plain and gzipped") {
    idx_array const expected{{3, 2, 2}, {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'}};
    CHECK(read_idx(named(images), 3) == expected);
    CHECK(read_idx(named(gzipped(images)), 3) == expected);
    CHECK(read_idx(named(labels), 1) == idx_array{{3}, {7, 0, 9}});
    CHECK(read_idx(named(images), 3, 12) == expected);
}

TEST_CASE("read_idx: a file cut off anywhere is refused, packed or not") {
    for (std::size_t size = 1; size < images.size(); ++size) {
        CHECK_THROWS_AS((void)read_idx(named(images.substr(0, size)), 3), environment_error);
        CHECK_THROWS_AS((void)read_idx(named(gzipped(images.substr(0, size))), 3), environment_error);
    }
    CHECK(refusal(images.substr(0, 9)) ==
          "the idx file 'file' ends at byte 9, within its header; that of 3 dimensions has 16 bytes");
    CHECK(refusal(images.substr(0, 20)) ==
          "the idx file 'file' has 20 bytes, but not the 28 that its header promises");
    CHECK(refusal(gzipped(images.substr(0, 20))) ==
          "the idx file 'file' unpacks to 20 bytes; its header promises 28");
}

TEST_CASE("read_idx: every wrong header is refused, with the place and what would be right") {
    CHECK(refusal(idx_file(13, {3, 2, 2}, "")) ==
          "the idx file 'file' has 13 in byte 2; one of bytes in 3 dimensions begins with 0 0 8 3");
    CHECK(refusal(labels) ==
          "the idx file 'file' has 1 in byte 3; one of bytes in 3 dimensions begins with 0 0 8 3");
    CHECK(refusal("plain text") ==
          "the idx file 'file' has 112 in byte 0; one of bytes in 3 dimensions begins with 0 0 8 3");
    CHECK(refusal(idx_file(8, {3, 0, 2}, "")) ==
          "the idx file 'file' has the dimension 0 in byte 8; 1 is the least");
    CHECK(refusal(images + "m") ==
          "the idx file 'file' has 29 bytes, but not the 28 that its header promises");
    CHECK(refusal(gzipped(images + "m")) ==
          "the idx file 'file' goes on after the 28 bytes that its header promises");
    CHECK(refusal(images, 3, 11) ==
          "the idx file 'file' promises more than 11 bytes, with the dimension 2 in byte 12");
}

TEST_CASE("read_idx: a header that promises too much is refused before anything is allocated") {
    std::uint32_t const huge = 0xFFFFFFFF;
    CHECK(refusal(idx_file(8, {huge, huge, huge}, "abc")) ==
          "the idx file 'file' promises more than 1073741824 bytes, with the dimension 4294967295 in byte 4");
    CHECK(refusal(idx_file(8, {65'536, 65'536, 65'536}, "abc")) ==
          "the idx file 'file' promises more than 1073741824 bytes, with the dimension 65536 in byte 8");
    CHECK(refusal(idx_file(8, {1'000, 1'000, 1'000}, "abc")) ==
          "the idx file 'file' has 19 bytes, but not the 1000000016 that its header promises");
    auto const packed = gzipped(idx_file(8, {1'000, 1'000, 1'000}, "abc"));
    CHECK(refusal(packed) ==
          concat("the idx file 'file' has ", packed.size(),
                 " bytes, which unpack to less than the 1000000016 that its header promises"));
}

TEST_CASE("read_idx: random bytes, and random changes of good files, are read or refused, and nothing else") {
    std::size_t good = 0, refused = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        random_stream random({i, 77});
        std::string file = i % 4 == 0   ? gzipped(images)
                           : i % 4 == 1 ? images
                                        : std::string(1 + random.below(64), '\0');
        std::uint32_t const changes =
            i % 4 < 2 ? 1 + random.below(3) : static_cast<std::uint32_t>(file.size());
        for (std::uint32_t change = 0; change < changes; ++change)
            file[random.below(static_cast<std::uint32_t>(file.size()))] =
                static_cast<char>(random.below(256));
        if (i % 4 == 3)
            std::ranges::copy(images.substr(0, 4), file.begin()),
                file.resize(std::max<std::size_t>(file.size(), 5));
        try {
            auto const read = read_idx(named(file), 3, 1 << 20);
            ++good;
            CHECK(read.values.size() == read.shape[0] * read.shape[1] * read.shape[2]);
        } catch (environment_error const&) {
            ++refused;
        }
    }
    CHECK(good > 1'000); // most changes of a plain file concern its images
    CHECK(refused > 10'000);
}

TEST_CASE("read_idx_images: two files make a set") {
    auto const set = read_idx_images(named(images, "images"), named(labels, "labels"));
    CHECK(set.size() == 3);
    CHECK(set.shape() == image_shape{1, 2, 2});
    CHECK(set.image(2)[0] == 'i');
    CHECK(set.label(2) == 9);
    CHECK(set.name() == "images");
}

TEST_CASE("read_idx_images: labels out of range, and files that do not belong together, are refused") {
    CHECK(refusal_of([] { (void)read_idx_images(named(images), named(labels, "labels"), 9); }) ==
          "the idx file 'labels' has the label 9 in byte 10, outside of 0 ... 8");
    auto const two = idx_file(8, {2}, bytes_of({7, 0}));
    CHECK(refusal_of([&] { (void)read_idx_images(named(images, "images"), named(two, "labels")); }) ==
          "the idx file 'images' has 3 images, 'labels' has 2 labels");
}

TEST_CASE("read_idx_folder: finds the four files, packed or not") {
    sample_folder const folder;
    folder.file("train-images-idx3-ubyte.gz", gzipped(images));
    folder.file("train-labels-idx1-ubyte", labels);
    folder.file("t10k-images-idx3-ubyte", images);
    auto const here = folder.path.string();
    CHECK(refusal_of([&] { (void)read_idx_folder(here); }) ==
          "cannot open the file '" + here + "/t10k-labels-idx1-ubyte.gz': No such file or directory");
    folder.file("t10k-labels-idx1-ubyte.gz", gzipped(labels));
    auto const data = read_idx_folder(here);
    CHECK(data.training.size() == 3);
    CHECK(std::ranges::equal(data.test.pixels(), data.training.pixels()));
    CHECK(std::ranges::equal(data.test.labels(), data.training.labels()));
}

TEST_CASE("read_idx_folder: Fashion-MNIST has 6,000 and 1,000 images of each class") {
    char const* const data_folder = std::getenv("BTARD_DATA");
    if (!data_folder) {
        MESSAGE("skipped: BTARD_DATA does not name a folder with fashion-mnist");
        return;
    }
    auto const [training, test] = read_idx_folder(concat(data_folder, "/fashion-mnist"));
    CHECK(training.size() == 60'000);
    CHECK(test.size() == 10'000);
    CHECK(training.shape() == image_shape{1, 28, 28});
    for (int label = 0; label < 10; ++label) {
        CHECK(std::ranges::count(training.labels(), label) == 6'000);
        CHECK(std::ranges::count(test.labels(), label) == 1'000);
    }
}
