// btard/checkpoint/tensor_header.hpp: the header of a safetensors file, between JSON and values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/checkpoint/tensor_entry.hpp>
#include <btard/core/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace btard {
namespace detail {

/// Takes the JSON apart as it is read: what does not belong into such a header ends it at once.
class header_reader {
public:
    explicit header_reader(safetensors_limits const& limits) : limits_(limits) {}

    [[nodiscard]] tensor_header& made() { return made_; }
    [[nodiscard]] std::string const& wrong() const { return wrong_; } ///< a predicate: "is ..."

    // What nlohmann::json::sax_parse calls; false ends it.
    bool null() { return refuse("has null", what_was_wanted()); }
    bool boolean(bool) { return refuse("has a truth value", what_was_wanted()); }
    bool number_integer(std::int64_t) { return refuse("has a negative number", what_was_wanted()); }
    bool number_float(double, std::string const&) { return refuse("has a broken number", what_was_wanted()); }
    bool binary(std::vector<std::uint8_t>&) { return false; } // not in JSON
    bool parse_error(std::size_t position, std::string const&, nlohmann::detail::exception const&) {
        return refuse("is no JSON from byte ", position, " of its header on");
    }
    bool number_unsigned(std::uint64_t value) {
        if (at_ == place::offsets) {
            if (offsets_.size() == 2)
                return refuse("has more than 2 data_offsets for the tensor ", safe_name(entry_.name));
            offsets_.push_back(value);
            return true;
        }
        if (at_ != place::shape) return refuse("has a number", what_was_wanted());
        if (entry_.shape.size() == limits_.dimensions)
            return refuse("has more than ", limits_.dimensions, " dimensions in the tensor ",
                          safe_name(entry_.name));
        entry_.shape.push_back(static_cast<std::size_t>(value));
        return true;
    }
    bool string(std::string& text) {
        if (at_ == place::metadata) {
            made_.metadata.emplace(std::move(key_), std::move(text));
            return true;
        }
        if (at_ != place::tensor || key_ != "dtype") return refuse("has a text", what_was_wanted());
        auto const known = std::ranges::find(element_names, text, &element_name::text);
        if (known == element_names.end())
            return refuse("has elements of type ", safe_name(text), " in the tensor ", safe_name(entry_.name),
                          "; F32, F64, I64 and U8 can be read");
        entry_.type = static_cast<element_type>(known - element_names.begin());
        return true;
    }
    bool start_object(std::size_t) {
        if (at_ == place::start) at_ = place::top;
        else if (at_ == place::top && key_ == "__metadata__") at_ = place::metadata;
        else if (at_ == place::top) at_ = place::tensor;
        else return refuse("has an object", what_was_wanted());
        seen_.clear();
        return true;
    }
    bool key(std::string& name) {
        auto& seen = at_ == place::top ? names_ : seen_;
        if (!seen.insert(name).second) return refuse("names ", safe_name(name), " twice");
        if (at_ == place::tensor && name != "dtype" && name != "shape" && name != "data_offsets")
            return refuse("says ", safe_name(name), " of the tensor ", safe_name(entry_.name),
                          "; dtype, shape and data_offsets belong there");
        if (at_ == place::top && name != "__metadata__") {
            if (made_.tensors.size() == limits_.tensors)
                return refuse("has more than ", limits_.tensors, " tensors");
            entry_ = {};
            entry_.name = name;
            offsets_.clear();
        }
        key_ = std::move(name);
        return true;
    }
    bool end_object() {
        if (at_ == place::top) at_ = place::end;
        else if (std::exchange(at_, place::top) == place::tensor) return end_tensor();
        return true;
    }
    bool start_array(std::size_t) {
        if (at_ != place::tensor || key_ == "dtype") return refuse("has a list", what_was_wanted());
        at_ = key_ == "shape" ? place::shape : place::offsets;
        return true;
    }
    bool end_array() {
        at_ = place::tensor;
        return true;
    }

private:
    enum class place { start, top, metadata, tensor, shape, offsets, end };

