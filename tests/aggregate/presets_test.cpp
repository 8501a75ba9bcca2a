// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/presets.hpp>

#include "golden.hpp"
#include "run.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

using namespace btard;

namespace {

// Results of the public systems' own code in float64, on the input of golden.hpp.
std::vector<double> const golden_mean{-0.909090909091, -0.789772727273, -0.670454545455, -0.551136363636,
                                      0.670454545455};
std::vector<double> const golden_median{-1.0625, -0.4375, -0.875, -0.5, 0.625};
std::vector<double> const golden_trimmed{-0.901785714286, -0.767857142857, -0.633928571429, -0.455357142857,
                                         0.625};
std::vector<double> const golden_krum{-2.375, -1.625, -0.875, -0.125, 0.625};
std::vector<double> const golden_multi_krum{-0.928571428571, -1.535714285714, -0.410714285714,
                                            -0.151785714286, 0.973214285714};
std::vector<double> const golden_clip_20{-1.232996737916, -0.999402973019, -0.541910846408, -0.231661346602,
                                         0.822349196388};
std::vector<double> const golden_clip_500{-1.235017549742, -1.000830483273, -0.542360008835, -0.230778897073,
                                          0.822443386146};
std::vector<double> const golden_geometric{-1.203623372072, -0.985587351772, -0.524216077390, -0.234541183000,
                                           0.835113414391};
std::vector<double> const golden_nnm_mean{-0.984848484848, -0.956439393939, -0.315656565657, -0.164772727273,
                                          1.027146464646};

/// In float64 to 1e-9, in float32 to 1e-5.  Says what the run in float64 reports.
aggregation_report is(any_aggregator const& rule, std::vector<double> const& expected) {
    rows_of<double> const rows(golden_rows());
    rows_of<float> const single(golden_rows());
    auto const [v, report] = run(rule, rows.view());
    CHECK(difference(v, expected) < 1e-9);
    CHECK(difference(run(rule, single.view()).vector, expected) < 1e-5);
    return report;
}

} // namespace

TEST_CASE("golden: mean, medians, trimmed mean") {
    is(any(mean{}), golden_mean);
    is(any(presets::paper::coordinate_median()), golden_median);
    is(any(presets::btard_code::coordinate_median()), golden_median);
    is(any(presets::hivemind::coordinate_median()), golden_median);
    is(any(presets::byzfl::coordinate_median()), golden_median);
    is(any(trimmed_mean{.byzantine = 2}), golden_trimmed);
}

TEST_CASE("golden: krum of the paper and of byzfl, multi-krum of seven rows") {
    CHECK(is(any(presets::paper::krum(2)), golden_krum).coefficients[1] == 1);
    CHECK(is(any(presets::byzfl::krum(2)), golden_krum).coefficients[1] == 1);
    is(any(presets::paper::multi_krum(2, 7)), golden_multi_krum);
}

TEST_CASE(
    "golden: centered_clip of btard and hivemind, 20 iterations: 11 rows clipped, last step 7.420017e-4") {
    for (auto const& rule : {presets::btard_code::centered_clip(1), presets::hivemind::centered_clip(1)}) {
        auto const report = is(any(rule), golden_clip_20);
        CHECK(report.iterations == 20);
        CHECK(report.clipped == 11);
        CHECK(report.last_step == doctest::Approx(7.420017e-4).epsilon(1e-6));
    }
}

TEST_CASE("golden: centered_clip of btard, at most 500 iterations until 1e-6: index 50 is the last one") {
    auto const report = is(any(presets::btard_code::centered_clip_resnet(1)), golden_clip_500);
    CHECK(report.iterations == 51);
    CHECK(report.clipped == 11);
    CHECK(report.last_step == doctest::Approx(8.760200e-7).epsilon(1e-6));
}

TEST_CASE("golden: geometric median of byzfl, nnm and the mean") {
    CHECK(is(any(presets::byzfl::geometric_median()), golden_geometric).iterations == 3);
    is(any(mean{}, {nnm{.byzantine = 2}}), golden_nnm_mean);
}

TEST_CASE("golden: the fixed point is near the 51st iteration, and ends what that did not") {
    rows_of<double> const rows(golden_rows());
    auto const [v, report] = run(any(presets::paper::centered_clip(1)), rows.view());
    CHECK(distance(v, golden_clip_500) < 1e-4);
    CHECK(report.residual <= 1e-9 * report.scale);
    CHECK(report.iterations < 10);
}

TEST_CASE("golden: the same in full precision, from the file of the public systems' results") {
    auto const file = golden_file();
    if (file.empty()) {
        MESSAGE("skipped: BTARD_DATA names no folder with golden/aggregation.json");
        return;
    }
    auto const check = [&](std::string const& id, any_aggregator const& rule) {
        CAPTURE(id);
        auto const expected = golden_value(file, id);
        CHECK(expected.size() == 5);
        is(rule, expected);
    };
    check("mean", any(mean{}));
    check("coordinate_median", any(coordinate_median{}));
    check("trimmed_mean_f2", any(trimmed_mean{2}));
    check("krum_f2", any(presets::paper::krum(2)));
    check("multi_krum_f2_k7", any(presets::paper::multi_krum(2, 7)));
    check("centered_clip_tau1_its20", any(presets::btard_code::centered_clip(1)));
    check("centered_clip_tau1_its500", any(presets::btard_code::centered_clip_resnet(1)));
    check("geometric_median_nu0.1_T3", any(presets::byzfl::geometric_median()));
    check("nnm_f2_mean", any(mean{}, {nnm{2}}));
}

TEST_CASE("presets: what the systems differ in") {
    CHECK(presets::paper::krum(2).neighbours(11) == 7);
    CHECK(presets::byzfl::krum(2).neighbours(11) == 8);
    CHECK(presets::byzfl::multi_krum(2) == multi_krum{.byzantine = 2, .besides = 1}); // n - f rows
    CHECK(presets::byzfl::clipping() == clipping{.radius = 2});
    CHECK(!presets::paper::centered_clip(1).iterations);
    CHECK(!presets::paper::geometric_median().iterations);
    CHECK(presets::hivemind::centered_clip().start_at == start_point::upper_median);
    rows_of<double> const even{{1}, {2}, {3}, {5}};
    CHECK(run(any(presets::btard_code::coordinate_median()), even.view()).vector[0] == 2);
    CHECK(run(any(presets::hivemind::coordinate_median()), even.view()).vector[0] == 3);
    CHECK(run(any(presets::byzfl::coordinate_median()), even.view()).vector[0] == 2.5);
}

TEST_CASE("presets: byzfl clips around its last result, which is what out holds") {
    rows_of<double> const rows(normal_rows(5, 4));
    auto const rule = presets::byzfl::centered_clip(0.5);
    auto const first = run(any(rule), rows.view()).vector; // from zeros
    CHECK(distance(first, std::vector<double>(4)) <= 0.5);
    auto const second = run(any(rule), rows.view(), {.given = first}).vector;
    auto const two_steps =
        run(any(centered_clip{.tau = 0.5, .iterations = 2, .start_at = start_point::given}), rows.view());
    CHECK(distance(second, two_steps.vector) < 1e-14);
}
