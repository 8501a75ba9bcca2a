// tests/thrust/every_kernel.cu: every kernel for the CUDA device system, which is nvcc's own; compiled, not run.
// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/coordinate_median.hpp>
#include <btard/thrust/thrust_on.hpp>

#include <span>

static_assert(btard::thrust_on::system == "cuda");

template <class T>
bool every_kernel(btard::matrix_view<T const> x, std::span<double const> weights, std::span<bool const> arrived,
                  btard::matrix_view<double> g, std::span<T> v) {
    btard::thrust_on const on{};
    on.project(x, std::span<T const>(v), btard::directions{}, g);
    btard::aggregate(on, btard::centered_clip{}, x, weights, v);     // gram, combine
    btard::aggregate(on, btard::coordinate_median{}, x, weights, v); // columns
    return on.columns(x, {}, btard::least_value{}, v) && on.add_row(x, arrived, 0, std::span<T const>(v), g);
}

template bool every_kernel(btard::matrix_view<float const>, std::span<double const>, std::span<bool const>,
                           btard::matrix_view<double>, std::span<float>);
template bool every_kernel(btard::matrix_view<double const>, std::span<double const>, std::span<bool const>,
                           btard::matrix_view<double>, std::span<double>);
