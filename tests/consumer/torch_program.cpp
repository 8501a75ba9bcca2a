// tests/consumer/torch_program.cpp: the first program again, with rows that are a tensor.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>
#include <btard/torch/tensor.hpp>

#include <ATen/ops/ones.h>

#include <vector>

int main() {
    auto const tensor = at::ones({3, 2});
    return btard::aggregate(btard::mean{}, btard::rows(tensor)).vector == std::vector<float>{1, 1} ? 0 : 1;
}
