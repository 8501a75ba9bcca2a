// SPDX-License-Identifier: Apache-2.0
#include "../../apps/simulate/memory.hpp"

#include <doctest/doctest.h>

#include <cstddef>

using namespace btard;
using namespace btard::apps;

TEST_CASE("memory_of: each setting adds what it needs") {
    settings what;
    std::size_t const vector = 4'000;
    auto const plain = memory_of(what, 1'000, 0);
    CHECK(plain.rows == 16 * vector);
    CHECK(plain.vectors == 2 * vector);
    CHECK(plain.learners == 0); // a quadratic has no module
    CHECK(plain.attackers == 0);

    CHECK(plain.protocol == 0);
    what.bans = bans::validators;
    CHECK(memory_of(what, 1'000, 0).protocol == 16 * 10 * vector);
    what.bans = bans::none;

    what.swarm.optimizer = lamb{};
    CHECK(memory_of(what, 1'000, 0).vectors == 4 * vector);
    what.swarm.worker_momentum.emplace();
    CHECK(memory_of(what, 1'000, 0).rows == 32 * vector);
    what.data = {fashion_mnist{}};
    what.swarm.threads = 3;
    CHECK(memory_of(what, 1'000, 50).learners == 3 * (3 * vector + 50));
    what.swarm.threads = 99;
    CHECK(memory_of(what, 1'000, 50).learners == 16 * (3 * vector + 50));

    what.attack = delayed_gradient{.delay = 9};
    CHECK(memory_of(what, 1'000, 0).attackers == 0);
    what.byzantine.peers = {1, 5};
    CHECK(memory_of(what, 1'000, 0).attackers == 2 * 10 * vector);
}

TEST_CASE("memory_note: only of attackers that remember much") {
    settings what;
    what.data = {quadratic{.dimension = 1'000'000}};
    what.byzantine.peers = {0, 1};
    what.attack = delayed_gradient{.delay = 40};
    CHECK(memory_note(what) == "the 2 attackers remember 312.8 MiB of gradients");
    what.attack = delayed_gradient{.delay = 4};
    CHECK(memory_note(what) == "");
    what.attack = sign_flip{};
    CHECK(memory_note(what) == "");
    what.attack = delayed_gradient{.delay = 40};
    what.byzantine.peers = {};
    CHECK(memory_note(what) == "");
}

TEST_CASE("bytes_text: mebibytes, and gibibytes from a thousand of them on") {
    CHECK(bytes_text(0) == "0.0 MiB");
    CHECK(bytes_text(std::size_t{3} << 20) == "3.0 MiB");
    CHECK(bytes_text(std::size_t{3} << 30) == "3.0 GiB");
}
