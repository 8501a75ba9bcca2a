// SPDX-License-Identifier: Apache-2.0
// A step of five workers with real gradients, commitments and aggregates; then each kind of evidence, true and false.
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/random.hpp>
#include <btard/protocol/step/gradient_check.hpp>
#include <btard/protocol/step/tribunal.hpp>
#include <btard/protocol/wire/decoding.hpp>
#include <btard/protocol/wire/encoding.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

using namespace btard;

namespace tribunal_tests { // other tests of its batch have helpers of the same names

namespace {

constexpr std::size_t n = 5, size = 203;

struct worked_step {
    court<host, centered_clip> bench{host{.threads = 1}, {.tau = 1, .start_at = start_point::given}, size};
    std::vector<std::vector<float>> gradients;
    std::vector<commitment> commitments;
    std::vector<float> v0 = std::vector<float>(size), aggregate = std::vector<float>(size);
    step_record record;

    static std::vector<log_member> roster() {
        std::vector<log_member> all;
        for (std::size_t k = 0; k < n; ++k) all.push_back({public_key{tagged_hash("key", k).bytes}, {}});
        return all;
    }

    /// @param bad the value at place 3 of the gradient of peer 4
    explicit worked_step(float bad = 0.5f)
        : record(0, roster(), {}, tagged_hash("r"), {.quota = 2, .validators = 1}) {
        partition const cut(size, n);
        agreed_log<wire::commit> commits(n);
        for (std::size_t k = 0; k < n; ++k) {
            random_stream random(seed{k, 1});
            auto& g = gradients.emplace_back(size);
            for (float& x : g) x = float(random.normal());
            if (k == 4) g[3] = bad;
            commitments.emplace_back(g, cut);
            commits[k] = {log_entry<wire::commit>::kind::present, {}};
            commits[k].body.root = commitments[k].root();
            commits[k].body.microbatches = static_cast<std::uint32_t>(1 + k % 2);
        }
        (void)record.read(commits);
        agreed_log<wire::result> results(n);
        for (std::size_t j = 0; j < n; ++j) {
            auto const made = bench.make_part(record, part_id(j), rows_of(j), slice(v0, j));
            std::copy(made.begin(), made.end(), aggregate.begin() + std::ptrdiff_t(cut.begin(part_id(j))));
            results[j] = {log_entry<wire::result>::kind::present, {}};
            results[j].body.parts = {{part_id(j), hash_of(made)}};
            results[j].body.share = commitment_to(share(j), {{}, 0, 0, 0}, record.roster()[j].key);
        }
        (void)record.read(results);
        agreed_log<wire::reveal> reveals(n);
        for (std::size_t j = 0; j < n; ++j) {
            reveals[j] = {log_entry<wire::reveal>::kind::present, {share(j), member_set(n)}};
            reveals[j].body.aggregates.fill();
        }
        (void)record.read(reveals, {}, 0);
    }
    static mprng_share share(std::size_t k) { return {tagged_hash("v", k).bytes, {}}; }
    std::span<float const> slice(std::vector<float> const& of, std::size_t part) const {
        return partition(size, n).slice(std::span<float const>(of), part_id(part));
    }
    std::vector<float const*> rows_of(std::size_t part) const {
        std::vector<float const*> rows;
        for (auto const& g : gradients) rows.push_back(slice(g, part).data());
        return rows;
    }
    wire::row row(std::size_t sender, std::size_t part) const {
        auto const values = slice(gradients[sender], part);
        return {0,
                peer_id(sender),
                part_id(part),
                commitments[sender].branch(part_id(part)),
                {values.begin(), values.end()}};
    }
    exhibit rows(std::size_t part) const {
        exhibit all;
        for (std::size_t k = 0; k < n; ++k) all.rows.push_back(row(k, part));
        return all;
    }
    testimony right(std::size_t sender, std::size_t part) const {
        return bench.right_testimony(record, part_id(part), slice(gradients[sender], part), slice(aggregate, part));
    }
    bool convicts(exhibit const& shown, std::size_t target, std::size_t part, testimony const& said) const {
        return bench.shows_false_testimony(record, shown, peer_id(target), part_id(part),
                                           slice(aggregate, part), said);
    }
};

} // namespace

TEST_CASE("tribunal: honest testimonies pass the check of their part, and are never convicted") {
    worked_step const s;
    REQUIRE(s.record.value());
    for (std::size_t j = 0; j < n; ++j) {
        std::vector<testimony> said;
        std::vector<double> weights;
        for (std::size_t k = 0; k < n; ++k) {
            said.push_back(s.right(k, j));
            weights.push_back(s.record.weight(peer_id(k)));
            CHECK(!s.convicts({{s.row(k, j)}}, k, j, said.back()));
        }
        auto const part = s.slice(s.aggregate, j);
        CHECK(check_sum(s.bench.rule, said, weights, part.size(),
                        norm_of(s.bench.z_of(s.record, part_id(j)), part.size()), norm(part))
                  .passed());
    }
}

TEST_CASE("tribunal: a testimony that differs in the last bit is false") {
    worked_step const s;
    auto said = s.right(2, 1);
    said.projection = std::nextafter(said.projection, 1e9);
    CHECK(s.convicts({{s.row(2, 1)}}, 2, 1, said));
    said = s.right(2, 1);
    said.distance = std::nextafter(said.distance, 0);
    CHECK(s.convicts({{s.row(2, 1)}}, 2, 1, said));
}

TEST_CASE("tribunal: evidence that is not what the accused committed to convicts nobody") {
    worked_step const s;
    testimony const lie{1, 1};
    REQUIRE(s.convicts({{s.row(2, 1)}}, 2, 1, lie));
    auto const refused = [&](exhibit const& shown) { return !s.convicts(shown, 2, 1, lie); };
    CHECK(refused({}));
    CHECK(refused({{s.row(2, 1), s.row(2, 1)}}));
    CHECK(refused({{s.row(3, 1)}}));
    CHECK(refused({{s.row(2, 0)}}));
    auto changed = s.row(2, 1);
    changed.values.edit([](std::vector<float>& own) { own[0] += 1; });
    CHECK(refused({{changed}}));
    auto later = s.row(2, 1);
    later.step = 1;
    CHECK(refused({{later}}));
    auto forged = s.row(3, 1);
    forged.sender = peer_id{2};
    CHECK(refused({{forged}}));
    auto nobody = s.row(2, 1);
    nobody.sender = peer_id{77};
    CHECK(refused({{nobody}}));
}

TEST_CASE("tribunal: a result is wrong when other floats follow from the same rows") {
    worked_step s;
    for (std::size_t j = 0; j < n; ++j)
        CHECK(!s.bench.shows_wrong_result(s.record, s.rows(j), part_id(j), s.slice(s.v0, j)));
    auto const part = part_id{0};
    agreed_log<wire::result> lie(n);
    for (std::size_t j = 0; j < n; ++j) lie[j] = {log_entry<wire::result>::kind::present, {}};
    lie[0].body.parts = {{part, tagged_hash("something else")}};
    (void)s.record.read(lie);
    CHECK(s.bench.shows_wrong_result(s.record, s.rows(0), part, s.slice(s.v0, 0)));
    auto few = s.rows(0);
    few.rows.pop_back();
    CHECK(!s.bench.shows_wrong_result(s.record, few, part, s.slice(s.v0, 0)));
    auto swapped = s.rows(0);
    std::swap(swapped.rows[0], swapped.rows[1]);
    CHECK(!s.bench.shows_wrong_result(s.record, swapped, part, s.slice(s.v0, 0)));
    auto changed = s.rows(0);
    changed.rows[2].values.edit([](std::vector<float>& own) { own[0] += 1; });
    CHECK(!s.bench.shows_wrong_result(s.record, changed, part, s.slice(s.v0, 0)));
    auto more = s.rows(0);
    more.rows.push_back(s.row(4, 0));
    CHECK(!s.bench.shows_wrong_result(s.record, more, part, s.slice(s.v0, 0)));
}

TEST_CASE("tribunal: a value that no gradient has convicts whoever committed to it, and nobody else") {
    worked_step const s(1e30f);
    CHECK(s.bench.shows_shape(s.record, {{s.row(4, 0)}}, peer_id{4}, part_id{0}));
    CHECK(!s.bench.shows_shape(s.record, {{s.row(4, 1)}}, peer_id{4}, part_id{1}));
    CHECK(!s.bench.shows_shape(s.record, {{s.row(3, 0)}}, peer_id{3}, part_id{0}));
    auto forged = s.row(3, 0);
    forged.values.edit([](std::vector<float>& own) { own[0] = 1e30f; });
    CHECK(!s.bench.shows_shape(s.record, {{forged}}, peer_id{3}, part_id{0}));
}

TEST_CASE("gradient: its distance is that of the tensor that is farthest off, relative to its length") {
    std::vector<tensor_layout> const two{{"a", 0, {2}, 2, true}, {"b", 2, {3}, 3, true}};
    std::vector<float> const right{3, 4, 0, 100, 0};
    auto const distance = [&](std::vector<float> const& of, bool cut = true) {
        return gradient_distance(cut ? std::span<tensor_layout const>(two) : std::span<tensor_layout const>(),
                                 of, right);
    };
    CHECK(distance(right) == 0);
    CHECK(distance({3, 4.5f, 0, 100, 0}) == doctest::Approx(0.1));
    CHECK(distance({3, 4.5f, 0, 120, 0}) == doctest::Approx(0.2));
    CHECK(distance({3, 4.5f, 0, 100, 0}, false) == doctest::Approx(0.5 / std::sqrt(10'025.0)));
    CHECK(distance({3, 4, -0.0f, 100, 0}) == 0);
}

TEST_CASE("gradient: where the right one is zero each number is measured alone, by one of usual size") {
    auto const distance = [](std::vector<float> const& of, std::vector<float> const& right) {
        return gradient_distance({}, of, right);
    };
    std::vector<float> const right{0, 3, 0, 4};
    CHECK(distance({1e-30f, 3, 0, 4}, right) < 1e-29); // a sum that cancels in one order only
    CHECK(distance({0, 3, -2.5e-6f, 4}, right) == doctest::Approx(1e-6)); // the whole gradient has 5 = 2.5 * sqrt(4)
    CHECK(distance({0, 3 + 2.5e-6f, 0, 4}, right) == doctest::Approx(5e-7).epsilon(0.1)); // elsewhere by all of it
    CHECK(distance({2.5e-6f, 3, 2.5e-6f, 4}, right) ==
          doctest::Approx(1e-6)); // and not together, but for the sum of all
    CHECK(distance({2.5f, 3, 0, 4}, right) == doctest::Approx(1));
    CHECK(std::isinf(distance({0, 1e-30f}, {0, 0})));
    CHECK(distance({0, 0}, {0, 0}) == 0);
}

TEST_CASE("exhibit: its hash depends on every row, branch, float and place") {
    worked_step const s;
    auto const base = s.rows(0);
    auto const differs = [&](auto change) {
        auto other = base;
        change(other);
        return hash_of(other) != hash_of(base);
    };
    CHECK(differs([](exhibit& e) { e.rows.pop_back(); }));
    CHECK(differs([](exhibit& e) { std::swap(e.rows[0], e.rows[1]); }));
    CHECK(differs([](exhibit& e) { e.rows[0].branch[0].bytes[0] ^= std::byte{1}; }));
    CHECK(differs([](exhibit& e) { e.rows[0].branch.pop_back(); }));
    CHECK(differs([](exhibit& e) { e.rows[3].values.edit([](std::vector<float>& own) { own[7] = -own[7]; }); }));
    CHECK(differs([](exhibit& e) { e.rows[0].sender = peer_id{9}; }));
    CHECK(hash_of(decode<exhibit>(encode(base)).value()) == hash_of(base));
}

} // namespace tribunal_tests
