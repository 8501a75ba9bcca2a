// btard/checkpoint/checkpoint.hpp: what a run saves, and all that a program needs to go on with it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/train/learnable.hpp>
#include <btard/train/optimizer_memory.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace btard {

/// One tensor of the parameters, under the name that other programs know it by.
struct tensor_shape {
    std::string name;
    std::vector<std::size_t> shape;

    friend bool operator==(tensor_shape const&, tensor_shape const&) = default;
};

/// A member of the roster: its key, and what was drawn when its process started.
struct saved_member {
    public_key key;
    std::array<std::byte, 16> incarnation{};

    friend bool operator==(saved_member const&, saved_member const&) = default;
};

/// The state of a run after so many steps.  Everything comes back bit for bit.  Texts and names are UTF-8.
struct checkpoint {
    std::uint64_t step = 0;            ///< so many are done
    digest run;                        ///< which run: others are not taken for it
    digest configuration_digest;       ///< what peers compare before they work together
    std::string configuration;         ///< text of the settings
    std::vector<tensor_shape> tensors; ///< one behind the other, as in `parameters`
    std::vector<float> parameters;     ///< flat, as a learnable has them
    std::optional<optimizer_memory> optimizer;
    std::vector<saved_member> roster;         ///< in the order of the run
    std::vector<std::vector<std::byte>> bans; ///< the ban log: what each record is, its writer knows
    std::map<std::string, seed> seeds;
    std::map<std::string, std::vector<float>>
        floats; ///< anything else of the run, such as its last aggregate
    std::map<std::string, std::vector<std::byte>> bytes; ///< anything else, for whoever wrote it

    friend bool operator==(checkpoint const&, checkpoint const&) = default;
};

/// The tensors of a learnable, for `checkpoint::tensors`.
[[nodiscard]] inline std::vector<tensor_shape> shapes_of(std::span<tensor_layout const> layout) {
    std::vector<tensor_shape> made;
    for (auto const& one : layout) made.push_back({one.name, one.shape});
    return made;
}

namespace detail {
/// 3 x 4
[[nodiscard]] inline std::string shape_text(std::span<std::size_t const> shape) {
    std::string text;
    for (std::size_t const length : shape) text += concat(text.empty() ? "" : " x ", length);
    return text.empty() ? "one number" : text;
}
} // namespace detail

/// Are these the parameters of this model?
///
/// @param path for the sentence
/// @throws environment_error: `bad_data`, with the first tensor that is another one.
inline void require_shapes(checkpoint const& of, std::string_view path,
                           std::span<tensor_layout const> layout) {
    auto const refuse = [path](auto const&... words) {
        throw environment_error(errc::bad_data,
                                concat("the checkpoint '", path, "' is of another model: ", words...));
    };
    for (std::size_t k = 0; k < layout.size() && k < of.tensors.size(); ++k) {
        auto const& there = of.tensors[k];
        if (there.name != layout[k].name || there.shape != layout[k].shape)
            refuse("tensor ", k, " is '", there.name, "' of ", detail::shape_text(there.shape),
                   ", that of the model '", layout[k].name, "' of ", detail::shape_text(layout[k].shape));
    }
    if (of.tensors.size() != layout.size())
        refuse("it has ", of.tensors.size(), " tensors, the model ", layout.size());
}

} // namespace btard
