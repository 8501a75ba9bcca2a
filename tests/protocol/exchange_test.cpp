// SPDX-License-Identifier: Apache-2.0
// One member of five in a step whose COMMIT and RESULT are known; rows and aggregates come to it from the others.
#include <btard/protocol/exchange.hpp>
#include <btard/protocol/pull_list.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;

namespace exchange_tests { // other tests of its batch have helpers of the same names

namespace {

constexpr std::size_t n = 5, size = 23;
constexpr peer_id me{0}, p1{1}, p2{2}, p3{3}, p4{4};
constexpr time_point start{};

public_key key_of(std::size_t k) { return {tagged_hash("key", k).bytes}; }
std::vector<log_member> members() {
    std::vector<log_member> all;
    for (std::size_t k = 0; k < n; ++k) all.push_back({key_of(k), {}});
    return all;
}
template <class Body>
log_entry<Body> said(Body body) {
    return {log_entry<Body>::kind::present, std::move(body)};
}

/// Part j belongs to member j.  Member 4 has committed to a value that no gradient has, in its part 0.
struct desk {
    run_rules rules;
    step_context context{{}, 0, 0, members(), {}, tagged_hash("before")};
    step_state in{context, std::make_shared<roster const>(members()), me, rules, std::vector<float>(size)};
    std::vector<std::vector<float>> gradients;
    std::vector<commitment> trees;
    exchange with{size};

