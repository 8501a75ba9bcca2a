// tests/consumer/program.cpp: what a user of the library writes first; every consumer builds it in its own way.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>

#include <vector>

int main() {
    float const numbers[] = {1, 2, 3, 4, 5, 6};
    auto const rows = btard::matrix_view<float const>{numbers, 3, 2};
    return btard::aggregate(btard::mean{}, rows).vector == std::vector<float>{3, 4} ? 0 : 1;
}
