// SPDX-License-Identifier: Apache-2.0
// One of the two files of this program that include LibTorch.
#include "data_path.hpp"
#include "images.hpp"
#include "task.hpp"
#include "torch_failure.hpp"

#include <btard/torch/models/cnn.hpp>
#include <btard/torch/models/mlp.hpp>
#include <btard/torch/models/resnet18.hpp>

#include <variant>

namespace btard::apps {

namespace {

any_learnable learner_of(mlp_config const& sizes, image_samples const& images) {
    return mlp_learner{sizes, images};
}
any_learnable learner_of(cnn_config const& sizes, image_samples const& images) {
    return cnn_learner{sizes, images};
}
any_learnable learner_of(resnet18_config const& sizes, image_samples const& images) {
    return resnet18_learner{sizes, images};
}

} // namespace

any_learnable make_image_task(any_data const& data, any_model const& model, std::size_t peers, seed from) {
    auto const images = load_images(data, peers, from);
    return std::visit(
        [&]<class M>(M const& one) -> any_learnable {
            if constexpr (requires { one.sizes(sizes_of(images)); }) {
                auto const sizes = one.sizes(sizes_of(images));
                about("--model: ", [&] { sizes.validate(); });
                return made_by_torch([&] { return learner_of(sizes, images); });
            } else {
                throw contract_violation(concat(M::name, " is no model of images"));
            }
        },
        model.value);
}

} // namespace btard::apps
