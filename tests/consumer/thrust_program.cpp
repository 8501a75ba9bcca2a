// tests/consumer/thrust_program.cpp: a rule on the backend of the layer thrust.
// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/coordinate_median.hpp>
#include <btard/thrust/thrust_on.hpp>

#include <span>
#include <vector>

int main() {
    float const numbers[] = {1, 2, 3, 4, 100, -100};
    std::vector<double> const weights(3, 1.0);
    std::vector<float> out(2);
    // [call]
    btard::aggregate(btard::thrust_on{}, btard::coordinate_median{}, btard::matrix_view<float const>{numbers, 3, 2},
                     std::span<double const>(weights), std::span<float>(out));
    // [call]
    return out == std::vector<float>{3, 2} ? 0 : 1;
}
