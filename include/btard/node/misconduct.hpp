// btard/node/misconduct.hpp: what a trainer that attacks does, among others that do not know it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/attack/any_attack.hpp>
#include <btard/attack/concept.hpp>
#include <btard/core/matrix_view.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/node/gradient_thread.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/protocol/conduct.hpp>
#include <btard/protocol/step/roster.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/train/any_learnable.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// Its attack on gradients, and what it does to the protocol.  It knows what is public, which is much: data, seeds and
/// parameters, so the gradients of all honest members too, if it computes them.
template <class Conduct, class Attack = any_attack>
struct misconduct {
    Attack attack = {};
    Conduct conduct = {};
    std::vector<public_key> accomplices = {}; ///< other processes: they cover each other
    coalition with = {};

    misconduct() = default;
    misconduct(Attack on_gradients, Conduct on_protocol, std::vector<public_key> others)
        : attack(std::move(on_gradients)), conduct(std::move(on_protocol)), accomplices(std::move(others)) {}

    [[nodiscard]] bool acts() const {
        bool const honest_gradients = std::holds_alternative<honest>(attack.inner);
        return !honest_gradients || !(conduct == Conduct{}) || !accomplices.empty();
    }
    [[nodiscard]] coalition* coalition_or_null() { return acts() ? &with : nullptr; }

    void join(public_key const& self) {
        with.members = accomplices;
        with.members.push_back(self);
        std::ranges::sort(with.members);
        with.members.erase(std::unique(with.members.begin(), with.members.end()), with.members.end());
        std::vector<std::byte> all;
        for (auto const& one : with.members) all.insert(all.end(), one.bytes.begin(), one.bytes.end());
        with.shared = prg(tagged_hash("attackers", std::span<std::byte const>(all)), "shared");
    }
    /// @throws contract_violation: the attack does not fit the task
    void prepare(any_learnable const& task, std::vector<tensor_layout> tensors) {
        layout = std::move(tensors);
        if (!acts()) return;
        expects(task.labelled() || !acts_on_labels(attack), "the attack changes labels, the task has none");
        check_size(attack, task.size());
        if (sees_honest()) scratch = std::make_unique<any_learnable>(task);
    }
    /// For its own gradient of this step; called on the thread that computes it.
    [[nodiscard]] labels_hook labels(std::size_t step) {
        if (!acts_on_labels(attack)) return {};
        falsify = {this, step};
        return labels_hook(falsify);
    }
    /// Its own gradient becomes what it commits to.
    template <class Plan>
    void corrupt(step_state const& state, gradient_result const& done, Plan const& plan,
                 std::span<float> gradient) {
        auto const honest_rows =
            scratch ? honest_gradients(state, done, plan) : std::vector<std::vector<float>>{};
        std::vector<float const*> rows;
        for (auto const& one : honest_rows) rows.push_back(one.data());
        std::vector<std::size_t> places;
        auto const& roster = state.members->members();
        for (std::size_t k = 0; k < roster.size(); ++k)
            if (with.contains(roster[k].key)) places.push_back(k);
        attack_context at{.step = static_cast<std::size_t>(state.step()),
                          .self = static_cast<std::size_t>(state.self),
                          .accomplices = places,
                          .honest =
                              matrix_view<float const>(std::span<float const* const>(rows), gradient.size()),
                          .shared = with.shared,
                          .layout = layout};
        watch_gradient(attack, at, gradient);
        corrupt_gradient(attack, at, gradient);
    }

private:
    struct falsify_labels {
        misconduct* by = nullptr;
        std::size_t step = 0;
        void operator()(std::span<std::int64_t> labels, std::int64_t classes) const {
            attack_context at{};
            at.step = step;
            at.shared = by->with.shared;
            btard::corrupt_labels(by->attack, at, labels, classes);
        }
    };
    /// The attacks that read the gradients of others; they cost as many gradients as there are members.
    [[nodiscard]] bool sees_honest() const {
        return std::holds_alternative<inner_product>(attack.inner) ||
               std::holds_alternative<little_is_enough>(attack.inner);
    }
    template <class Plan>
    [[nodiscard]] std::vector<std::vector<float>>
    honest_gradients(step_state const& state, gradient_result const& done, Plan const& plan) {
        std::vector<std::vector<float>> all;
        for (peer_id const worker : state.record.workers()) {
            if (with.contains(state.key(worker))) continue;
            gradient_job job = done.job;
            job.from = gradient_seed(state.context.before, state.key(worker));
            job.labels = {};
            (void)accumulated_gradient(*scratch, job, all.emplace_back(gradient_size()));
            shorten(all.back(), plan.clip_gradient);
        }
        return all;
    }
    [[nodiscard]] std::size_t gradient_size() const { return scratch->size(); }

    std::vector<tensor_layout> layout = {};
    std::unique_ptr<any_learnable> scratch = {};
    falsify_labels falsify = {};
};

} // namespace btard
