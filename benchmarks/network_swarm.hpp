// benchmarks/network_swarm.hpp: one process of a swarm over TCP, and an all-reduce of them that nobody checks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network_processes.hpp"

#include <btard/aggregate/aggregate.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/aggregate/mean.hpp>
#include <btard/core/partition.hpp>
#include <btard/core/shared_floats.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/node/outbox.hpp>
#include <btard/node/run_node.hpp>
#include <btard/protocol/wire/tagged_hash.hpp>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace btard::benchmark {

/// What all processes of a swarm know.
struct swarm_plan {
    link_kind link = link_kind::tls;
    std::size_t size = 0;     ///< d
    std::size_t settling = 2; ///< steps that do not count
    std::size_t steps = 3;    ///< that do
    shared_floats noise = {}; ///< gradients are slices of it, so no processor computes them
    std::chrono::milliseconds gradient{
        0};                  ///< that a device takes for one, while processors are free for the protocol
    bool overlapped = false; ///< it begins with the next one while a step is judged

    [[nodiscard]] shared_floats gradient_of(std::size_t of) const { return noise.slice(64 * of, size); }
    [[nodiscard]] static std::size_t noise_size(std::size_t size, std::size_t count) {
        return size + 64 * count;
    }
};

inline std::vector<identity> keys_of(std::size_t count) {
    std::vector<identity> all;
    for (std::size_t k = 0; k < count; ++k)
        all.push_back(identity::from_seed(tagged_hash("network benchmark", std::uint64_t{k}).bytes));
    return all;
}

/// Links with all others; then steps, one after the other; then it waits until the others are through, too.
class bench_node : public run_node {
public:
    bench_node(asio::io_context& io, child& self, swarm_plan plan, std::vector<identity> const& keys)
        : run_node(io, keys[self.number()], run_role::trainer, setup_of(plan)), self_(self),
          plan_(std::move(plan)), keys_(keys), line_(io, self.line()),
          out_(io, [this](public_key const& to, std::size_t channel, shared_frame const& frame) {
              expects(net().post(to, channel, frame) == posted::queued, "a queue is full");
          }) {
        auto const ports = self_.exchange(net().port());
        for (std::size_t k = 0; k < ports.size(); ++k) {
            if (k < self_.number()) net().reach(keys_[k].key(), "127.0.0.1", std::uint16_t(ports[k]));
            if (k > self_.number()) net().expect(keys_[k].key());
        }
    }
    [[nodiscard]] markers const& made() const { return made_; }
    static constexpr std::size_t exchanges = 3;

protected:
    virtual void begin_step() = 0;

    void step_is_over() {
        ++step_;
        if (step_ >= plan_.settling) {
            auto const counts = net().counts();
            made_.push_back({.sent = counts.sent_bytes, .received = counts.received_bytes});
        }
        if (step_ < plan_.settling + plan_.steps) return begin_step();
        ending_ = true; // the others close their links when all are here, and may be sooner
        when_all_are_here([this] {
            (void)line_.release();
            stop_net();
        });
    }
    [[nodiscard]] std::size_t number_of(public_key const& key) const {
        return std::size_t(std::ranges::find(keys_, key, &identity::key) - keys_.begin());
    }

    child& self_;
    swarm_plan plan_;
    std::vector<identity> const& keys_;
    std::size_t step_ = 0;
    bool begun_ = false;

private:
    static node_setup setup_of(swarm_plan const& plan) {
        node_setup made;
        made.net.host = "127.0.0.1";
        made.net.options.link = plan.link;
        made.net.options.handshake = made.net.options.silence = 120'000;
        return made;
    }
    [[nodiscard]] bool concerns(public_key const&) const override { return true; }
    [[nodiscard]] std::uint64_t most_from(public_key const&, std::size_t channel) const override {
        return most_of(channel, plan_.size);
    }
    void on_run_message(public_key const&, wire::run_message&, time_point) override {}
    void on_greeted(public_key const&, acquaintance const&) override {
        if (++greeted_ + 1 < keys_.size()) return;
        when_all_are_here([this] {
            begun_ = true;
            begin_step();
        });
    }
    /// Links go on meanwhile: others may still wait for what this process has to send.
    template <class F>
    void when_all_are_here(F&& then) {
        self_.tell(0);
        line_.async_wait(asio::posix::stream_descriptor::wait_read, [this, then](std::error_code) {
            (void)self_.hear();
            then();
        });
    }
    void on_link_lost(public_key const&, time_point) override { expects(ending_, "a link was lost"); }

