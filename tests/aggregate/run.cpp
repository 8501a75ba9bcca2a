// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

using namespace btard;

template <class T>
aggregated<T, aggregation_report> run(any_aggregator const& rule, matrix_view<T const> rows,
                                      setting<T> with) {
    if (with.weights.empty()) with.weights.assign(rows.rows(), 1.0);
    if (with.given.empty()) with.given.resize(rows.cols());
    auto report = aggregate(with.on, rule, rows, std::span<double const>(with.weights), std::span(with.given),
                            with.public_seed);
    return {std::move(with.given), std::move(report)};
}

template aggregated<float, aggregation_report> run(any_aggregator const&, matrix_view<float const>,
                                                   setting<float>);
template aggregated<double, aggregation_report> run(any_aggregator const&, matrix_view<double const>,
                                                    setting<double>);
