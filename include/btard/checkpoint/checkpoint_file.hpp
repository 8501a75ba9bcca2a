// btard/checkpoint/checkpoint_file.hpp: a checkpoint as a safetensors file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/checkpoint/byte_source.hpp>
#include <btard/checkpoint/checkpoint.hpp>
#include <btard/checkpoint/checkpoint_reader.hpp>
#include <btard/checkpoint/safetensors.hpp>
#include <btard/checkpoint/tensor_entry.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/text.hpp>

#include <cstddef>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace btard {

namespace detail {
[[nodiscard]] inline std::map<std::string, std::string> metadata_of(checkpoint const& of) {
    std::map<std::string, std::string> made{
        {"format", "pt"}, // which Hugging Face asks for
        {"btard.format", std::string(checkpoint_format)},
        {"btard.step", concat(of.step)},
        {"btard.run", to_hex(of.run.bytes)},
        {"btard.configuration", of.configuration},
        {"btard.configuration_digest", to_hex(of.configuration_digest.bytes)},
    };
    if (of.optimizer) made.emplace("btard.optimizer", of.optimizer->method);
    for (auto const& [name, from] : of.seeds)
        made.emplace(concat(seed_prefix, name), concat(from.key, " ", from.stream));
    return made;
}
} // namespace detail

/// Writes a checkpoint whole or not at all; see `write_safetensors`.
///
/// @throws environment_error: a `std::errc`; contract_violation: tensors that are not those of the parameters, or
/// whose names begin with `optimizer.` or `btard.`
inline void write_checkpoint(std::string const& path, checkpoint const& of) {
    std::vector<tensor_to_write> tensors;
    auto const add = [&](std::string name, element_type type, std::vector<std::size_t> shape,
                         auto const& values) {
        tensors.push_back({std::move(name), type, std::move(shape), std::as_bytes(std::span(values))});
    };
    std::span<float const> rest = of.parameters;
    for (auto const& one : of.tensors) {
        expects(!one.name.starts_with(detail::optimizer_prefix) && !one.name.starts_with(detail::own_prefix),
                "the name ", one.name, " is none for a parameter");
        auto const bytes = detail::bytes_of(one.shape, element_type::f32);
        expects(bytes && *bytes <= rest.size_bytes(), "the tensor ", one.name, " goes beyond the parameters");
        auto const size = static_cast<std::size_t>(*bytes / sizeof(float));
        add(one.name, element_type::f32, one.shape, rest.first(size));
        rest = rest.subspan(size);
    }
    expects(rest.empty(), "the tensors leave out ", rest.size(), " parameters");
    if (of.optimizer) {
        for (auto const& [name, values] : of.optimizer->vectors)
            add(concat(detail::optimizer_prefix, name), element_type::f32, {values.size()}, values);
        for (auto const& [name, value] : of.optimizer->numbers)
            add(concat(detail::optimizer_prefix, name), element_type::f64, {}, std::span(&value, 1));
    }
    for (auto const& [name, values] : of.floats)
        add(concat(detail::floats_prefix, name), element_type::f32, {values.size()}, values);
    std::vector<std::byte> roster;
    for (auto const& member : of.roster) {
        roster.insert(roster.end(), member.key.bytes.begin(), member.key.bytes.end());
        roster.insert(roster.end(), member.incarnation.begin(), member.incarnation.end());
    }
    add(std::string(detail::roster_name), element_type::u8, {of.roster.size(), detail::member_size}, roster);
    for (std::size_t k = 0; k < of.bans.size(); ++k)
        add(concat(detail::ban_prefix, k), element_type::u8, {of.bans[k].size()}, of.bans[k]);
    for (auto const& [name, values] : of.bytes)
        add(concat(detail::bytes_prefix, name), element_type::u8, {values.size()}, values);
    write_safetensors(path, std::move(tensors), detail::metadata_of(of));
}

/// Reads what `write_checkpoint` has written, and nothing else.
///
/// @param run if given, checkpoints of other runs are refused
/// @throws environment_error: `bad_data` for a file that is damaged, foreign or none; a `std::errc` where it cannot
/// be read.
[[nodiscard]] inline checkpoint read_checkpoint(byte_source source, std::optional<digest> const& run = {},
                                                safetensors_limits const& limits = {}) {
    auto const name = source.name();
    try {
        detail::checkpoint_reader file(std::move(source), limits);
        if (run && file.run() != *run)
            file.refuse("belongs to the run ", detail::to_hex(file.run().bytes), ", this one is ",
                        detail::to_hex(run->bytes));
        return file.read();
    } catch (std::bad_alloc const&) {
        throw environment_error(std::make_error_code(std::errc::not_enough_memory),
                                concat("there is not enough memory for the checkpoint '", name, "'"));
    }
}
[[nodiscard]] inline checkpoint read_checkpoint(std::string const& path,
                                                std::optional<digest> const& run = {}) {
    return read_checkpoint(byte_source::from_file(path), run);
}

} // namespace btard
