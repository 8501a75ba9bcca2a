// benchmarks/torch_loops.cpp: the rules as they are usually written over LibTorch, to compare with.
// SPDX-License-Identifier: Apache-2.0
#include "torch_loops.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>

namespace {

torch::Tensor krum_order(torch::Tensor const& x, std::int64_t f) {
    auto const distances = torch::cdist(x, x).pow(2);
    auto const sorted = std::get<0>(distances.sort(1));
    return sorted.slice(1, 1, x.size(0) - f - 1).sum(1).argsort();
}

torch::Tensor centered_clip(torch::Tensor const& x, double tau) {
    auto v = std::get<0>(x.median(0));
    for (int step = 0; step < 20; ++step) {
        auto const d = x - v;
        auto const factor = (tau / d.norm(2, 1)).clamp_max(1);
        v = v + (d * factor.unsqueeze(1)).mean(0);
    }
    return v;
}

torch::Tensor geometric_median(torch::Tensor const& x) {
    auto v = torch::zeros_like(x[0]);
    for (int step = 0; step < 3; ++step) {
        auto const q = (x - v).norm(2, 1).clamp_min(0.1).reciprocal();
        v = (x * q.unsqueeze(1)).sum(0) / q.sum();
    }
    return v;
}

} // namespace

std::optional<float> torch_loop(std::string_view rule, float const* rows, std::size_t n, std::size_t d, int threads) {
    torch::InferenceMode const no_gradients;
    torch::set_num_threads(threads);
    auto const x = torch::from_blob(const_cast<float*>(rows), {std::int64_t(n), std::int64_t(d)});
    auto const f = std::int64_t(n / 4), count = std::int64_t(n);
    torch::Tensor v;
    if (rule == "mean") v = x.mean(0);
    else if (rule == "coordinate_median") v = std::get<0>(x.median(0));
    else if (rule == "trimmed_mean") v = std::get<0>(x.sort(0)).slice(0, f, count - f).mean(0);
    else if (rule == "krum") v = x[krum_order(x, f)[0].item<std::int64_t>()];
    else if (rule == "multi_krum") v = x.index_select(0, krum_order(x, f).slice(0, 0, count - f)).mean(0);
    else if (rule == "geometric_median") v = geometric_median(x);
    else if (rule == "centered_clip") v = centered_clip(x, 1.0);
    else return {};
    return v[0].item<float>();
}
