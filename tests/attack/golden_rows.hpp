// tests/attack/golden_rows.hpp: the honest rows of the input on which public systems were run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/concept.hpp>

#include <array>
#include <cstddef>
#include <vector>

namespace golden {

inline constexpr std::size_t honest = 9, size = 5;

/// x[i][k] = ((i*i*(k+3) + 7*i + 11*k) mod 97) / 16 - 3: exact in float.
inline std::vector<float> rows() {
    std::vector<float> x;
    for (std::size_t i = 0; i < honest; ++i)
        for (std::size_t k = 0; k < size; ++k)
            x.push_back(float((i * i * (k + 3) + 7 * i + 11 * k) % 97) / 16 - 3);
    return x;
}

/// Peers 9 and 10 of 11 attack.
template <class A>
std::vector<float> sent(A attack) {
    auto const x = rows();
    std::array<std::size_t, 2> const attackers{9, 10};
    btard::attack_context at;
    at.self = 9;
    at.accomplices = attackers;
    at.honest = {x.data(), honest, size};
    std::vector<float> gradient(size, 1);
    btard::corrupt_gradient(attack, at, gradient);
    return gradient;
}

} // namespace golden
