// benchmarks/protocol_bench.cpp: what the protocol costs a peer beside its gradient, in time and in bytes.
// SPDX-License-Identifier: Apache-2.0
//
//     protocol_bench time [--peers 16] [--size 11200000] [--steps 2]
//     protocol_bench bytes [--most 128]
//     protocol_bench growth [--most 256]
//
// time    CPU time of one peer in one step, by phase, beside its lower bounds, which are timed in the same run: hashing
//         as many floats, the rule, the testimonies, a pass over memory.  It takes about 40 bytes a coordinate and peer.
// bytes   small messages that one peer receives in one step, by kind, beside what the design allows.
// growth  CPU time of one peer in one step with the number of peers, and a n + b n^2 fitted to it.
//
// The peers are those of the library, on a network in memory; gradients are pseudo-random numbers that cost nothing
// here, and signatures are those of the counting signer: Ed25519 is timed by itself, and multiplied.
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/core/random.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/transport/loopback.hpp>

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace btard;
using key_of_peer = testing::counting_signer;
using bench_peer = peer<key_of_peer, host, centered_clip>;
constexpr std::size_t phases = enum_count(phase{});

/// Of this thread: a machine that is busy with other things does not change it.
double cpu_seconds() {
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
std::vector<float> cheap_gradient(std::size_t size, seed from) {
    std::vector<float> values(size);
    std::uint64_t state = from.key ^ from.stream;
    for (float& x : values) {
        state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
        x = float(std::int32_t(state >> 32)) * 0x1p-31f;
    }
    return values;
}

std::size_t floats_of(wire::message const& message) {
    if (auto const* row = std::get_if<wire::row>(&message)) return row->values.size();
    if (auto const* made = std::get_if<wire::aggregate>(&message)) return made->values.size();
    return 0;
}
/// All bytes of the frame but those of floats.
std::size_t small_bytes(wire::message const& message) { return encode_frame(message).size() - 4 * floats_of(message); }

std::string kind_of(wire::message const& message) {
    constexpr std::array<char const*, 13> names = {"body",          "digest",              "list",    "question",
                                                   "certificate",   "relayed body",        "relayed certificate",
                                                   "outcome",       "row: header, branch", "aggregate: header",
                                                   "wanted: question", "evidence",            "join"};
    static_assert(names.size() == std::variant_size_v<wire::message>);
    auto const* body = std::get_if<wire::signed_body>(&message);
    if (body == nullptr) return names[message.index()];
    return "body of " + std::string(enum_names(phase{})[body->at.phase]);
}

/// Honest peers, and what they cost.
class bench_swarm {
public:
    bench_swarm(std::size_t n, std::size_t size, bool counts_bytes) : size_(size), counts_bytes_(counts_bytes) {
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
            peers_.push_back(std::make_unique<bench_peer>(
                keys_[k], setup, court<host, centered_clip>{{.threads = 1}, {.tau = radius, .start_at = start_point::given}, size}));
        }
        done_.assign(n, false);
    }
    void step() {
        done_.assign(done_.size(), false);
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
    [[nodiscard]] double signatures_made() const { return double(keys_.front().count().made - first_.made); }
    [[nodiscard]] double signatures_checked() const { return double(keys_.front().count().checked - first_.checked); }

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
    void carry_out(std::size_t k, act::apply&) { done_[k] = true; }
    void carry_out(std::size_t, act::removed&) { expects(false, "an honest peer was removed"); }
    void carry_out(std::size_t, act::paused&) { expects(false, "an honest swarm paused"); }
    void carry_out(std::size_t, act::diverged&) {}
    void serve() {
        while (!asked_.empty()) {
            for (auto const& request : std::exchange(asked_, {})) {
                std::size_t const k = request.first;
                auto const& what = request.second;
                auto gradient = cheap_gradient(size_, what.from);
                in(k, [&](bench_peer& one) {
                    one.handle_gradient(what.step, what.whose, std::move(gradient), 1, net_.now());
                });
                drain(k);
            }
        }
    }

    std::size_t size_;
    bool counts_bytes_;
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

/// Seconds of one signature made, and of one checked.
std::pair<double, double> ed25519() {
    auto const key = identity::from_seed(tagged_hash("benchmark").bytes);
    std::vector<std::byte> const text(116, std::byte{1});
    signature by{};
    double const made = timed([&] { for (int k = 0; k < 200; ++k) by = key.sign(text); });
    bool good = true;
    double const checked = timed([&] { for (int k = 0; k < 200; ++k) good &= key.verify(key.key(), text, by); });
    expects(good, "a bad signature");
    return {made / 200, checked / 200};
}

/// What no implementation can do without, for one peer in one step: the fastest of three.
struct bounds {
    double hashing = 0, reading = 0, rule = 0, testifying = 0, norms = 0;
};
bounds bounds_of(std::size_t n, std::size_t size) {
    partition const cut(size, n);
    std::size_t const length = cut.size(part_id(0));
    std::vector<std::vector<float>> rows;
    std::vector<float const*> pointers;
    for (std::size_t k = 0; k < n; ++k) rows.push_back(cheap_gradient(length, {k, 1}));
    for (auto const& row : rows) pointers.push_back(row.data());
    matrix_view<float const> const view(std::span<float const* const>(pointers), length);
    host const on{.threads = 1};
    centered_clip const rule{.tau = std::sqrt(double(length)), .start_at = start_point::given};
    std::vector<double> const weights(n, 1.0);
    std::vector<float> made(length);
    directions const z{{1, 2}, 0};
    bounds best;
    auto const keep = [](double& least, double now) { least = least > 0 ? std::min(least, now) : now; };
    digest all{};
    double sum = 0;
    for (int turn = 0; turn < 3; ++turn) {
        keep(best.hashing, timed([&] { // the own gradient, the rows of the own part, the aggregates
                 for (int of = 0; of < 3; ++of)
                     for (auto const& row : rows) all = hash_of(std::span<float const>(row));
             }));
        keep(best.reading, timed([&] {
                 for (int of = 0; of < 3; ++of)
                     for (auto const& row : rows) {
                         std::array<float, 16> lanes{};
                         for (std::size_t k = 0; k + 16 <= row.size(); k += 16)
                             for (std::size_t l = 0; l < 16; ++l) lanes[l] += row[k + l];
                         sum += lanes[std::size_t(turn)];
                     }
             }));
        std::ranges::fill(made, 0.0f);
        keep(best.rule, timed([&] {
                 (void)aggregate(on, rule, view, std::span<double const>(weights), std::span<float>(made));
             }));
        keep(best.testifying, timed([&] { // about the own row of each part, and of the own part all rows
                 for (auto const& row : rows)
                     sum += testify(on, rule, matrix_view<float const>(row.data(), 1, length), std::span<float const>(made), z)
                                .front()
                                .projection;
                 sum += testify(on, rule, view, std::span<float const>(made), z).front().projection;
             }));
        keep(best.norms, timed([&] { for (std::size_t k = 0; k < n; ++k) sum += norm_of(z, length); }));
    }
    if (sum == 0.12345 && all == digest{}) std::puts(""); // so that nothing of it is left out
    return best;
}

int show_time(std::size_t n, std::size_t size, std::size_t steps) {
    auto const bound = bounds_of(n, size); // before the heap grows
#if defined(__GLIBC__)
    ::mallopt(M_MMAP_THRESHOLD, 1 << 30); // memory stays with the process: no new pages for each row of each step
    ::mallopt(M_TRIM_THRESHOLD, -1);
#endif
    bench_swarm swarm(n, size, false);
    swarm.step(); // the first one has no validators, and touches new memory
    swarm.forget_costs();
    for (std::size_t k = 0; k < steps; ++k) swarm.step();
    double const peers = double(n) * double(steps), total = swarm.all_spent() / peers;
    auto const line = [&](char const* name, double seconds) {
        std::printf("  %-38s %9.2f ms  %5.2f x hashing\n", name, 1e3 * seconds, seconds / bound.hashing);
    };
    std::printf("n = %zu, %zu floats, %zu steps: CPU time of a peer in a step\n", n, size, steps);
    for (std::size_t k = 0; k < phases; ++k)
        if (swarm.spent()[k] > 0) line(std::string(enum_names(phase{})[k]).c_str(), swarm.spent()[k] / peers);
    line("all, without gradient and signatures", total);
    line("SHA-256 of 3 d floats", bound.hashing);
    line("a pass over 3 d floats", bound.reading);
    line("the rule, on the own part", bound.rule);
    line("testimonies: own, and of the own part", bound.testifying);
    line("norms of z", bound.norms);
    double const rest = total - bound.hashing - bound.rule - bound.testifying - bound.norms;
    line("everything else", rest);
    auto const [made, checked] = ed25519();
    line("Ed25519, as many signatures", (swarm.signatures_made() * made + swarm.signatures_checked() * checked) / peers);
    std::printf("  everything else is %.0f %% of the hashing, the target is 25 %%\n", 100 * rest / bound.hashing);
    return 0;
}

/// Small messages that a peer may receive in a step, in bytes.
constexpr std::pair<std::size_t, double> allowed[] = {{16, 26'000}, {32, 61'000}, {64, 156'000}, {128, 450'000}};

int show_bytes(std::size_t most) {
    bool good = true;
    for (std::size_t n = 4; n <= most; n *= 2) {
        bench_swarm swarm(n, 4 * n, true);
        swarm.step();
        swarm.forget_costs();
        std::size_t const steps = n < 64 ? 4 : 1;
        for (std::size_t k = 0; k < steps; ++k) swarm.step();
        double const peers = double(n) * double(steps);
        double all = 0;
        for (auto const& [kind, bytes] : swarm.bytes()) all += bytes / peers;
        auto const limit = std::ranges::find(allowed, n, &std::pair<std::size_t, double>::first);
        std::printf("n = %zu: %.0f small bytes and %.1f messages a peer and step", n, all, double(swarm.messages()) / peers);
        if (limit != std::end(allowed)) {
            std::printf(", at most %.0f: %s", limit->second, all <= limit->second ? "met" : "NOT MET");
            good &= all <= limit->second;
        }
        std::printf("\n");
        for (auto const& [kind, bytes] : swarm.bytes())
            std::printf("  %-22s %9.0f  %4.1f %%\n", kind.c_str(), bytes / peers, 100 * bytes / peers / all);
        std::fflush(stdout);
    }
    return good ? 0 : 1;
}

/// a n + b n^2 with the least sum of squares of relative errors.
struct fit {
    double a = 0, b = 0;
    [[nodiscard]] double at(double n) const { return a * n + b * n * n; }
};
fit fitted(std::vector<std::pair<double, double>> const& points) {
    double xx = 0, xy = 0, yy = 0, xt = 0, yt = 0;
    for (auto const& [n, value] : points) {
        double const x = n / value, y = n * n / value;
        xx += x * x, xy += x * y, yy += y * y, xt += x, yt += y;
    }
    double const det = xx * yy - xy * xy;
    return {(xt * yy - yt * xy) / det, (yt * xx - xt * xy) / det};
}

int show_growth(std::size_t most) {
    std::vector<std::pair<double, double>> times, bytes, checks;
    auto const [made, checked] = ed25519();
    for (std::size_t n = 8; n <= most; n *= 2) {
        bench_swarm swarm(n, 4 * n, false), weighed(n, 4 * n, true);
        swarm.step();
        swarm.forget_costs();
        std::size_t const steps = std::max<std::size_t>(1, 64 / n);
        for (std::size_t k = 0; k < steps; ++k) swarm.step();
        weighed.step();
        double const peers = double(n) * double(steps), x = double(n);
        double all = 0;
        for (auto const& [kind, count] : weighed.bytes()) all += count / x;
        times.emplace_back(x, swarm.all_spent() / peers);
        bytes.emplace_back(x, all);
        checks.emplace_back(x, swarm.signatures_checked() / peers);
        std::printf("n = %4zu: %8.3f ms, %9.0f bytes, %6.0f signatures checked (%.1f ms with Ed25519)\n", n,
                    1e3 * times.back().second, all, checks.back().second,
                    1e3 * (checks.back().second * checked + swarm.signatures_made() / peers * made));
        std::fflush(stdout);
    }
    if (times.size() < 3) return 0;
    auto const time = fitted(times), size = fitted(bytes), signatures = fitted(checks);
    std::printf("fit: %.2f n + %.4f n^2 microseconds, %.0f n + %.2f n^2 bytes, of a peer and step\n", 1e6 * time.a, 1e6 * time.b,
                size.a, size.b);
    for (double const n : {1'024.0, 10'000.0})
        std::printf("  n = %5.0f: %.2f s, %.1f MB, %.2f s of Ed25519\n", n, time.at(n), 1e-6 * size.at(n),
                    signatures.at(n) * checked);
    return 0;
}

int usage() {
    std::fprintf(stderr, "protocol_bench time [--peers N] [--size N] [--steps N] | bytes [--most N] | growth [--most N]\n");
    return 2;
}

} // namespace

int main(int count, char** words) {
    if (count < 2) return usage();
    std::string_view const what = words[1];
    std::map<std::string_view, std::size_t> numbers{{"--peers", 16}, {"--size", 11'200'000}, {"--steps", 2}, {"--most", 0}};
    for (int k = 2; k < count; k += 2) {
        auto const at = numbers.find(words[k]);
        if (at == numbers.end() || k + 1 == count) return usage();
        at->second = std::strtoull(words[k + 1], nullptr, 10);
    }
    auto const most = numbers["--most"];
    try {
        if (what == "time" && numbers["--peers"] >= 4) return show_time(numbers["--peers"], numbers["--size"], numbers["--steps"]);
        if (what == "bytes") return show_bytes(most > 0 ? most : 128);
        if (what == "growth") return show_growth(most > 0 ? most : 256);
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
    return usage();
}
