// tests/data/image_set_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/data/image_set.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace btard;

TEST_CASE("image_set: images and labels by number, shared by the copies") {
    image_set const first({1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}, {9, 0}), second = first;
    CHECK(second.size() == 2);
    CHECK(second.shape() == image_shape{1, 2, 2});
    CHECK(second.classes() == 10);
    CHECK(std::ranges::equal(second.image(1), std::vector<int>{5, 6, 7, 8}));
    CHECK(second.label(0) == 9);
    CHECK(second.image(0).data() == first.image(0).data());
    CHECK(second.labels().data() == first.labels().data());
}

TEST_CASE("image_set: what does not fit together is a mistake, with the numbers") {
    using bytes = std::vector<std::uint8_t>;
    auto const make = [](image_shape shape, bytes pixels, bytes labels, std::int64_t classes = 10) {
        return image_set(shape, std::move(pixels), std::move(labels), classes);
    };
    CHECK_THROWS_WITH_AS(make({1, 2, 2}, bytes(7), bytes(2)), "7 bytes for 2 images of 1 x 2 x 2",
                         contract_violation);
    CHECK_THROWS_AS(make({1, 2, 2}, bytes(10), bytes(2)), contract_violation);
    CHECK_THROWS_WITH_AS(make({1, 0, 2}, {}, bytes(2)), "images of 1 x 0 x 2 bytes", contract_violation);
    CHECK_THROWS_WITH_AS(make({1, 2, 2}, {}, {}), "a set of no images", contract_violation);
    CHECK_THROWS_WITH_AS(make({1, 1, 1}, bytes(2), {1, 3}, 3), "image 1 has the label 3, there are 3 classes",
                         contract_violation);
    image_set const two({1, 1, 1}, {1, 2}, {0, 1});
    CHECK_THROWS_AS((void)two.image(2), contract_violation);
    CHECK_THROWS_AS((void)two.label(2), contract_violation);
}