    asio::posix::stream_descriptor line_;
    std::size_t greeted_ = 0;
    markers made_;

protected:
    outbox out_;
};

/// A butterfly all-reduce over the same links: the owner of a part sends everybody the mean of its rows.
class plain_node final : public bench_node {
public:
    plain_node(asio::io_context& io, child& self, swarm_plan const& plan, std::vector<identity> const& keys)
        : bench_node(io, self, plan, keys), cut_(plan.size, keys.size()), made_of_(plan.size) {}

private:
    struct round {
        std::vector<shared_floats> rows, parts;
        std::size_t missing_rows, missing_parts;
    };
    void begin_step() override {
        auto const own = plan_.gradient_of(self_.number());
        for (std::size_t k = 0; k < keys_.size(); ++k) {
            part_id const part{std::uint32_t(k)};
            auto const slice = own.slice(cut_.begin(part), cut_.size(part));
            if (k == self_.number()) take_row(step_, k, slice);
            else
                out_.send(keys_[k].key(),
                          wire::row{step_, peer_id(std::uint32_t(self_.number())), part, {}, slice});
        }
    }
    void on_protocol_message(public_key const& from, wire::message const& message, time_point) override {
        if (auto const* const row = std::get_if<wire::row>(&message))
            take_row(row->step, number_of(from), row->values);
        if (auto const* const part = std::get_if<wire::aggregate>(&message))
            take_part(part->step, std::size_t(part->part), part->values);
    }
    round& at(std::uint64_t step) {
        std::size_t const n = keys_.size();
        return rounds_
            .try_emplace(step, round{std::vector<shared_floats>(n), std::vector<shared_floats>(n), n, n})
            .first->second;
    }
    void take_row(std::uint64_t step, std::size_t from, shared_floats values) {
        auto& now = at(step);
        now.rows[from] = std::move(values);
        if (--now.missing_rows > 0) return;
        std::size_t const n = keys_.size(), length = now.rows.front().size();
        std::vector<float const*> rows;
        for (auto const& one : now.rows) rows.push_back(one.data());
        std::vector<float> out(length);
        std::vector<double> const weights(n, 1.0);
        matrix_view<float const> const view(std::span<float const* const>(rows), length);
        (void)aggregate(host{.threads = 1}, mean{}, view, std::span<double const>(weights),
                        std::span<float>(out));
        now.rows.clear();
        shared_floats const part(std::move(out));
        std::vector<public_key> to;
        for (auto const& one : keys_)
            if (one.key() != self()) to.push_back(one.key());
        out_.send(to, wire::aggregate{step, part_id{std::uint32_t(self_.number())}, part});
        take_part(step, self_.number(), part);
    }
    void take_part(std::uint64_t step, std::size_t part, shared_floats values) {
        auto& now = at(step);
        std::ranges::copy(values, cut_.slice(std::span(made_of_), part_id{std::uint32_t(part)}).begin());
        if (--now.missing_parts > 0) return;
        rounds_.erase(step);
        step_is_over();
    }

    partition cut_;
    std::vector<float> made_of_;
    std::map<std::uint64_t, round> rounds_;
};

/// One of the processes.
template <class Node>
markers swarm_steps(child& self, swarm_plan const& plan) {
    auto const keys = keys_of(self.count());
    asio::io_context io;
    Node node(io, self, plan, keys);
    io.run();
    return node.made();
}

} // namespace btard::benchmark
