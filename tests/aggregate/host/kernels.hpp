// tests/aggregate/host/kernels.hpp: which hosts to try, and rows for them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/host.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/plain_rows.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

inline std::vector<btard::instruction_set> sets() {
    std::vector<btard::instruction_set> here;
    for (auto const set : {btard::instruction_set::baseline, btard::instruction_set::avx2, btard::instruction_set::avx512})
        if (btard::supported(set)) here.push_back(set);
    return here;
}
inline std::vector<btard::host> hosts() {
    std::vector<btard::host> all;
    for (std::size_t const threads : {1u, 2u, 3u, 8u})
        for (auto const set : sets()) all.push_back({threads, set});
    return all;
}

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

inline std::vector<btard::testing::nasty> fixtures() {
    std::vector<btard::testing::nasty> all;
    for (std::size_t const n : {1u, 2u, 3u, 5u, 11u, 16u, 17u, 33u})
        for (std::size_t const d : {1u, 7u, 37u, 515u, 2051u})
            for (double const offset : {0.0, 1e4}) all.push_back({.rows = n, .cols = d, .offset = offset});
    return all;
}

/// Rows of small integers: every sum is exact, whatever its order.
template <class T>
std::vector<T> integers(std::size_t n, std::size_t d) {
    btard::random_stream draw(btard::derive({}, "integers", {n, d}));
    std::vector<T> x(n * d);
    for (T& value : x) value = T(draw.below(2001)) - 1000;
    return x;
}
template <class T>
std::vector<T> normals(std::size_t n, std::size_t d) {
    btard::random_stream draw(btard::derive({}, "normals", {n, d}));
    std::vector<T> x(n * d);
    for (T& value : x) value = T(draw.normal());
    return x;
}

/// `unique_ptr`, since vectors of bool have no memory that a span could see.
struct flags {
    explicit flags(std::size_t n) : size(n), memory(std::make_unique<bool[]>(n)) {}
    std::span<bool const> view() const { return {memory.get(), size}; }
    std::size_t size;
    std::unique_ptr<bool[]> memory;
};
