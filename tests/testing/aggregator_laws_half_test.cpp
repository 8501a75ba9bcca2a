// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/any_aggregator.hpp>
#include <btard/core/half.hpp>
#include <btard/testing/aggregator_laws.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace btard;

namespace {

template <class T>
std::string broken(any_rule const& rule, std::vector<any_mixing> mixings = {}, std::optional<any_rule> doubled = {}) {
    any_aggregator const whole{{mixings}, rule};
    testing::law_options<any_aggregator> promised{.tolerance = 4 * double(std::numeric_limits<T>::epsilon())};
    if (doubled) promised.doubled = any_aggregator{{mixings}, *doubled};
    return testing::broken_laws<T>(host{}, whole, promised);
}

} // namespace

TEST_CASE_TEMPLATE("laws: every rule keeps them on rows of two bytes", T, bfloat16, float16) {
    CHECK(broken<T>(mean{}) == "");
    CHECK(broken<T>(centered_clip{}, {}, centered_clip{.tau = 2}) == "");
    CHECK(broken<T>(geometric_median{}) == "");
    CHECK(broken<T>(krum{.byzantine = 3}) == "");
    CHECK(broken<T>(multi_krum{.byzantine = 3}) == "");
    CHECK(broken<T>(coordinate_median{}) == "");
    CHECK(broken<T>(coordinate_median{middle::lower}) == "");
    CHECK(broken<T>(trimmed_mean{.byzantine = 3}) == "");
}

TEST_CASE_TEMPLATE("laws: mixings before a rule keep them on rows of two bytes", T, bfloat16, float16) {
    CHECK(broken<T>(centered_clip{}, {nnm{.byzantine = 3}}, centered_clip{.tau = 2}) == "");
    CHECK(broken<T>(coordinate_median{}, {nnm{.byzantine = 3}}) == "");
}
