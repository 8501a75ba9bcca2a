// tests/data/cifar10_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include "sample_files.hpp"

#include <btard/core/random.hpp>
#include <btard/data/cifar10.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

using namespace btard;

namespace {

/// An image of one colour.
std::string record(int label, int red, int green, int blue) {
    std::string bytes = bytes_of({label});
    for (int const colour : {red, green, blue}) bytes.append(1'024, static_cast<char>(colour));
    return bytes;
}

std::string refusal(std::vector<byte_text> const& files) {
    return refusal_of([&] { (void)read_cifar10(files); });
}

} // namespace

TEST_CASE("read_cifar10: labels and planes, file after file") {
    std::vector const files{named(record(3, 10, 20, 30) + record(0, 40, 50, 60)),
                            named(record(9, 255, 0, 128))};
    auto const set = read_cifar10(files);
    CHECK(set.size() == 3);
    CHECK(set.shape() == image_shape{3, 32, 32});
    CHECK(std::ranges::equal(set.labels(), std::vector{3, 0, 9}));
    CHECK(set.image(1)[0] == 40);
    CHECK(set.image(1)[1'024] == 50);
    CHECK(set.image(2)[2'048] == 128);
    CHECK(set.image(2)[3'071] == 128);
}

TEST_CASE("read_cifar10: broken files are refused, with the place and what would be right") {
    std::string const good = record(3, 1, 2, 3);
    for (std::size_t const size : {1u, 2u, 3'071u, 3'072u}) {
        CHECK(refusal({named(good.substr(0, size))}) ==
              concat("the CIFAR-10 file 'file' has ", size,
                     " bytes, not a multiple of 3073, the bytes of an image"));
    }
    CHECK(refusal({named(good), named(good + "x", "second")}) ==
          "the CIFAR-10 file 'second' has 3074 bytes, not a multiple of 3073, the bytes of an image");
    CHECK(refusal({named(good + record(10, 1, 2, 3))}) ==
          "the CIFAR-10 file 'file' has the label 10 in byte 3073, outside of 0 ... 9");
    CHECK(refusal({named(gzipped(good))}) == "the CIFAR-10 file 'file' is compressed; unpack it first");
    CHECK_THROWS_AS((void)read_cifar10({}), contract_violation);
}

TEST_CASE("read_cifar10: random bytes are read or refused, and nothing else") {
    std::size_t good = 0, refused = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
        random_stream random({i, 78});
        std::string file(3'073 * (1 + random.below(2)) - (i % 3 == 0 ? random.below(3'073) : 0), '\0');
        for (char& byte : file) byte = static_cast<char>(random.below(256));
        if (i % 3 == 1)
            for (std::size_t at = 0; at < file.size(); at += 3'073)
                file[at] = static_cast<char>(random.below(10));
        try {
            good += read_cifar10(std::vector{named(file)}).size() > 0;
        } catch (environment_error const&) {
            ++refused;
        }
    }
    CHECK(good >= 100);
    CHECK(refused > 100);
}

TEST_CASE("read_cifar10_folder: names tell what is held out, and give the order") {
    sample_folder const folder;
    auto const here = folder.path.string();
    CHECK(refusal_of([&] { (void)read_cifar10_folder(here + "/missing"); }) ==
          "cannot list the folder '" + here + "/missing': No such file or directory");
    folder.file("readme.html", "not an image");
    folder.file("data_batch_2.bin", record(2, 1, 1, 1));
    folder.file("data_batch_1.bin", record(1, 1, 1, 1));
    CHECK(refusal_of([&] { (void)read_cifar10_folder(here); }) ==
          "the folder '" + here +
              "' has 2 .bin files for training and 0 whose names begin with \"test\"; there must be some of "
              "each");
    folder.file("test_batch.bin", record(7, 1, 1, 1));
    auto const [training, test] = read_cifar10_folder(here);
    CHECK(std::ranges::equal(training.labels(), std::vector{1, 2}));
    CHECK(std::ranges::equal(test.labels(), std::vector{7}));
}

TEST_CASE("read_cifar10_folder: a part of CIFAR-10 is balanced") {
    char const* const data_folder = std::getenv("BTARD_DATA");
    if (!data_folder) {
        MESSAGE("skipped: BTARD_DATA does not name a folder with cifar-10");
        return;
    }
    auto const [training, test] = read_cifar10_folder(concat(data_folder, "/cifar-10"));
    CHECK(training.size() == 2'000);
    for (int label = 0; label < 10; ++label) {
        CHECK(std::ranges::count(training.labels(), label) == 200);
        CHECK(std::ranges::count(test.labels(), label) == 50);
    }
}
