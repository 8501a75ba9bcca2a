// btard/checkpoint/parameters.hpp: the parameters of a model out of any safetensors file, by their names.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/checkpoint/byte_source.hpp>
#include <btard/checkpoint/checkpoint.hpp>
#include <btard/checkpoint/safetensors.hpp>
#include <btard/checkpoint/tensor_entry.hpp>
#include <btard/core/error.hpp>
#include <btard/train/learnable.hpp>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace btard {

/// Fills the flat vector of a learnable with what a file holds under the names of its layout; others are passed over.
/// For a checkpoint of ours, and for one of Hugging Face.
///
/// @throws environment_error: the first tensor that is missing, or of another shape or type; a file that is damaged.
inline void read_parameters(byte_source source, std::span<tensor_layout const> layout, std::span<float> out) {
    safetensors_reader file(std::move(source));
    std::map<std::string_view, tensor_layout const*> wanted;
    for (auto const& one : layout) {
        expects(one.offset <= out.size() && one.size <= out.size() - one.offset, "out has ", out.size(),
                " elements, the tensor ", one.name, " ends behind them");
        wanted.emplace(one.name, &one);
    }
    for (auto const& entry : file.tensors()) {
        auto const found = wanted.find(entry.name);
        if (found == wanted.end()) {
            file.skip();
            continue;
        }
        auto const& one = *found->second;
        if (entry.type != element_type::f32 || entry.shape != one.shape)
            file.refuse("has the tensor '", one.name, "' as ", to_text(entry.type), " of ",
                        detail::shape_text(entry.shape), "; the model has F32 of ",
                        detail::shape_text(one.shape));
        file.read(std::as_writable_bytes(out.subspan(one.offset, one.size)));
        wanted.erase(found);
    }
    if (!wanted.empty()) file.refuse("lacks the tensor '", wanted.begin()->first, "' of the model");
    file.finish();
}
inline void read_parameters(std::string const& path, std::span<tensor_layout const> layout,
                            std::span<float> out) {
    read_parameters(byte_source::from_file(path), layout, out);
}

} // namespace btard
