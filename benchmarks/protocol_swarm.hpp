// benchmarks/protocol_swarm.hpp: honest peers on a network in memory, and what they cost.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>
#include <btard/transport/loopback.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace btard::benchmark {

using key_of_peer = testing::counting_signer;
using bench_peer = peer<key_of_peer, host, centered_clip>;
constexpr std::size_t phases = enum_count(phase{});

/// Of this thread: a machine that is busy with other things does not change it.
inline double cpu_seconds() {
    std::timespec at{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return double(at.tv_sec) + 1e-9 * double(at.tv_nsec);
}
template <class F>
double timed(F&& work) {
    double const begun = cpu_seconds();
    work();
    return cpu_seconds() - begun;
}

/// Numbers in [-1, 1) that follow from a seed, at a memory copy's price.
inline std::vector<float> cheap_gradient(std::size_t size, seed from) {
    std::vector<float> values(size);
    std::uint64_t state = from.key ^ from.stream;
    for (float& x : values) {
        state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
        x = float(std::int32_t(state >> 32)) * 0x1p-31f;
    }
    return values;
}

inline std::size_t floats_of(wire::message const& message) {
    if (auto const* row = std::get_if<wire::row>(&message)) return row->values.size();
    if (auto const* made = std::get_if<wire::aggregate>(&message)) return made->values.size();
    return 0;
}
/// All bytes of the frame but those of floats.
inline std::size_t small_bytes(wire::message const& message) {
    return encode_frame(message).size() - 4 * floats_of(message);
}

inline std::string kind_of(wire::message const& message) {
    constexpr std::array<char const*, 15> names = {"body",          "digest",              "list",    "question",
                                                   "certificate",   "relayed body",        "relayed certificate",
                                                   "outcome",       "row: header, branch", "aggregate: header",
                                                   "wanted: question", "evidence",            "join",
                                                   "trial",         "introduction"};
    static_assert(names.size() == std::variant_size_v<wire::message>);
    auto const* body = std::get_if<wire::signed_body>(&message);
    if (body == nullptr) return names[message.index()];
    return "body of " + std::string(enum_names(phase{})[body->at.phase]);
}

/// Seconds of one signature made, and of one checked.
inline std::pair<double, double> ed25519() {
    auto const key = identity::from_seed(tagged_hash("benchmark").bytes);
    std::vector<std::byte> const text(116, std::byte{1});
    signature by{};
    double const made = timed([&] { for (int k = 0; k < 200; ++k) by = key.sign(text); });
    bool good = true;
    double const checked = timed([&] { for (int k = 0; k < 200; ++k) good &= key.verify(key.key(), text, by); });
    expects(good, "a bad signature");
    return {made / 200, checked / 200};
}

/// Where gradients come from: from nowhere.
struct random_numbers {
    std::size_t size;

    [[nodiscard]] std::vector<float> gradient(seed from, bool) const { return cheap_gradient(size, from); }
    void apply(std::span<float const>) {}
};
/// From a bowl whose bottom the swarm rolls to.
struct bowl {
    explicit bowl(std::size_t dimension) : size(dimension), task{.dimension = dimension}, now(dimension) {
        task.initialize({1, 1}, now);
        before = now;
    }
    [[nodiscard]] std::vector<float> gradient(seed from, bool of_before) const {
        std::vector<float> made(size);
        (void)task.gradient(of_before ? before : now, from, {}, made);
        return made;
    }
    void apply(std::span<float const> aggregate) {
        before = now;
        for (std::size_t k = 0; k < size; ++k) now[k] -= 0.1f * aggregate[k];
    }

    std::size_t size;
    quadratic task;
    std::vector<float> now, before;
};

/// Honest peers, and what they cost.
template <class Task>
class bench_swarm {
public:
    bench_swarm(std::size_t n, Task task, bool counts_bytes) : task_(std::move(task)), counts_bytes_(counts_bytes) {
        std::size_t const size = task_.size;
        peer_setup setup{.rules = {.faults = (n - 2) / 2, .state_every = 1'000'000}};
        auto const count = std::make_shared<testing::signature_count>();
        for (std::size_t k = 0; k < n; ++k) {
            keys_.emplace_back(k, count);
            setup.members.push_back({keys_[k].key(), {}});
            numbers_.emplace(keys_[k].key(), k);
            net_.add(keys_[k].key());
        }
        double const radius = std::sqrt(double(size) / double(n)); // about as long as a part
        for (std::size_t k = 0; k < n; ++k) {
            setup.self = keys_[k].key();
            setup.secret = tagged_hash("secret", k);
            court<host, centered_clip> const bench{
                {.threads = 1}, {.tau = radius, .start_at = start_point::given}, size};
            peers_.push_back(std::make_unique<bench_peer>(keys_[k], setup, bench));
        }
        done_.assign(n, false);
    }
    void step() {
        done_.assign(done_.size(), false);
        ++steps_;
        for (std::size_t k = 0; k < peers_.size(); ++k) {
            in(k, [&](bench_peer& one) { one.begin_step(net_.now()); });
            drain(k);
        }
        serve();
        while (std::ranges::find(done_, false) != done_.end()) {
            expects(net_.run_next(*this), "nothing happens any more");
            serve();
        }
    }
    void forget_costs() {
        spent_ = {};
        bytes_.clear();
        messages_ = 0;
        first_ = keys_.front().count();
    }

    [[nodiscard]] std::array<double, phases> const& spent() const { return spent_; } ///< seconds, of all peers
    [[nodiscard]] double all_spent() const {
        double sum = 0;
        for (double const one : spent_) sum += one;
        return sum;
    }
    [[nodiscard]] std::map<std::string, double> const& bytes() const { return bytes_; } ///< received by all peers
    [[nodiscard]] std::size_t messages() const { return messages_; }
    [[nodiscard]] run_rules const& rules() const { return peers_.front()->rules(); }
    [[nodiscard]] double signatures_made() const { return double(keys_.front().count().made - first_.made); }
    [[nodiscard]] double signatures_checked() const { return double(keys_.front().count().checked - first_.checked); }
    /// @param one see `ed25519`
    [[nodiscard]] double ed25519_seconds(std::pair<double, double> one) const {
        return signatures_made() * one.first + signatures_checked() * one.second;
    }

    void on_frame(endpoint_id to, endpoint_id from, std::shared_ptr<wire::message const> message, time_point now) {
        auto const k = std::size_t(to);
        in(k, [&](bench_peer& one) { one.handle_message(keys_[std::size_t(from)].key(), *message, now); });
        drain(k);
    }
    void on_timer(endpoint_id who, time_point now) {
        in(std::size_t(who), [&](bench_peer& one) { one.handle_timeout(now); });
        drain(std::size_t(who));
    }

private:
    void in(std::size_t k, auto&& work) {
        auto const at = std::size_t(peers_[k]->where());
        spent_[at] += timed([&] { work(*peers_[k]); });
    }
    void drain(std::size_t k) {
        while (auto action = peers_[k]->poll_action()) std::visit([&](auto& one) { carry_out(k, one); }, *action);
        if (auto const at = peers_[k]->poll_deadline()) net_.wake_at(endpoint_id(k), *at);
    }
    void post(std::size_t k, std::span<public_key const> to, wire::message message) {
        if (counts_bytes_) bytes_[kind_of(message)] += double(small_bytes(message)) * double(to.size());
        messages_ += to.size();
        auto const shared = std::make_shared<wire::message const>(std::move(message));
        for (auto const& one : to) net_.post(endpoint_id(k), endpoint_id(numbers_.at(one)), shared);
    }
    void carry_out(std::size_t k, act::send& one) { post(k, {&one.to, 1}, std::move(one.message)); }
    void carry_out(std::size_t k, act::broadcast& one) { post(k, one.to, std::move(one.message)); }
    void carry_out(std::size_t k, act::compute& one) { asked_.emplace_back(k, one); }
    void carry_out(std::size_t k, act::apply& one) {
        done_[k] = true;
        if (std::ranges::find(done_, false) == done_.end()) task_.apply(one.aggregate);
    }
    void carry_out(std::size_t, act::removed&) { expects(false, "an honest peer was removed"); }
    void carry_out(std::size_t, act::paused&) { expects(false, "an honest swarm paused"); }
    void carry_out(std::size_t, act::diverged&) {}
    void serve() {
        while (!asked_.empty()) {
            for (auto const& request : std::exchange(asked_, {})) {
                std::size_t const k = request.first;
                auto const& what = request.second;
                auto gradient = task_.gradient(what.from, what.step + 1 < steps_);
                in(k, [&](bench_peer& one) {
                    one.handle_gradient(what.step, what.whose, std::move(gradient), 1, net_.now());
                });
                drain(k);
            }
        }
    }

    Task task_;
    bool counts_bytes_;
    std::size_t steps_ = 0;
    std::vector<key_of_peer> keys_;
    std::map<public_key, std::size_t> numbers_;
    loopback<wire::message> net_;
    std::vector<std::unique_ptr<bench_peer>> peers_;
    std::vector<std::pair<std::size_t, act::compute>> asked_;
    std::vector<bool> done_;
    std::array<double, phases> spent_{};
    std::map<std::string, double> bytes_;
    std::size_t messages_ = 0;
    testing::signature_count first_{};
};

} // namespace btard::benchmark
