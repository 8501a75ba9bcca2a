// btard/train/learnable.hpp: what a swarm can train.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

/// How good parameters are, on fixed samples that training never shows.
struct evaluation {
    double loss = 0;
    std::optional<double> accuracy = {}; ///< fraction classified right; absent: nothing is classified

    friend bool operator==(evaluation const&, evaluation const&) = default;
};

/// A task that knows more than its loss.  Optional; semantics: the loss is that of `evaluate`.
template <class L>
concept measurable = learnable<L> && requires(L& task, std::span<float const> parameters) {
    { task.measure(parameters) } -> std::same_as<evaluation>;
};

/// The loss of a task, and its accuracy where it has one.
template <learnable L>
[[nodiscard]] evaluation measure(L& task, std::span<float const> parameters) {
    if constexpr (measurable<L>) return task.measure(parameters);
    else return {.loss = task.evaluate(parameters)};
}

/// A task whose samples may differ from peer to peer.  Optional; semantics: as for `gradient`, a function of
/// its arguments, the peer now among them: whoever knows peer and seed can repeat it.
template <class L>
concept divided = learnable<L> &&
                  requires(L& task, std::size_t peer, std::span<float const> parameters, seed from,
                           labels_hook labels, std::span<float> out) {
                      {
                          task.gradient_for(peer, parameters, from, labels, out)
                      } -> std::convertible_to<double>; // the loss
                  };

/// The gradient of one peer: on samples of its own where the task has such, else on those that `from` names.
template <learnable L>
double gradient_for(L& task, std::size_t peer, std::span<float const> parameters, seed from,
                    labels_hook labels, std::span<float> out) {
    if constexpr (divided<L>) return task.gradient_for(peer, parameters, from, labels, out);
    else return task.gradient(parameters, from, labels, out);
}

/// The tensors of a task, whether it keeps them or makes them when asked.
template <learnable L>
[[nodiscard]] std::vector<tensor_layout> layout_of(L const& task) {
    auto const copy = [](std::span<tensor_layout const> tensors) { return std::vector(tensors.begin(), tensors.end()); };
    return copy(task.layout());
}

} // namespace btard
