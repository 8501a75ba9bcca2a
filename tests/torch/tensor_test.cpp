// tests/torch/tensor_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/torch/tensor.hpp>

#include <doctest/doctest.h>
#include <torch/torch.h>

#include <algorithm>
#include <vector>

using namespace btard;

TEST_CASE("flat: the elements of a tensor, in place") {
    auto const tensor = torch::arange(6, torch::kFloat).view({2, 3});
    auto const view = flat(tensor);
    CHECK(std::ranges::equal(view, std::vector<float>{0, 1, 2, 3, 4, 5}));
    view[4] = 10;
    CHECK(tensor[1][1].item<float>() == 10);
    CHECK(flat(torch::zeros({0, 3})).empty());
}

TEST_CASE("rows: one row per peer, also of a slice of the columns") {
    auto const tensor = torch::arange(12, torch::kFloat).view({3, 4});
    auto const all = rows(tensor);
    CHECK(all.rows() == 3);
    CHECK(all.cols() == 4);
    CHECK(all(2, 1) == 9);
    CHECK(all.row_data(0) == tensor.data_ptr<float>());

    auto const part = rows(tensor.narrow(1, 1, 2));
    CHECK(part.rows() == 3);
    CHECK(part.cols() == 2);
    CHECK(part(2, 0) == 9);

    auto const one = rows(tensor.narrow(0, 1, 1));
    CHECK(one.rows() == 1);
    CHECK(one(0, 3) == 7);
}

TEST_CASE("flat, rows: of double too") {
    auto const tensor = torch::arange(6, torch::kDouble).view({2, 3});
    CHECK(flat<double>(tensor).data() == tensor.data_ptr<double>());
    CHECK(rows<double>(tensor)(1, 2) == 5);
    CHECK(aggregate(mean{}, rows<double>(tensor)).vector == std::vector<double>{1.5, 2.5, 3.5});
    CHECK_THROWS_WITH_AS((void)rows<double>(torch::zeros({2, 3})), "the tensor holds Float, not Double",
                         contract_violation);
}

TEST_CASE("rows: a list of tensors, one per peer, of any shape that they share") {
    // [list]
    std::vector<at::Tensor> const gradients{torch::full({2, 3}, 1.f), torch::full({2, 3}, 4.f)};
    auto const [v, report] = aggregate(mean{}, rows(gradients)); // six times 2.5
    // [list]
    CHECK(v == std::vector<float>(6, 2.5f));
    CHECK(report.rows_used == 2);
    auto const table = rows(gradients);
    CHECK(matrix_view<float const>(table).row_data(1) == gradients[1].data_ptr<float>());

    CHECK(rows<double>(std::vector{torch::zeros({4}, torch::kDouble)}).cols() == 4);
    CHECK(rows(at::TensorList{}).rows() == 0);
    auto const refusal = [&](at::Tensor const& second) { (void)rows(std::vector{gradients[0], second}); };
    CHECK_THROWS_WITH_AS(refusal(torch::zeros({3, 2})), "tensor 1 has the shape [3, 2], tensor 0 has [2, 3]",
                         contract_violation);
    CHECK_THROWS_WITH_AS(refusal(torch::zeros({3, 2}).t()), "the tensor of 2 dimensions is not contiguous",
                         contract_violation);
    CHECK_THROWS_WITH_AS(refusal({}), "the tensor is undefined", contract_violation);
}

TEST_CASE("flat, rows: what is no such view of host memory is a mistake, with its reason") {
    auto const matrix = torch::zeros({3, 4});
    CHECK_THROWS_WITH_AS((void)flat(torch::Tensor{}), "the tensor is undefined", contract_violation);
    CHECK_THROWS_WITH_AS((void)flat(matrix.to(torch::kDouble)), "the tensor holds Double, not Float",
                         contract_violation);
    CHECK_THROWS_WITH_AS((void)flat(matrix.t()), "the tensor of 2 dimensions is not contiguous",
                         contract_violation);
    CHECK_THROWS_WITH_AS((void)rows(torch::Tensor{}), "the tensor is undefined", contract_violation);
    CHECK_THROWS_WITH_AS((void)rows(matrix.to(torch::kLong)), "the tensor holds Long, not Float",
                         contract_violation);
    CHECK_THROWS_WITH_AS((void)rows(matrix.view({-1})), "the tensor has 1 dimensions, not 2",
                         contract_violation);
    CHECK_THROWS_WITH_AS((void)rows(matrix.t()), "the elements of a row stand 4 apart, not 1",
                         contract_violation);
    CHECK_THROWS_AS((void)rows(matrix[0].expand({5, 4})), contract_violation); // stride 0: rows that overlap
    CHECK_THROWS_AS((void)flat(torch::zeros({3, 4}, torch::TensorOptions{torch::kMeta})), contract_violation);
}
