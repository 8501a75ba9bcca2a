// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/train/optimizer.hpp>
#include <btard/train/optimizer_memory.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
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

TEST_CASE("optimizer: with its memory put back, it goes on bit for bit as if it had never stopped") {
    std::vector<tensor_layout> const layout{{"weight", 0, {3}, 3, true}};
    std::vector<float> const gradient{1, -1, 2};
    for (auto const* text : {"lamb{}", "sgd{.momentum = 0.9}", "sgd{}"}) {
        auto const method = parse<optimizer>(text);
        std::vector<float> through{1, 2, 3}, stopped{1, 2, 3};
        auto state = start(method, 3), other = start(method, 3);
        for (int k = 0; k < 6; ++k) {
            step(method, state, layout, gradient, through, 1, 1);
            step(method, other, layout, gradient, stopped, 1, 1);
            if (k == 2) other = restore(method, 3, memory_of(method, other));
        }
        CHECK(through == stopped);
        CHECK(state == other);
    }
    auto const memory = memory_of(lamb{}, start(lamb{}, 2));
    CHECK(memory == optimizer_memory{"lamb",
                                     {{"means", {0, 0}}, {"squares", {0, 0}}},
                                     {{"mean_weight", 0}, {"square_weight", 0}}});
}

TEST_CASE("optimizer: the memory of another one is refused") {
    auto const why = [](optimizer const& method, std::size_t size, optimizer_memory const& memory) {
        try {
            (void)restore(method, size, memory);
        } catch (environment_error const& error) {
            CHECK(error.code() == errc::bad_data);
            return std::string(error.what()).substr(std::string("the state of the optimizer ").size());
        }
        return std::string("taken");
    };
    auto memory = memory_of(lamb{}, start(lamb{}, 2));
    CHECK(why(lamb{}, 2, memory) == "taken");
    CHECK(why(sgd{}, 2, memory) == "is not one of sgd");
    CHECK(why(lamb{}, 3, memory) == "has 2 numbers in 'means', not 3");
    memory.numbers.emplace_back("other", 1);
    CHECK(why(lamb{}, 2, memory) == "has more than lamb remembers");
    memory.numbers.clear();
    CHECK(why(lamb{}, 2, memory) == "lacks 'mean_weight'");
    CHECK(why(sgd{.momentum = 0.5f}, 2, memory_of(sgd{}, start(sgd{}, 2))) == "has 0 numbers in 'velocity', not 2");
}
