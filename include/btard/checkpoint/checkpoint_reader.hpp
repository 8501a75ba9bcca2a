// btard/checkpoint/checkpoint_reader.hpp: takes a checkpoint out of a safetensors file, and sees that it is one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/checkpoint/byte_source.hpp>
#include <btard/checkpoint/checkpoint.hpp>
#include <btard/checkpoint/safetensors.hpp>
#include <btard/checkpoint/tensor_entry.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace btard {
namespace detail {

inline constexpr std::string_view optimizer_prefix = "optimizer.", own_prefix = "btard.",
                                  ban_prefix = "btard.ban.", floats_prefix = "btard.floats.",
                                  bytes_prefix = "btard.bytes.", seed_prefix = "btard.seed.",
                                  roster_name = "btard.roster";
inline constexpr std::string_view checkpoint_format = "1";
inline constexpr std::size_t member_size = 48; // bytes: key, incarnation

/// Reads the tensors of a checkpoint, one by one, to where they belong.
class checkpoint_reader {
public:
    explicit checkpoint_reader(byte_source source, safetensors_limits const& limits)
        : file_(std::move(source), limits) {
        for (auto const key :
             {"btard.format", "btard.step", "btard.run", "btard.configuration", "btard.configuration_digest"})
            if (!file_.metadata().contains(key)) file_.refuse("is no checkpoint of btard: it has no ", key);
        if (auto const& version = text("btard.format"); version != checkpoint_format)
            file_.refuse("has another format of checkpoints than ", checkpoint_format);
        if (!file_.has_hash())
            file_.refuse("has no ", hash_key, ", so that nobody could see whether it is damaged");
        to_number(text("btard.step"), made_.step);
        to_digest("btard.run", made_.run);
        to_digest("btard.configuration_digest", made_.configuration_digest);
    }

    [[nodiscard]] digest const& run() const { return made_.run; }

    [[nodiscard]] checkpoint read() {
        made_.configuration = text("btard.configuration");
        if (auto const method = file_.metadata().find("btard.optimizer"); method != file_.metadata().end())
            made_.optimizer.emplace().method = method->second;
        for (auto const& [key, value] : file_.metadata())
            if (key.starts_with(seed_prefix)) {
                auto const space = value.find(' ');
                if (space == value.npos)
                    file_.refuse("has a seed that is not two numbers: ", safe_name(value));
                auto& from = made_.seeds[key.substr(seed_prefix.size())];
                to_number(std::string_view(value).substr(0, space), from.key);
                to_number(std::string_view(value).substr(space + 1), from.stream);
            }
        std::uint64_t size = 0;
        for (auto const& entry : file_.tensors())
            if (is_parameter(entry)) size += entry.end - entry.begin;
        made_.parameters.reserve(static_cast<std::size_t>(size / sizeof(float)));
        for (auto const& entry : file_.tensors()) read(entry);
        file_.finish();
        return std::move(made_);
    }

    [[noreturn]] void refuse(auto const&... words) const { file_.refuse(words...); }

private:
    static bool is_parameter(tensor_entry const& entry) {
        return !entry.name.starts_with(optimizer_prefix) && !entry.name.starts_with(own_prefix);
    }

    void read(tensor_entry const& entry) {
        std::string_view const name = entry.name;
        if (name.starts_with(optimizer_prefix) && made_.optimizer) {
            auto const own = std::string(name.substr(optimizer_prefix.size()));
            if (entry.type == element_type::f64 && entry.shape.empty())
                file_.read(std::as_writable_bytes(
                    std::span(&made_.optimizer->numbers.emplace_back(own, 0.0).second, 1)));
            else made_.optimizer->vectors.emplace_back(own, list<float>(entry, element_type::f32));
        } else if (name == roster_name) {
            read_roster(list<std::byte>(entry, element_type::u8));
        } else if (name.starts_with(ban_prefix)) {
            made_.bans.push_back(list<std::byte>(entry, element_type::u8));
        } else if (name.starts_with(floats_prefix)) {
            made_.floats.emplace(name.substr(floats_prefix.size()), list<float>(entry, element_type::f32));
        } else if (name.starts_with(bytes_prefix)) {
            made_.bytes.emplace(name.substr(bytes_prefix.size()), list<std::byte>(entry, element_type::u8));
        } else if (is_parameter(entry)) {
            want(entry, element_type::f32);
            made_.tensors.push_back({entry.name, entry.shape});
            auto const before = made_.parameters.size();
            made_.parameters.resize(before +
                                    static_cast<std::size_t>((entry.end - entry.begin) / sizeof(float)));
            file_.read(std::as_writable_bytes(std::span(made_.parameters).subspan(before)));
        } else {
            file_.refuse("has the tensor ", safe_name(name), ", which no checkpoint has");
        }
    }
    void read_roster(std::vector<std::byte> const& list) {
        if (list.size() % member_size != 0)
            file_.refuse("has a roster of ", list.size(), " bytes, not a multiple of ", member_size);
        for (std::size_t at = 0; at < list.size(); at += member_size) {
            auto& member = made_.roster.emplace_back();
            std::copy_n(list.data() + at, member.key.bytes.size(), member.key.bytes.begin());
            std::copy_n(list.data() + at + member.key.bytes.size(), member.incarnation.size(),
                        member.incarnation.begin());
        }
    }
    template <class T>
    [[nodiscard]] std::vector<T> list(tensor_entry const& entry, element_type type) {
        want(entry, type);
        std::vector<T> made(static_cast<std::size_t>((entry.end - entry.begin) / sizeof(T)));
        file_.read(std::as_writable_bytes(std::span(made)));
        return made;
    }
    void want(tensor_entry const& entry, element_type type) const {
        if (entry.type != type)
            file_.refuse("has ", to_text(entry.type), " in the tensor ", safe_name(entry.name), "; ",
                         to_text(type), " belongs there");
    }
    [[nodiscard]] std::string const& text(std::string const& key) const { return file_.metadata().at(key); }
    void to_number(std::string_view digits, std::uint64_t& out) const {
        auto const [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
        if (code != std::errc() || end != digits.data() + digits.size())
            file_.refuse("has ", safe_name(digits), " in its metadata where a number belongs");
    }
    void to_digest(std::string const& key, digest& out) const {
        try {
            from_hex(text(key), 0, out.bytes, "digest");
        } catch (environment_error const& error) {
            file_.refuse("has a wrong ", key, ": ", std::string_view(error.what()));
        }
    }

    safetensors_reader file_;
    checkpoint made_;
};

} // namespace detail
} // namespace btard
