// A follower among members some of which say what is not so.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "small_run.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace follower_test {

using namespace btard;

inline sgd const with_momentum{.learning_rate = 0.1f, .momentum = 0.9f, .weight_decay = 0.01f};

/// It has what the members have, bit for bit.
inline void check_current(small_run const& run) {
    REQUIRE(run.who->is_current());
    REQUIRE(run.who->known()->step == run.context.step);
    REQUIRE(flat(*run.who->state()) == flat(run.state));
    REQUIRE(*run.who->state() == run.state);
}

/// Members of `run` before `liars` say what `made` makes of it.
inline void let_lie(small_run& run, std::size_t liars, small_run::lie const& made) {
    for (std::size_t k = 0; k < liars; ++k) run.lies[key_of(k)] = made;
}

/// What one kind of message becomes.
template <class M, class F>
small_run::lie about(F&& change) {
    return [change](small_run::message m) -> std::optional<small_run::message> {
        if (auto* const one = std::get_if<M>(&m); one && !change(*one)) return {};
        return m;
    };
}

inline digest const other = tagged_hash("other");
inline shared_floats spoiled(shared_floats values) {
    if (values.empty()) return {1};
    values.edit([](std::vector<float>& all) { all[all.size() / 2] += 1; });
    return values;
}
inline std::map<std::string, small_run::lie> all_lies() {
    auto const flips = std::make_shared<random_stream>(seed{11, 1});
    auto const flipped = [flips](small_run::message m) -> std::optional<small_run::message> {
        auto bytes = encode_run_frame(m);
        std::size_t const bit = flips->below(static_cast<std::uint32_t>(8 * bytes.size()));
        bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        return decode_run_frame(bytes);
    };
    return {
        {"another step", about<wire::progress>([](wire::progress& m) { return m.context.step += 7, true; })},
        {"another context", about<wire::progress>([](wire::progress& m) { return m.context.banned = 1, true; })},
        {"another run", about<wire::progress>([](wire::progress& m) { return m.context.run = other, true; })},
        {"steps before the first", about<wire::progress>([](wire::progress& m) {
             return m.applied.assign(1'000, other), true;
         })},
        {"other hashes of what moved", about<wire::progress>([](wire::progress& m) {
             for (auto& one : m.applied) one = other;
             return true;
         })},
        {"another state", about<wire::progress>([](wire::progress& m) {
             if (m.snapshot) m.snapshot->root = other;
             return true;
         })},
        {"a state of another step", about<wire::progress>([](wire::progress& m) {
             m.snapshot = wire::snapshot_head{m.context.step, other};
             return true;
         })},
        {"other hashes of chunks", about<wire::leaves>([](wire::leaves& m) {
             return m.hashes.back() = other, true;
         })},
        {"too few chunks", about<wire::leaves>([](wire::leaves& m) { return m.hashes.pop_back(), true; })},
        {"too many chunks", about<wire::leaves>([](wire::leaves& m) { return m.hashes.resize(9'000), true; })},
        {"other chunks", about<wire::chunk>([](wire::chunk& m) { return m.values = spoiled(m.values), true; })},
        {"empty chunks", about<wire::chunk>([](wire::chunk& m) { return m.values = {}, true; })},
        {"chunks under other numbers", about<wire::chunk>([](wire::chunk& m) { return m.index ^= 1, true; })},
        {"chunks beyond the last", about<wire::chunk>([](wire::chunk& m) { return m.index += 1u << 30, true; })},
        {"other floats", about<wire::applied>([](wire::applied& m) { return m.values = spoiled(m.values), true; })},
        {"too few floats", about<wire::applied>([](wire::applied& m) {
             return m.values = m.values.slice(1, m.values.size() - 1), true;
         })},
        {"floats of another step", about<wire::applied>([](wire::applied& m) { return m.step += 1, true; })},
        {"no answer but that it is missing", [](small_run::message m) -> std::optional<small_run::message> {
             if (auto const* const a = std::get_if<wire::leaves>(&m))
                 return wire::missing{{wire::fetched::leaves, a->step, 0}};
             if (auto const* const a = std::get_if<wire::chunk>(&m))
                 return wire::missing{{wire::fetched::chunk, a->step, a->index}};
             if (auto const* const a = std::get_if<wire::applied>(&m))
                 return wire::missing{{wire::fetched::applied, a->step, 0}};
             return m;
         }},
        {"a flipped bit", flipped},
        {"no floats", about<wire::applied>([](wire::applied&) { return false; })},
        {"no state", about<wire::chunk>([](wire::chunk&) { return false; })},
        {"nothing", [](small_run::message) { return std::optional<small_run::message>(); }},
        {"only that it goes on", [](small_run::message m) -> std::optional<small_run::message> {
             if (std::holds_alternative<wire::progress>(m)) return m;
             return {};
         }},
    };
}

} // namespace follower_test
