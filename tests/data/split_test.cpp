// tests/data/split_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/core/policy_text.hpp>
#include <btard/data/split.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

using namespace btard;

namespace {

/// `each` samples of each of so many classes, the classes mixed.
std::vector<std::uint8_t> mixed_labels(std::size_t classes, std::size_t each) {
    std::vector<std::uint8_t> labels;
    for (std::size_t i = 0; i < classes * each; ++i)
        labels.push_back(static_cast<std::uint8_t>(i * 7 % classes));
    return labels;
}

/// Is each sample in one share, and each share ascending and not empty?
bool divides(sample_shares const& shares, std::size_t samples) {
    std::set<std::uint32_t> all;
    std::size_t count = 0;
    for (auto const& share : shares) {
        if (share.empty() || !std::ranges::is_sorted(share)) return false;
        all.insert(share.begin(), share.end());
        count += share.size();
    }
    return all.size() == samples && count == samples && *all.rbegin() + 1 == samples;
}

/// Mean over the classes of the sum over the peers of (their fraction of the class)^2: 1 / peers ... 1.
double concentration(sample_shares const& shares, std::vector<std::uint8_t> const& labels,
                     std::size_t classes) {
    double sum = 0;
    for (std::size_t y = 0; y < classes; ++y) {
        for (auto const& share : shares) {
            double const own =
                double(std::ranges::count_if(share, [&](std::uint32_t i) { return labels[i] == y; }));
            sum += own * own;
        }
    }
    double const each = double(labels.size()) / double(classes);
    return sum / double(classes) / (each * each);
}

} // namespace

TEST_CASE("sample_split: divides the samples, as a function of the seed") {
    auto const labels = mixed_labels(10, 100);
    for (sample_split const& split : {sample_split{dirichlet{}}, sample_split{by_label{}}}) {
        auto const shares = shares_of(split, labels, 7, {1, 2});
        CHECK(shares.size() == 7);
        CHECK(divides(shares, labels.size()));
        CHECK(shares_of(split, labels, 7, {1, 2}) == shares);
        CHECK(shares_of(split, labels, 7, {1, 3}) != shares);
    }
    CHECK(shares_of(all_samples{}, labels, 7, {1, 2}).empty());
    CHECK_THROWS_AS((void)shares_of(by_label{}, labels, 0, {}), contract_violation);
}

TEST_CASE("dirichlet: the shares of a class have the second moment of Dirichlet proportions") {
    auto const labels = mixed_labels(250, 100);
    for (double const alpha : {0.1, 0.5, 2.0}) {
        double const p = 10, e = (alpha + 1) / (p * alpha + 1); // sum over j of E p_j^2
        auto const shares = dirichlet{.alpha = alpha}.shares(labels, 10, {4, 5});
        CHECK(concentration(shares, labels, 250) == doctest::Approx(e + (1 - e) / 100).epsilon(0.06));
    }
    CHECK(concentration(dirichlet{.alpha = 1e9}.shares(labels, 10, {4, 5}), labels, 250) ==
          doctest::Approx(0.1 + 0.9 / 100).epsilon(0.02));
}

TEST_CASE("dirichlet: the same division on every machine") {
    auto const shares = dirichlet{.alpha = 0.3}.shares(mixed_labels(10, 20), 4, {6, 7});
    std::vector<std::size_t> sizes;
    for (auto const& share : shares) sizes.push_back(share.size());
    CHECK(sizes == std::vector<std::size_t>{52, 45, 58, 45});
}

TEST_CASE("dirichlet: a division that cannot succeed is a mistake, with the numbers") {
    CHECK_THROWS_WITH_AS(
        (void)dirichlet{.alpha = 0.01}.shares(mixed_labels(2, 50), 16, {}),
        "with alpha = 0.01 none of 100 divisions of 100 samples gave each of 16 peers one; a larger "
        "alpha would",
        contract_violation);
    CHECK_THROWS_AS(dirichlet{.alpha = 0}.validate(), contract_violation);
}

TEST_CASE("by_label: equal shares, of few labels each") {
    auto const labels = mixed_labels(10, 100);
    auto const shares = by_label{.shards = 2}.shares(labels, 10, {1, 2});
    std::size_t known = 0;
    for (auto const& share : shares) {
        std::set<std::uint8_t> own;
        for (std::uint32_t const i : share) own.insert(labels[i]);
        CHECK(share.size() == 100);
        CHECK(own.size() <= 2);
        known += own.size();
    }
    CHECK(known > 10);
    CHECK(divides(by_label{.shards = 3}.shares(labels, 7, {}), labels.size())); // 21 shards of 1,000 samples
    CHECK_THROWS_WITH_AS((void)by_label{.shards = 2}.shares(labels, 501, {}),
                         "1000 samples make no 2 shards for each of 501 peers", contract_violation);
    CHECK_THROWS_AS(by_label{.shards = 0}.validate(), contract_violation);
}

TEST_CASE("sample_split: is written and read as a text") {
    CHECK(parse<sample_split>("dirichlet{.alpha = 0.1}") == sample_split{dirichlet{.alpha = 0.1}});
    CHECK(parse<sample_split>("by_label") == sample_split{by_label{}});
    CHECK(to_text(sample_split{}) == "all_samples{}");
}
