// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/train/optimizer.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

using namespace btard;

TEST_CASE("optimizer: chosen by its text, it does what the one chosen does") {
    std::vector<tensor_layout> const layout{{"weight", 0, {3}, 3, true}};
    std::vector<float> const gradient{1, -1, 2};
    std::vector<float> chosen{1, 2, 3}, direct{1, 2, 3};

    auto const method = parse<optimizer>("lamb{.learning_rate = 0.1}");
    optimizer_state state = start(method, 3);
    lamb::state direct_state = lamb::start(3);
    for (int k = 0; k < 3; ++k) {
        step(method, state, layout, gradient, chosen, 0.5, 2);
        lamb{.learning_rate = 0.1f}.step(direct_state, layout, gradient, direct, 0.5, 1);
    }
    CHECK(chosen == direct);
    CHECK(std::get<lamb::state>(state) == direct_state);
    CHECK(parse<optimizer>("sgd") == optimizer{sgd{}});
}