    desk() {
        partition const cut(size, n);
        for (std::size_t k = 0; k < n; ++k) {
            auto& g = gradients.emplace_back(size);
            for (std::size_t i = 0; i < size; ++i) g[i] = float(k + 1) + float(i) / 32;
            if (k == 4) g[1] = std::numeric_limits<float>::infinity();
            trees.emplace_back(g, cut);
        }
        in.commit_to(gradients[0], 1);
    }
    void read_commit() {
        agreed_log<wire::commit> log(n, said(wire::commit{.context = hash_of(context), .microbatches = 1}));
        for (std::size_t k = 0; k < n; ++k) log[k].body.root = trees[k].root();
        REQUIRE(in.record.read(log).empty());
        in.end_commit();
    }
    /// Every owner gives as aggregate its own row.
    void read_result() {
        agreed_log<wire::result> log(n, said(wire::result{}));
        for (std::size_t k = 0; k < n; ++k) log[k].body.parts = {{part_id(k), hash_of(slice(k, k))}};
        REQUIRE(in.record.read(log).empty());
        in.resulted = true;
    }
    std::span<float const> slice(std::size_t sender, std::size_t part) const {
        return partition(size, n).slice(std::span<float const>(gradients[sender]), part_id(part));
    }
    wire::row row(std::size_t sender, std::size_t part) const {
        auto const values = slice(sender, part);
        return {0,
                peer_id(sender),
                part_id(part),
                trees[sender].branch(part_id(part)),
                {values.begin(), values.end()}};
    }
    wire::aggregate aggregate(std::size_t part) const {
        auto const values = slice(part, part);
        return {0, part_id(part), {values.begin(), values.end()}};
    }
    void want_rows() {
        for (auto const& one : rows_to_aggregate(in)) with.want(one, in, start + 1s);
    }
    void want_aggregates() {
        for (auto const& one : aggregates_of(in, false)) with.want(one, in, start + 1s);
    }
    /// What waits, as it is handed on.
    std::size_t retry() {
        std::size_t count = 0;
        with.retry([&](public_key const& from, wire::message const& message) {
            ++count;
            std::visit(
                [&](auto const& m) {
                    if constexpr (requires { with.take(in, from, m); }) (void)with.take(in, from, m);
                },
                message);
        });
        return count;
    }
    std::vector<std::pair<public_key, wire::wanted>> asked(time_point now) {
        std::vector<std::pair<public_key, wire::wanted>> all;
        with.handle_timeout(
            now, 2s, [&](public_key const& whom, wire::wanted const& what) { all.emplace_back(whom, what); });
        return all;
    }
};

} // namespace

TEST_CASE("exchange: takes the rows that it wants, once, from whoever has them") {
    desk d;
    d.read_commit();
    d.want_rows();
    CHECK(d.with.take(d.in, key_of(1), d.row(1, 0)));
    CHECK(d.in.has_row(part_id{0}, p1));
    CHECK(!d.with.take(d.in, key_of(1), d.row(1, 0)));  // known
    CHECK(d.with.take(d.in, key_of(3), d.row(2, 0)));   // carried
    CHECK(!d.with.take(d.in, key_of(1), d.row(1, 2)));  // of somebody else's part
    CHECK(!d.in.has_row(part_id{2}, p1));
    CHECK(d.in.row(part_id{0}, p2) == d.row(2, 0));
}

TEST_CASE("exchange: what is not what its sender has committed to did not arrive, and is still wanted") {
    desk d;
    d.read_commit();
    d.want_rows();
    auto other = d.row(1, 0);
    other.values.edit([](std::vector<float>& own) { own[2] += 1; });
    CHECK(!d.with.take(d.in, key_of(1), other));
    other = d.row(1, 0);
    other.branch[0].bytes[3] ^= std::byte{1};
    CHECK(!d.with.take(d.in, key_of(1), other));
    other = d.row(1, 0);
    other.branch.clear();
    CHECK(!d.with.take(d.in, key_of(1), other));
    other = d.row(1, 0);
    other.sender = p2; // somebody else's name on it
    CHECK(!d.with.take(d.in, key_of(1), other));
    other = d.row(1, 1);
    other.part = part_id{0};
    CHECK(!d.with.take(d.in, key_of(1), other));
    other = d.row(1, 0);
    other.sender = peer_id{77};
    CHECK(!d.with.take(d.in, key_of(1), other));
    other = d.row(1, 0);
    other.part = part_id{77};
    CHECK(!d.with.take(d.in, key_of(1), other));
    CHECK(!d.in.has_row(part_id{0}, p1));
    CHECK(d.in.malformed.empty());
    CHECK(d.with.take(d.in, key_of(1), d.row(1, 0)));
}

TEST_CASE("exchange: a row that is committed to and is no gradient is kept as evidence") {
    desk d;
    d.read_commit();
    d.want_rows();
    CHECK(d.with.take(d.in, key_of(4), d.row(4, 0)));
    CHECK(!d.in.has_row(part_id{0}, p4));
    CHECK(d.in.malformed.contains({part_id{0}, p4}));
    auto const needs = rows_to_aggregate(d.in);
    CHECK(needs.size() == n); // the own one is here
    std::size_t here = 0, settled = 0;
    for (auto const& one : needs) here += is_here(one, d.in), settled += is_settled(one, d.in);
    CHECK(here == 1);
    CHECK(settled == 2);
    CHECK(std::holds_alternative<wire::row>(
        exchange::answer(d.in, {0, part_id{0}, p4, {}}).value())); // others see it too
}

TEST_CASE("exchange: aggregates must have the hash that their owner gave, and numbers that a gradient may have") {
    desk d;
    d.read_commit();
    d.read_result();
    d.want_aggregates();
    auto other = d.aggregate(2);
    other.values.edit([](std::vector<float>& own) { own[0] += 1; });
    CHECK(!d.with.take(d.in, key_of(2), other));
    other = d.aggregate(2);
    other.values.edit([](std::vector<float>& own) { own.push_back(0); });
    CHECK(!d.with.take(d.in, key_of(2), other));
    other.values = {};
    CHECK(!d.with.take(d.in, key_of(2), other));
    other = d.aggregate(2);
    other.part = part_id{1};
    CHECK(!d.with.take(d.in, key_of(2), other));
    other.part = part_id{99};
    CHECK(!d.with.take(d.in, key_of(2), other));
    CHECK(d.in.aggregate(part_id{2}).empty());
    CHECK(d.with.take(d.in, key_of(3), d.aggregate(2)));
    CHECK(!d.with.take(d.in, key_of(2), d.aggregate(2)));
    CHECK(d.in.aggregate(part_id{2}).size() == d.aggregate(2).values.size());
}

TEST_CASE("exchange: what comes before its log is there waits, and is taken when it is wanted") {
    desk d;
    CHECK(!d.with.take(d.in, key_of(1), d.row(1, 0)));
    CHECK(!d.with.take(d.in, key_of(2), d.row(2, 3))); // of no interest, but who knows
    CHECK(!d.with.take(d.in, key_of(1), d.aggregate(1)));
    d.read_commit();
    d.want_rows();
    CHECK(d.retry() == 3);
    CHECK(d.in.has_row(part_id{0}, p1));
    CHECK(d.retry() == 2); // the others wait on
    d.read_result();
    d.want_aggregates();
    CHECK(d.retry() == 2);
    CHECK(!d.in.aggregate(part_id{1}).empty());
    d.with.begin_step();
    CHECK(d.retry() == 0);
    CHECK(!d.with.poll_deadline()); // nothing is wanted any more
}

TEST_CASE("exchange: of each sender there wait no more bytes than a gradient has, and a few") {
    constexpr std::size_t room = sizeof(float) * size + 65'536;
    desk d;
    wire::row big{0, p1, part_id{0}, {}, std::vector<float>((room - sizeof(wire::row)) / sizeof(float))};
    CHECK(!d.with.take(d.in, key_of(1), big));
    CHECK(d.retry() == 1);
    CHECK(!d.with.take(d.in, key_of(1), d.row(1, 0))); // no room left
    CHECK(!d.with.take(d.in, key_of(2), d.row(2, 0))); // another sender has its own
    CHECK(d.retry() == 2);
    d.with.begin_step();
    big.values.edit([](std::vector<float>& own) { own.push_back(0); });
    CHECK(!d.with.take(d.in, key_of(1), big));
    CHECK(d.retry() == 0);
    for (int k = 0; k < 10'000; ++k)
        (void)d.with.take(d.in, key_of(1), wire::evidence{}); // empty ones are not for nothing
    CHECK(d.retry() == room / sizeof(wire::evidence));
    d.with.begin_step();
    wire::row const empty{0, p1, part_id{0}, std::vector<digest>(32), {}}; // nor are branches
    for (int k = 0; k < 10'000; ++k)
        (void)d.with.take(d.in, key_of(1), wire::evidence{std::vector<wire::row>(20, empty), 0});
    CHECK(d.retry() <= room / (20 * 32 * sizeof(digest)));
}

TEST_CASE("exchange: evidence has the hash that it was announced with") {
    desk d;
    d.read_commit();
    wire::evidence const shown{{d.row(1, 0)}, 0};
    wire::wanted const name{0, {}, {}, hash_of(shown)};
    CHECK(!d.with.take(d.in, key_of(1), shown));
    CHECK(!exchange::answer(d.in, name));
    d.with.want({name, {p1}}, d.in, start);
    CHECK(d.retry() == 1);
    CHECK(d.in.shown.contains(hash_of(shown)));
    CHECK(std::get<wire::evidence>(exchange::answer(d.in, name).value()) == shown);
    auto other = shown;
    other.rows[0].values.edit([](std::vector<float>& own) { own[0] += 1; });
    CHECK(hash_of(other) != hash_of(shown));
    CHECK(!d.with.take(d.in, key_of(1), other));
}

TEST_CASE("exchange: answers with what is here, and with nothing to what there is not") {
    desk d;
    CHECK(!exchange::answer(d.in, {0, part_id{0}, me, {}})); // before COMMIT there are no parts
    d.read_commit();
    CHECK(std::get<wire::row>(exchange::answer(d.in, {0, part_id{3}, me, {}}).value()) == d.row(0, 3));
    CHECK(!exchange::answer(d.in, {0, part_id{3}, p1, {}}));
    CHECK(!exchange::answer(d.in, {0, part_id{3}, peer_id{99}, {}}));
    CHECK(!exchange::answer(d.in, {0, part_id{99}, me, {}}));
    CHECK(!exchange::answer(d.in, {0, part_id{99}, {}, {}}));
    CHECK(!exchange::answer(d.in, {0, part_id{1}, {}, {}}));
    d.read_result();
    d.want_aggregates();
    CHECK(d.with.take(d.in, key_of(1), d.aggregate(1)));
    CHECK(std::get<wire::aggregate>(exchange::answer(d.in, {0, part_id{1}, {}, {}}).value()) == d.aggregate(1));
    CHECK(!exchange::answer(d.in, {0, {}, {}, tagged_hash("something")}));
}

TEST_CASE("exchange: rows of the own part are asked for of their senders alone") {
    desk d;
    d.read_commit();
    d.want_rows();
    CHECK(d.with.poll_deadline() == start + 1s);
    CHECK(d.asked(start + 999ms).empty());
    auto const first = d.asked(start + 1s);
    CHECK(first.size() == 4); // not the own one
    for (auto const& [whom, what] : first) CHECK(whom == key_of(std::size_t(what.sender.value())));
    CHECK(d.with.poll_deadline() == start + 3s);
    CHECK(d.asked(start + 2s).empty());
    CHECK(d.asked(start + 3s) == first);
    CHECK(d.with.take(d.in, key_of(1), d.row(1, 0)));
    CHECK(d.asked(start + 6s).size() == 3);
}

TEST_CASE("exchange: an aggregate is asked for of its owner first, then of more and more others, never of itself") {
    desk d;
    d.read_commit();
    d.read_result();
    d.with.want({{0, part_id{3}, {}, {}}, {p3}}, d.in, start);
    std::vector<public_key> order;
    for (int k = 0; k < 3; ++k)
        for (auto const& one : d.asked(start + k * 2s)) order.push_back(one.first);
    CHECK(order == std::vector{key_of(3), key_of(1), key_of(2), key_of(4), key_of(3), key_of(1), key_of(2)});
    d.with.want({{0, part_id{3}, {}, {}}, {p2}}, d.in,
                start + 100s); // others have it too, by the log: at once, and of them
    CHECK(d.with.poll_deadline() == start + 6s);
    CHECK(d.asked(start + 6s).at(0).first == key_of(2));
}

TEST_CASE("pull list: what nobody can be asked for never falls due") {
    pull_list list;
    wire::wanted const what{3, part_id{1}, {}, {}};
    list.want(what, {}, start);
    CHECK(list.wants(what));
    CHECK(!list.poll_deadline());
    list.handle_timeout(start + 1h, 1s, [](public_key const&, wire::wanted const&) { FAIL("asked"); });
    list.got(what);
    CHECK(!list.wants(what));
    list.want(what, {key_of(1)}, start + 5s);
    CHECK(list.poll_deadline() == start + 5s);
    list.clear();
    CHECK(!list.wants(what));
}

} // namespace exchange_tests