    [[nodiscard, gnu::cold, gnu::noinline]] std::string what_was_wanted() const {
        switch (at_) {
        case place::start: return " for its header, where there must be an object";
        case place::metadata:
            return concat(" in __metadata__, for ", safe_name(key_), "; only texts belong there");
        case place::shape:
        case place::offsets:
            return concat(" in the ", key_, " of the tensor ", safe_name(entry_.name),
                          "; whole numbers belong there");
        case place::tensor:
            return concat(" as the ", key_, " of the tensor ", safe_name(entry_.name),
                          key_ == "dtype" ? ", where there must be a text" : ", where there must be a list");
        default: return concat(" for ", safe_name(key_), ", where there must be an object");
        }
    }
    // Out of line, as what is refused seldom comes: inside the parser it would cost seconds of each compilation.
    bool refuse(auto const&... words) { return note({sentence_part(words)...}); }
    [[gnu::cold, gnu::noinline]] bool note(std::initializer_list<sentence_part> words) {
        if (wrong_.empty()) wrong_ = join(words);
        return false;
    }
    bool end_tensor() {
        if (seen_.size() < 3)
            return refuse("lacks dtype, shape or data_offsets for the tensor ", safe_name(entry_.name));
        if (offsets_.size() < 2)
            return refuse("has fewer than 2 data_offsets for the tensor ", safe_name(entry_.name));
        entry_.begin = offsets_[0];
        entry_.end = offsets_[1];
        auto const bytes = bytes_of(entry_.shape, entry_.type);
        if (entry_.end < entry_.begin || !bytes || entry_.end - entry_.begin != *bytes)
            return refuse("gives the bytes ", entry_.begin, " to ", entry_.end, " to the tensor ",
                          safe_name(entry_.name), ", whose shape and type ",
                          bytes ? concat("take ", *bytes) : "take more than can be");
        made_.tensors.push_back(std::move(entry_));
        return true;
    }

    safetensors_limits limits_;
    tensor_header made_;
    std::string wrong_, key_;
    place at_ = place::start;
    tensor_entry entry_;
    std::vector<std::uint64_t> offsets_;
    std::set<std::string> names_, seen_; // of the whole, of the object that is open
};

} // namespace detail

/// Reads the JSON, and sees that the tensors cover the data behind it once and without holes.
///
/// @throws environment_error: `bad_data`, and what is wrong with the file of this name.
[[nodiscard]] inline tensor_header read_tensor_header(std::string_view json, std::uint64_t data_size,
                                                      std::string_view name,
                                                      safetensors_limits const& limits = {}) {
    auto const refuse = [&](auto const&... words) {
        throw environment_error(errc::bad_data, concat("the safetensors file '", name, "' ", words...));
    };
    if (!json.starts_with('{')) refuse("has a header that does not begin with '{'");
    detail::header_reader reader(limits);
    if (!nlohmann::json::sax_parse(json, &reader)) refuse(reader.wrong());
    auto& tensors = reader.made().tensors;
    std::ranges::stable_sort(tensors, [](auto const& a, auto const& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    std::uint64_t end = 0;
    for (auto const& one : tensors) {
        if (one.begin != end)
            refuse(one.begin < end ? "has two tensors in the same bytes: " : "has a hole: ", "the tensor ",
                   detail::safe_name(one.name), " begins at byte ", one.begin,
                   " of the data, the one before it ends at ", end);
        end = one.end;
    }
    if (end != data_size) refuse("has ", data_size, " bytes of data; its tensors take ", end);
    return std::move(reader.made());
}

/// The JSON, with spaces behind it: the data that follow begin at a multiple of 8 bytes of the file.
[[nodiscard]] inline std::string write_tensor_header(tensor_header const& header) {
    auto const text = [](std::string_view words) {
        try {
            return nlohmann::json(words).dump();
        } catch (nlohmann::json::exception const&) {
            throw contract_violation("names and metadata of a safetensors file must be UTF-8, a text is not");
        }
    };
    std::string json = "{";
    if (!header.metadata.empty()) {
        json += "\"__metadata__\":{";
        for (auto const& [key, value] : header.metadata) json += concat(text(key), ":", text(value), ",");
        json.back() = '}';
        json += ',';
    }
    for (auto const& one : header.tensors) {
        json += concat(text(one.name), ":{\"dtype\":\"", to_text(one.type), "\",\"shape\":[");
        for (std::size_t k = 0; k < one.shape.size(); ++k) json += concat(k == 0 ? "" : ",", one.shape[k]);
        json += concat("],\"data_offsets\":[", one.begin, ",", one.end, "]},");
    }
    if (json.size() > 1) json.pop_back();
    json += '}';
    json.append((8 - json.size() % 8) % 8, ' ');
    return json;
}

} // namespace btard
