// SPDX-License-Identifier: Apache-2.0
#include <btard/train/learnable.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <vector>

using namespace btard;

TEST_CASE("labels_hook: an empty one does nothing and says so") {
    labels_hook const none;
    std::vector<std::int64_t> labels{1, 2};
    none(labels, 10);
    CHECK_FALSE(static_cast<bool>(none));
    CHECK(labels == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("labels_hook: calls what it refers to, constant or not") {
    int calls = 0;
    auto counts = [&calls](std::span<std::int64_t> labels, std::int64_t classes) {
        ++calls;
        labels[0] = classes;
    };
    auto const constant = counts;
    std::vector<std::int64_t> labels{1, 2};
    labels_hook{counts}(labels, 10);
    CHECK(labels == std::vector<std::int64_t>{10, 2});
    labels_hook{constant}(labels, 11);
    CHECK(labels == std::vector<std::int64_t>{11, 2});
    CHECK(calls == 2);
}
