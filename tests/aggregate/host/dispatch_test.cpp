// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include <btard/aggregate/host.hpp>

#include <doctest/doctest.h>

using namespace btard;

TEST_CASE("instruction_set: the baseline is always there, and `best` is one of those that are") {
    CHECK(supported(instruction_set::baseline));
    CHECK(supported(instruction_set::best));
    CHECK(!sets().empty());
}
