// SPDX-License-Identifier: Apache-2.0
#include "band_data.hpp"
#include "gnuplot_text.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace btard::apps {

namespace {

constexpr std::size_t most_points = 250; // of a curve: a report holds many

/// Mean, least and greatest over seeds; each may itself be a mean over some steps.
struct band {
    double mean = 0, min = 0, max = 0;

    void add(std::vector<double> const& values, double share) {
        double sum = 0;
        for (double const value : values) sum += value / static_cast<double>(values.size());
        mean += share * sum;
        min += share * *std::min_element(values.begin(), values.end());
        max += share * *std::max_element(values.begin(), values.end());
    }
    std::string text() const {
        return concat(gnuplot_number(mean), " ", gnuplot_number(min), " ", gnuplot_number(max));
    }
};

} // namespace

std::vector<history const*> seeds_of(sweep const& grid, std::span<history const> runs, std::size_t r,
                                     std::size_t a) {
    std::vector<history const*> found;
    for (std::size_t s = 0; s < grid.seeds.size(); ++s)
        if (auto const& one = runs[grid.at(r, a, s)]; !one.loss.empty()) found.push_back(&one);
    return found;
}

std::size_t common_length(std::vector<history const*> const& seeds) {
    std::size_t length = std::numeric_limits<std::size_t>::max();
    for (auto const* const one : seeds) length = std::min(length, one->loss.size());
    return seeds.empty() ? 0 : length;
}

std::string steps_block(std::vector<history const*> const& seeds, loss_axis const& axis) {
    std::string block;
    std::size_t const length = common_length(seeds), each = (length + most_points - 1) / most_points;
    for (std::size_t begin = 0; begin < length; begin += each) {
        std::size_t const end = std::min(begin + each, length);
        band loss, alive;
        for (std::size_t k = begin; k < end; ++k) {
            std::vector<double> losses, peers;
            for (auto const* const one : seeds) {
                losses.push_back(std::min(badness(one->loss[k]), 2 * axis.high));
                peers.push_back(static_cast<double>(one->alive[k]));
            }
            loss.add(losses, 1 / static_cast<double>(end - begin));
            alive.add(peers, 1 / static_cast<double>(end - begin));
        }
        block += concat(begin + 1, " ", loss.text(), " ", alive.text(), "\n");
    }
    return block;
}

std::string tests_block(std::vector<history const*> const& seeds) {
    std::string block;
    for (std::size_t k = 0;; ++k) {
        std::vector<double> found;
        for (auto const* const one : seeds)
            if (k < one->tests.size() && one->tests[k].found.accuracy)
                found.push_back(*one->tests[k].found.accuracy);
        if (found.empty()) return block;
        band accuracy;
        accuracy.add(found, 1);
        block += concat(seeds.front()->tests[k].step + 1, " ", accuracy.text(), "\n");
    }
}

} // namespace btard::apps
