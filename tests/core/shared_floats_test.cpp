// SPDX-License-Identifier: Apache-2.0
#include <btard/core/error.hpp>
#include <btard/core/shared_floats.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

using namespace btard;

TEST_CASE("shared_floats: copies and slices have the same floats in the same place") {
    shared_floats const whole{1, 2, 3, 4, 5};
    auto const copy = whole;
    auto const part = whole.slice(1, 3);
    CHECK(copy.data() == whole.data());
    CHECK(part.data() == whole.data() + 1);
    CHECK(part == shared_floats{2, 3, 4});
    CHECK(part[2] == 4);
    CHECK(whole.slice(5, 0).empty());
    CHECK(shared_floats().empty());
    CHECK(shared_floats() == shared_floats(std::vector<float>()));
    CHECK_THROWS_AS((void)whole.slice(3, 3), contract_violation);
    CHECK_THROWS_AS((void)whole.slice(6, 0), contract_violation);
}

TEST_CASE("shared_floats: a slice outlives the whole") {
    shared_floats part;
    {
        shared_floats const whole(std::vector<float>(1'000, 2.0f));
        part = whole.slice(990, 10);
    }
    CHECK(part == shared_floats(std::vector<float>(10, 2.0f)));
}

TEST_CASE("shared_floats: who edits them has a copy, and the others see nothing of it") {
    shared_floats const before{1, 2, 3};
    auto after = before;
    after.edit([](std::vector<float>& own) {
        own[0] = 7;
        own.push_back(4);
    });
    CHECK(after == shared_floats{7, 2, 3, 4});
    CHECK(before == shared_floats{1, 2, 3});
}

TEST_CASE("shared_floats: memory is given for reuse by the last that has it, and by nobody else") {
    shared_floats one(std::vector<float>(100));
    float const* const place = one.data();
    auto other = one;
    CHECK(std::move(one).reuse().empty());
    auto const memory = std::move(other).reuse();
    CHECK(memory.size() == 100);
    CHECK(memory.data() == place);
    CHECK(shared_floats().reuse().empty());
}

TEST_CASE("shared_floats: memory that is no vector's is shared as a vector's is, and not given for reuse") {
    auto memory = std::make_shared_for_overwrite<float[]>(5);
    for (std::size_t k = 0; k < 5; ++k) memory[k] = float(k);
    shared_floats all(std::move(memory), 4); // the fifth is spare
    auto const two = all.slice(1, 2);
    CHECK(std::move(all).reuse().empty());
    CHECK(all.empty()); // NOLINT(bugprone-use-after-move)
    CHECK(two == shared_floats{1, 2});
}

TEST_CASE("shared_floats: what was moved from is empty") {
    shared_floats one{1, 2, 3};
    shared_floats const other = std::move(one);
    CHECK(one.empty()); // NOLINT(bugprone-use-after-move)
    CHECK(other == shared_floats{1, 2, 3});
}
