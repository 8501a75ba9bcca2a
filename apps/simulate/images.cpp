// SPDX-License-Identifier: Apache-2.0
#include "images.hpp"
#include "data_path.hpp"

#include <btard/data/cifar10.hpp>
#include <btard/data/idx.hpp>

#include <concepts>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace btard::apps {

namespace {

image_data read(image_folder const&, std::string const& folder) {
    for (std::string_view const name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
        std::string const file = concat(folder, "/", name);
        std::error_code failure; // reading complains about what is there, but closed to us
        bool const absent =
            std::filesystem::status(file, failure).type() == std::filesystem::file_type::not_found &&
            std::filesystem::status(file + ".gz", failure).type() == std::filesystem::file_type::not_found;
        expects(!absent, "--data: the folder '", folder, "' has no ", name, ", with .gz or without");
    }
    return read_idx_folder(folder);
}

image_data read(cifar10 const&, std::string const& folder) {
    bool training = false, test = false;
    std::error_code failure;
    for (auto entry = std::filesystem::directory_iterator(folder, failure);
         !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
        if (entry->path().extension() != ".bin") continue;
        (entry->path().filename().string().starts_with("test") ? test : training) = true;
    }
    expects(failure || (training && test), "--data: the folder '", folder, "' has no ",
            training ? "test*.bin, the images held out" : "*.bin for training, such as data_batch_1.bin");
    return read_cifar10_folder(folder);
}

} // namespace

image_samples load_images(any_data const& data, std::size_t peers, seed from) {
    static std::mutex one_reader;
    static std::map<std::string, image_samples> known; // by folder and sampling
    return std::visit(
        [&]<class D>(D const& one) -> image_samples {
            if constexpr (std::derived_from<D, image_folder>) {
                std::string const folder = find_data(one.folder);
                std::scoped_lock const alone(one_reader);
                auto const key = concat(D::name, " ", folder, " ", to_text(one.samples));
                auto found = known.find(key);
                if (found == known.end()) {
                    auto images = read(one, folder);
                    found = about("--data: ", [&] {
                        return known.emplace(key, image_samples{std::move(images), one.samples}).first;
                    });
                }
                if (std::holds_alternative<all_samples>(one.split)) return found->second;
                return about("--data.split: ", [&] { return found->second.divided(one.split, peers, from); });
            } else {
                throw contract_violation(concat(D::name, " has no images"));
            }
        },
        data.value);
}

image_sizes sizes_of(image_samples const& images) { return {images.training().shape(), images.classes()}; }

} // namespace btard::apps
