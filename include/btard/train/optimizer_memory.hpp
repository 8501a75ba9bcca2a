// btard/train/optimizer_memory.hpp: what an optimizer remembers, under names, for a file that outlives the program.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/train/optimizer.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// The state of an optimizer, bit for bit.  The names are those of the members of its `state`.
struct optimizer_memory {
    std::string method; ///< "sgd", "lamb"
    std::vector<std::pair<std::string, std::vector<float>>>
        vectors; ///< of one element per parameter, or none
    std::vector<std::pair<std::string, double>> numbers;

    friend bool operator==(optimizer_memory const&, optimizer_memory const&) = default;
};

/// Takes the state out.
[[nodiscard]] inline optimizer_memory memory_of(optimizer const& method, optimizer_state const& state) {
    optimizer_memory made;
    std::visit(
        [&]<class Method>(Method const&) {
            made.method = Method::name;
            Method::state::members(std::get<typename Method::state>(state),
                                   [&made]<class T>(std::string_view name, T const& value) {
                                       if constexpr (std::same_as<T, double>)
                                           made.numbers.emplace_back(name, value);
                                       else made.vectors.emplace_back(name, value);
                                   });
        },
        method);
    return made;
}

/// Puts it back: the state from which the optimizer goes on as if it had never stopped.
///
/// @throws environment_error: `bad_data`, where it is the memory of another optimizer or of another number of
/// parameters; what is there, and what would be right.
[[nodiscard]] inline optimizer_state restore(optimizer const& method, std::size_t size,
                                             optimizer_memory memory) {
    auto const refuse = [](auto const&... words) {
        throw environment_error(errc::bad_data, concat("the state of the optimizer ", words...));
    };
    // The names of a state are known and few: what is left over afterwards is none of them.
    auto const take = [&](auto& from, std::string_view name) {
        for (auto place = from.begin(); place != from.end(); ++place) {
            if (place->first != name) continue;
            auto value = std::move(place->second);
            from.erase(place);
            return value;
        }
        refuse("lacks '", name, "'");
        return std::decay_t<decltype(from.front().second)>();
    };
    return std::visit(
        [&]<class Method>(Method const& one) -> optimizer_state {
            if (memory.method != Method::name) refuse("is not one of ", Method::name);
            auto made = one.start(size);
            Method::state::members(made, [&]<class T>(std::string_view name, T& value) {
                if constexpr (std::same_as<T, double>) {
                    value = take(memory.numbers, name);
                } else {
                    auto taken = take(memory.vectors, name);
                    if (taken.size() != value.size())
                        refuse("has ", taken.size(), " numbers in '", name, "', not ", value.size());
                    value = std::move(taken);
                }
            });
            if (!memory.vectors.empty() || !memory.numbers.empty())
                refuse("has more than ", Method::name, " remembers");
            return made;
        },
        method);
}

} // namespace btard
