// btard/torch/module.hpp: all parameters of a module as one vector, all their gradients as another.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/torch/tensor.hpp>
#include <btard/train/learnable.hpp>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace btard {

/// Reseats the parameters of a module, so that they lie one behind the other in one flat tensor, in the order
/// of `named_parameters()`; and gives them gradients that lie so in another, into which `backward`
/// accumulates.
///
/// The module keeps working as it did: its tensors are the same objects, only their memory has moved.  Both
/// vectors live as long as this object or the module, whichever goes last.  Undone by `module.to(...)` and
/// `module.zero_grad()` (which drops the gradients): use `clear_gradients()`.
class flat_module {
public:
    explicit flat_module(torch::nn::Module& module) {
        std::size_t size = 0;
        for (auto const& item : module.named_parameters()) {
            auto const& tensor = item.value();
            expects(tensor.device().is_cpu() && tensor.scalar_type() == torch::kFloat, "parameter ",
                    item.key(), " is not a float tensor in host memory");
            auto const sizes = tensor.sizes();
            auto const count = static_cast<std::size_t>(tensor.numel());
            layout_.push_back({item.key(), size, {sizes.begin(), sizes.end()}, count, sizes.size() >= 2});
            size += count;
        }
        parameters_ = torch::zeros({static_cast<std::int64_t>(size)}, torch::kFloat);
        gradients_ = torch::zeros_like(parameters_);
        torch::NoGradGuard const constants;
        for (auto const& [name, offset, shape, count, decays] : layout_) {
            torch::Tensor tensor = module.named_parameters()[name];
            auto const part = [&, from = offset, n = count](torch::Tensor const& whole) {
                return whole.narrow(0, static_cast<std::int64_t>(from), static_cast<std::int64_t>(n))
                    .view(tensor.sizes());
            };
            torch::Tensor const place = part(parameters_);
            place.copy_(tensor);
            tensor.set_data(place);
            tensor.mutable_grad() = part(gradients_);
        }
    }
    flat_module(flat_module const&) = delete; // a copy would be a view of the same module
    flat_module& operator=(flat_module const&) = delete;

    void clear_gradients() { gradients_.zero_(); }

    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(parameters_.numel()); }
    [[nodiscard]] std::span<float> parameters() const { return flat(parameters_); }
    [[nodiscard]] std::span<float> gradients() const { return flat(gradients_); }

    /// Names as in `named_parameters()`.  Matrices decay, vectors (biases and the weights of a normalisation)
    /// do not.
    [[nodiscard]] std::span<tensor_layout const> layout() const { return layout_; }

private:
    torch::Tensor parameters_, gradients_; // (size)
    std::vector<tensor_layout> layout_;
};

/// Fills a tensor with N(0, deviation), from btard's own random numbers: the same bits with every LibTorch.
/// Each tensor has its own numbers, which depend on its name and not on its place in the module.
inline void fill_normal(torch::Tensor const& tensor, seed from, std::string_view name, double deviation) {
    random_stream random(derive(from, name));
    for (float& value : flat(tensor)) value = static_cast<float>(deviation * random.normal());
}

} // namespace btard
