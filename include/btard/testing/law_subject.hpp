// btard/testing/law_subject.hpp: a rule and a backend, as the laws of aggregators see them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/random.hpp>
#include <btard/testing/plain_rows.hpp>
#include <btard/testing/true_residual.hpp>

#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace btard::testing {

/// Backends that must give the same bits as this one.
template <class B>
[[nodiscard]] std::vector<B> same_bits_as(B const& on) {
    return {on};
}
[[nodiscard]] inline std::vector<host> same_bits_as(host const&) {
    std::vector<host> all;
    for (std::size_t const threads : {1u, 2u, 3u, 8u})
        for (auto const set : {instruction_set::baseline, instruction_set::avx2, instruction_set::avx512})
            if (supported(set)) all.push_back({threads, set});
    return all;
}

/// A rule and a backend, seen by laws that are compiled once for all of them.
class law_subject {
public:
    enum class which { itself, without_one, doubled };
    struct outcome {
        std::vector<float> v;
        aggregation_report report;
    };
    struct samples { // rows of one length, and all else that a rule sees
        std::vector<std::vector<float>> x;
        std::vector<double> w = std::vector<double>(x.size(), 1.0);
        std::vector<float> given = std::vector<float>(x.front().size());
    };

    virtual ~law_subject() = default;
    virtual std::size_t variants() const = 0; ///< backends with the same bits; 0 is the one in question
    virtual outcome run(samples const&, which = which::itself, std::size_t variant = 0) const = 0;
    virtual std::optional<std::vector<double>> run_in_double(samples const&) const = 0;
    virtual std::optional<true_residual> residual(samples const&, std::vector<float> const& v) const = 0;
    virtual bool orders_columns() const = 0; ///< a coordinate rule: sorted values do not know whose they were
    virtual bool reads_given() const = 0;
    virtual float stored(float value) const = 0; ///< as the type of the rows holds it
    virtual float largest() const = 0;           ///< of that type
};

/// T: what the rows are made of.
template <class B, class A, class T = float>
class law_subject_of final : public law_subject {
public:
    law_subject_of(B const& on, A const& rule, std::optional<A> const& doubled)
        : on_(on), same_(same_bits_as(on)), rule_(rule), fewer_(without_rows(rule, 1)),
          doubled_(doubled ? *doubled : rule) {}

    std::size_t variants() const override { return 1 + same_.size(); }

    outcome run(samples const& from, which w, std::size_t variant) const override {
        std::size_t const d = from.given.size();
        std::vector<std::vector<T>> copies;
        std::vector<T const*> table;
        for (auto const& row : from.x) {
            if constexpr (std::same_as<T, float>) table.push_back(row.data()); // the rows themselves
            else table.push_back(copies.emplace_back(converted(row)).data());
        }
        auto out = converted(from.given);
        out.push_back(T(77)); // beyond the end
        outcome result;
        result.report = aggregate(variant == 0 ? on_ : same_[variant - 1],
                                  w == which::doubled       ? doubled_
                                  : w == which::without_one ? fewer_
                                                            : rule_,
                                  matrix_view<T const>(std::span<T const* const>(table), d),
                                  std::span<double const>(from.w), std::span(out).first(d), seed{7, 7});
        result.v.assign(out.begin(), out.end());
        return result;
    }
    std::optional<std::vector<double>> run_in_double(samples const& from) const override {
        if constexpr (aggregator<A, double> && backend<B, double>) {
            std::vector<double> flat, out(from.given.begin(), from.given.end());
            for (auto const& row : from.x) flat.insert(flat.end(), row.begin(), row.end());
            aggregate(on_, rule_, matrix_view<double const>(flat.data(), from.x.size(), out.size()),
                      std::span<double const>(from.w), std::span<double>(out), seed{7, 7});
            return out;
        }
        return {};
    }
    std::optional<true_residual> residual(samples const& of, std::vector<float> const& v) const override {
        if constexpr (verifiable_aggregator<A>) {
            plain_rows rows{{}, of.w};
            for (auto const& row : of.x) rows.x.emplace_back(row.begin(), row.end());
            return true_residual(rule_, rows, std::vector<long double>(v.begin(), v.end()));
        }
        return {};
    }
    bool orders_columns() const override { return coordinate_rule<A> && !coefficient_rule<A>; }
    bool reads_given() const override {
        if constexpr (coefficient_rule<A>) return start_point(rule_.start()) == start_point::given;
        else return false;
    }

    float stored(float value) const override { return static_cast<float>(T(value)); }
    float largest() const override { return static_cast<float>(std::numeric_limits<T>::max()); }

private:
    static std::vector<T> converted(std::vector<float> const& values) {
        std::vector<T> result;
        for (float const value : values) result.push_back(T(value));
        return result;
    }

    B on_;
    std::vector<B> same_;
    A rule_, fewer_, doubled_;
};

} // namespace btard::testing
