// btard/protocol/step/tribunal.hpp: what evidence shows: pure functions of bytes, the same for everybody who has them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/backend.hpp>
#include <btard/aggregate/concept.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/partition.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/step/testimony.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/train/learnable.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace btard {

/// The rows that an accusation rests on.
using exhibit = wire::evidence;

[[nodiscard]] inline digest hash_of(exhibit const& shown) {
    sha256 hash;
    for (auto const& row : shown.rows) {
        hash.update(tagged_hash("row", row.step, row.sender, row.part, row.branch.size(), row.values.size()).bytes);
        for (auto const& neighbour : row.branch) hash.update(neighbour.bytes);
        hash.update(row.values);
    }
    return hash.finish();
}

/// What everybody computes alike: the rule, on a backend whose bits the fingerprint in the handshake has compared.
template <class B, verifiable_aggregator A>
struct court {
    B on;
    A rule; ///< starts from the last aggregate that stood: `start_point::given` where it has a start
    std::size_t size; ///< of the gradient
    std::vector<tensor_layout> layout = {}; ///< its tensors; empty: one
    /// T: how far, relative to each tensor, two honest gradients can be apart.  0: not at all.  An accusation is raised
    /// above 2 T, and every member votes by T, so that none is raised whose vote could go either way.
    double tolerance = 0;

    [[nodiscard]] partition cut(step_record const& step) const {
        return {size, std::max<std::size_t>(1, step.parts().size())};
    }

    /// The rule, on the rows of a part in the order of the roster.
    ///
    /// @param rows (rows of the part) each of the part's length
    /// @param v0   the slice of the last aggregate that stood
    [[nodiscard]] std::vector<float> make_part(step_record const& step, part_id part,
                                               std::span<float const* const> rows, std::span<float const> v0,
                                               aggregation_report* report = nullptr) const {
        std::vector<float> out(v0.begin(), v0.end());
        std::vector<double> weights;
        auto const& used = step.parts()[static_cast<std::size_t>(part)].rows;
        for (std::size_t k = 0; k < step.n(); ++k)
            if (used.contains(k)) weights.push_back(step.weight(peer_id(k)));
        expects(rows.size() == weights.size(), rows.size(), " rows for a part made of ", weights.size());
        if (rows.empty()) return std::vector<float>(v0.size());
        auto const made = aggregate(on, rule, matrix_view<float const>(rows, v0.size()),
                                    std::span<double const>(weights), std::span<float>(out));
        if (report) *report = made;
        return out;
    }

    /// The two numbers that belong to a row.
    ///
    /// @param norm_of_z not null: gets |z| of the part
    [[nodiscard]] testimony right_testimony(step_record const& step, part_id part, std::span<float const> row,
                                            std::span<float const> aggregate, double* norm_of_z = nullptr) const {
        matrix_view<float const> const alone(row.data(), 1, row.size());
        return testify(on, rule, alone, aggregate, z_of(step, part), norm_of_z).front();
    }
    [[nodiscard]] directions z_of(step_record const& step, part_id part) const {
        auto z = step.z();
        z.offset += cut(step).begin(part);
        return z;
    }

    /// The row is what the sender has committed to, and holds what no gradient does.
    [[nodiscard]] bool shows_shape(step_record const& step, exhibit const& shown, peer_id target,
                                   part_id part) const {
        return has_row(step, shown, target, part, arrival::malformed);
    }
    /// The row is what the sender has committed to, and its testimony does not follow from it.
    [[nodiscard]] bool shows_false_testimony(step_record const& step, exhibit const& shown, peer_id target,
                                             part_id part, std::span<float const> aggregate,
                                             testimony const& said) const {
        return has_row(step, shown, target, part, arrival::good) &&
               right_testimony(step, part, shown.rows.front().values, aggregate) != said;
    }
    /// The rows are all that the part is made of, and the aggregate does not follow from them.
    [[nodiscard]] bool shows_wrong_result(step_record const& step, exhibit const& shown, part_id part,
                                          std::span<float const> v0) const {
        auto const& of = step.parts()[static_cast<std::size_t>(part)];
        if (!of.aggregate) return false;
        std::vector<float const*> rows;
        std::size_t next = 0;
        for (std::size_t k = 0; k < step.n(); ++k) {
            if (!of.rows.contains(k)) continue;
            if (next == shown.rows.size() || !is_row(step, shown.rows[next], peer_id(k), part, arrival::good))
                return false;
            rows.push_back(shown.rows[next++].values.data());
        }
        return next == shown.rows.size() && hash_of(make_part(step, part, rows, v0)) != *of.aggregate;
    }

private:
    [[nodiscard]] bool is_row(step_record const& step, wire::row const& row, peer_id sender, part_id part,
                              arrival as) const {
        return row.step == step.step() && row.sender == sender && row.part == part &&
               step.committed().contains(static_cast<std::size_t>(sender)) &&
               examine(row, step.root(sender), cut(step)) == as;
    }
    [[nodiscard]] bool has_row(step_record const& step, exhibit const& shown, peer_id target, part_id part,
                               arrival as) const {
        return shown.rows.size() == 1 && is_row(step, shown.rows.front(), target, part, as);
    }
};

} // namespace btard
