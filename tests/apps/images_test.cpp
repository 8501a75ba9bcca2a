// SPDX-License-Identifier: Apache-2.0
#include "../../apps/simulate/images.hpp"

#include "image_files.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <filesystem>
#include <string>

using namespace btard;
using namespace btard::apps;

namespace {

std::string refusal(any_data const& data) {
    try {
        (void)load_images(data, 4, {});
    } catch (contract_violation const& wrong) {
        return wrong.what();
    }
    return "nothing refused";
}

} // namespace

TEST_CASE("load_images: a folder of idx files, read once and kept") {
    fresh_folder const folder;
    write_idx(folder, 40, 6);
    auto const data = any_data::from_text("idx:" + folder.path.string());
    auto const first = load_images(data, 4, {});
    CHECK(first.training().size() == 40);
    CHECK(sizes_of(first).shape == image_shape{1, 6, 6});
    CHECK(sizes_of(first).classes == 10);
    CHECK(first.shares().empty());
    std::filesystem::remove(folder.path / "train-images-idx3-ubyte");
    CHECK(load_images(data, 4, {}).training().pixels().data() == first.training().pixels().data());
}

TEST_CASE("load_images: CIFAR-10, by the names of the archive and by others") {
    fresh_folder const folder;
    folder.file("data_batch_1.bin", cifar_images(20));
    folder.file("train_more.bin", cifar_images(30));
    folder.file("test_batch.bin", cifar_images(10));
    auto const images = load_images(any_data::from_text("cifar10:" + folder.path.string()), 4, {});
    CHECK(images.training().size() == 50);
    CHECK(sizes_of(images).shape == image_shape{3, 32, 32});
    CHECK(images.settings() == cifar10_sampling);
}

TEST_CASE("load_images: divided among so many peers, as the seed says") {
    fresh_folder const folder;
    write_idx(folder, 60, 5);
    idx_folder of;
    of.folder = folder.path.string();
    of.split = by_label{.shards = 1};
    auto const shares = load_images({of}, 3, {1, 2}).shares();
    REQUIRE(shares.size() == 3);
    CHECK(shares[0].size() + shares[1].size() + shares[2].size() == 60);
    CHECK(load_images({of}, 3, {1, 2}).shares() == shares);
    CHECK(load_images({of}, 3, {1, 3}).shares() != shares);
    CHECK(load_images({of}, 6, {1, 2}).shares().size() == 6);
    of.split = by_label{.shards = 100};
    CHECK(refusal({of}) == "--data.split: 60 samples make no 100 shards for each of 4 peers");
}

TEST_CASE("load_images: files that are missing are named, with their folder") {
    fresh_folder const folder;
    std::string const place = "--data: the folder '" + folder.path.string() + "' has no ";
    auto const idx = any_data::from_text("idx:" + folder.path.string());
    auto const cifar = any_data::from_text("cifar10:" + folder.path.string());
    CHECK(refusal(idx) == place + "train-images-idx3-ubyte, with .gz or without");
    CHECK(refusal(cifar) == place + "*.bin for training, such as data_batch_1.bin");
    write_idx(folder, 10, 4);
    std::filesystem::remove(folder.path / "t10k-labels-idx1-ubyte");
    folder.file("data_batch_1.bin", cifar_images(20));
    CHECK(refusal(idx) == place + "t10k-labels-idx1-ubyte, with .gz or without");
    CHECK(refusal(cifar) == place + "test*.bin, the images held out");
}

TEST_CASE("load_images: padding that does not fit the images is refused") {
    fresh_folder const folder;
    write_idx(folder, 10, 4);
    idx_folder of;
    of.folder = folder.path.string();
    of.samples.padding = 5;
    CHECK(refusal({of}) == "--data: padding by 5 around images of 4 x 4 pixels");
}

TEST_CASE("models of images: sizes come from the data, and a given one must agree") {
    image_sizes const of{{3, 8, 10}, 7};
    CHECK(mlp_model{.hidden = {5}}.sizes(of) == mlp_config{240, {5}, 7});
    CHECK(cnn_model{.filters = {2}}.sizes(of) ==
          cnn_config{.channels = 3, .height = 8, .width = 10, .filters = {2}, .classes = 7});
    CHECK(resnet18_model{.width = 4, .classes = 7}.sizes(of) ==
          resnet18_config{.channels = 3, .width = 4, .classes = 7});
    CHECK_THROWS_WITH_AS((void)mlp_model{.inputs = 784}.sizes(of), "--model: inputs = 784, the data have 240",
                         contract_violation);
    CHECK_THROWS_WITH_AS((void)cnn_model{.height = 10}.sizes(of), "--model: height = 10, the data have 8",
                         contract_violation);
    CHECK_THROWS_WITH_AS((void)resnet18_model{.classes = 10}.sizes(of),
                         "--model: classes = 10, the data have 7", contract_violation);
}
