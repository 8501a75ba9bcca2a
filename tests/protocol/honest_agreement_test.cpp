// SPDX-License-Identifier: Apache-2.0
#include <btard/core/error.hpp>
#include <btard/protocol/honest_agreement.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

namespace honest_agreement_tests { // other tests of its unit have helpers of the same names

using namespace btard;

TEST_CASE("honest agreement: peers that say the same, each at its own time, agree; one bit or one verdict less is told") {
    shared_floats const made(std::vector<float>{1, 2}), other(std::vector<float>{1, 3});
    public_key const liar{tagged_hash("liar").bytes};
    honest_agreement all;
    all.begin_step(7);
    all.hear_removal(0, liar, offence::leave);
    all.apply(0, 7, made);
    CHECK_THROWS_WITH_AS(all.apply(1, 7, made), "honest peers have reached different verdicts in step 7",
                         contract_violation);
    all.hear_removal(2, liar, offence::leave);
    CHECK_NOTHROW(all.apply(2, 7, made));
    CHECK_THROWS_WITH_AS(all.apply(3, 7, other), "honest peers have made different aggregates in step 7",
                         contract_violation);
    CHECK_THROWS_WITH_AS(all.apply(3, 8, made), "peer 3 is in step 8, the swarm in 7", contract_violation);
    CHECK(all.made() == made);
    CHECK(all.removed() == honest_agreement::removals{{liar, offence::leave}});
    all.leave(4); // out itself, before it has heard anything
    all.begin_step(8);
    CHECK(!all.made());
    CHECK_NOTHROW(all.apply(1, 8, other));
}

} // namespace honest_agreement_tests
