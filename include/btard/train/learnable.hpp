// btard/train/learnable.hpp: what a swarm can train.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace btard {

/// Where one named tensor lies in the flat vector of parameters.
struct tensor_layout {
    std::string name;
    std::size_t offset = 0;         ///< elements
    std::vector<std::size_t> shape; ///< its product is `size`
    std::size_t size = 0;           ///< elements
    bool decays = true;             ///< weight decay applies (not to biases and LayerNorm)

    friend bool operator==(tensor_layout const&, tensor_layout const&) = default;
};

/// What a Byzantine peer does to its labels; empty for an honest one.  A reference to a callable
/// `void(std::span<std::int64_t> labels, std::int64_t classes)`, called once for each set of labels of a batch.
class labels_hook {
public:
    constexpr labels_hook() = default;

    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, labels_hook>)
    constexpr labels_hook(F& f)
        : context_(const_cast<void*>(static_cast<void const*>(std::addressof(f)))),
          call_([](void* context, std::span<std::int64_t> labels, std::int64_t classes) {
              (*static_cast<F*>(context))(labels, classes);
          }) {}

    constexpr explicit operator bool() const { return call_ != nullptr; }
    void operator()(std::span<std::int64_t> labels, std::int64_t classes) const {
        if (call_) call_(context_, labels, classes);
    }

private:
    void* context_ = nullptr;
    void (*call_)(void*, std::span<std::int64_t>, std::int64_t) = nullptr;
};

/// Something to train: a loss over a flat vector of parameters, with gradients that anybody can repeat.
///
/// Semantics: every function is a function of its arguments (and of what the object was made from) alone: the
/// same bits on every peer and every time.  Nothing is hidden: `seed` is public and names the samples.
/// Copies are independent: a swarm makes one per thread and calls each from one thread at a time.
/// `layout` may make its tensors when asked: use `layout_of`, which copies them.
template <class L>
concept learnable = std::copy_constructible<L> &&
                    requires(L& task, L const& fixed, seed from, std::span<float const> parameters,
                             std::span<float> out, labels_hook labels) {
                        { fixed.size() } -> std::convertible_to<std::size_t>;
                        { fixed.layout() } -> std::convertible_to<std::span<tensor_layout const>>;
                        { fixed.labelled() } -> std::same_as<bool>; // do label attacks mean anything here?
                        task.initialize(from, out);                 // (size)
                        { task.gradient(parameters, from, labels, out) } -> std::convertible_to<double>; // the loss
                        { task.evaluate(parameters) } -> std::convertible_to<double>; // loss on fixed, held-out samples
                    };

/// The tensors of a task, whether it keeps them or makes them when asked.
template <learnable L>
[[nodiscard]] std::vector<tensor_layout> layout_of(L const& task) {
    auto const copy = [](std::span<tensor_layout const> tensors) { return std::vector(tensors.begin(), tensors.end()); };
    return copy(task.layout());
}

} // namespace btard
