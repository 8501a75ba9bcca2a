// tests/node/early_step_test.cpp: a run in which gradients are begun early has the bits and the logs of one without.
// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/node/early_step.hpp>
#include <btard/node/run_plan.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/protocol/peer.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using namespace btard;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t size = 40;

/// Shifts the part that it owns, in one step: the sum of the testimonies shows it, and the part falls.
struct shifts_once {
    std::optional<std::uint64_t> in = {};
    template <class P>
    void shape_part(P const& self, part_id, std::vector<float>& aggregate) const {
        if (in == self.state().step()) aggregate[0] += 1;
    }
};
using node_peer = peer<testing::counting_signer, host, centered_clip, shifts_once>;

struct played {
    std::vector<std::vector<model_state>> states = {}; ///< of each member, after each step
    std::vector<std::vector<digest>> logs = {};        ///< hash of all that it would hand on, the same
    std::vector<std::vector<act::removed>> removed = {};
    std::uint64_t begun = 0, right = 0, used = 0; ///< early gradients
    time_point end{};
};

/// Members in memory that do what a trainer does: a state, a thread of gradients, and what is begun early.
class play {
public:
    static constexpr std::chrono::milliseconds link{2}, gradient{9};

    /// @param liar   of a part, in step 4; and of its gradient in each step from 6 on
    play(verify_mode mode, std::uint64_t steps, bool liars) : mode_(mode), steps_(steps) {
        peer_setup setup{.run = tagged_hash("play"), .rules = {.faults = 2, .validators = 1}};
        for (std::size_t k = 0; k < n; ++k) {
            keys_.emplace_back(k);
            setup.members.push_back({keys_[k].key(), {}});
            numbers_.emplace(keys_[k].key(), k);
        }
        std::vector<float> first(size);
        task_.initialize({3, 0}, first);
        for (std::size_t k = 0; k < n; ++k) {
            setup.self = keys_[k].key();
            setup.secret = tagged_hash("secret of a test", k);
            shifts_once does;
            if (liars && k == 1) does.in = 4;
            one& made = members_.emplace_back(one{nullptr, first_state(method_, first), {}, {}, {}, {}});
            made.lies = liars && k == 2;
            made.is = std::make_unique<node_peer>(
                keys_[k], setup,
                court<host, centered_clip>{{.threads = 1}, {.tau = 1, .start_at = start_point::given}, size},
                does);
        }
        all_.states.resize(n), all_.logs.resize(n), all_.removed.resize(n);
    }
    played run() {
        for (std::size_t k = 0; k < n; ++k) begin(k);
        while (next()) {
        }
        for (auto const& each : members_) all_.begun += each.early.begun(), all_.right += each.early.right();
        all_.end = now_;
        return std::move(all_);
    }

private:
    static constexpr std::size_t n = 7;
    struct one {
        std::unique_ptr<node_peer> is;
        model_state state;
        std::shared_ptr<std::vector<float> const> at, before;
        early_step early;
        std::optional<time_point> works_until; // its thread
        bool lies = false;
    };
    struct event {
        std::size_t to, from;
        std::shared_ptr<wire::message const> message;
        std::optional<gradient_job> job;
    };

    void begin(std::size_t k) {
        one& me = members_[k];
        if (me.state.step >= steps_) return;
        auto const early = me.early.parameters();
        me.at = early ? early : std::make_shared<std::vector<float> const>(me.state.parameters);
        me.is->begin_step(now_, root_of(me.state));
        drain(k);
    }
    void drain(std::size_t k) {
        one& me = members_[k];
        bool moves = false;
        while (auto action = me.is->poll_action()) {
            if (auto* const sent = std::get_if<act::send>(&*action)) post(k, {sent->to}, sent->message);
            if (auto* const said = std::get_if<act::broadcast>(&*action)) post(k, said->to, said->message);
            if (auto* const what = std::get_if<act::compute>(&*action)) compute(k, *what);
            if (auto* const out = std::get_if<act::removed>(&*action)) all_.removed[k].push_back(*out);
            if (auto* const ended = std::get_if<act::apply>(&*action)) {
                me.before = me.at;
                if (!me.early.settle(me.state, ended->aggregate))
                    move(me.state, method_, schedule_, task_.layout(), ended->aggregate);
                all_.states[k].push_back(me.state);
                all_.logs[k].push_back(hash_of(me.is->state_for_newcomer()));
                moves = true;
            }
        }
        if (moves) return begin(k);
        bool const may = mode_ == verify_mode::overlapped && !me.early.begun_in(me.state.step);
        if (auto seen = may ? outlook(*me.is) : std::nullopt)
            work(k, me.early.begin(*std::move(seen), me.state, method_, schedule_, task_.layout(), keys_[k].key(),
                                   1));
    }
    void compute(std::size_t k, act::compute const& what) {
        one& me = members_[k];
        bool const before = what.step + 1 == me.state.step;
        bool const own = !before && what.whose == keys_[k].key();
        gradient_job job{.step = what.step,
                         .whose = what.whose,
                         .from = what.from,
                         .at = before ? me.before : me.at,
                         .use = own ? gradient_use::own : gradient_use::check};
        if (!own) return work(k, std::move(job));
        if (!me.early.foresaw(job)) {
            me.early.forget();
            return work(k, std::move(job));
        }
        ++all_.used;
        if (auto done = me.early.want()) hand_in(k, *std::move(done));
    }
    void work(std::size_t k, gradient_job job) {
        if (job.makes) job.at = job.makes->make();
        auto& until = members_[k].works_until;
        until = std::max(now_, until.value_or(now_)) + gradient;
        queue_.emplace(std::pair(*until, ++order_), event{k, k, nullptr, std::move(job)});
    }
    void hand_in(std::size_t k, gradient_result done) {
        one& me = members_[k];
        if (me.is->gone()) return;
        if (done.job.use == gradient_use::own && me.lies && done.job.step >= 6)
            for (float& g : done.gradient) g = -10 * g;
        me.is->handle_gradient(done.job.step, done.job.whose, std::move(done.gradient), 1, now_);
        drain(k);
    }
    void post(std::size_t from, std::vector<public_key> const& to, wire::message const& message) {
        auto const whole = std::make_shared<wire::message const>(message);
        for (auto const& key : to)
            queue_.emplace(std::pair(now_ + link, ++order_), event{numbers_.at(key), from, whole, {}});
    }
    bool next() {
        auto timer = time_point::max();
        std::size_t whose = 0;
        for (std::size_t k = 0; k < n; ++k)
            if (auto const at = members_[k].is->poll_deadline(); at && *at < timer) timer = *at, whose = k;
        if (queue_.empty() && timer == time_point::max()) return false;
        if (queue_.empty() || timer < queue_.begin()->first.first) {
            now_ = std::max(now_, timer);
            members_[whose].is->handle_timeout(now_);
            drain(whose);
            return true;
        }
        auto first = queue_.extract(queue_.begin());
        now_ = first.key().first;
        event& what = first.mapped();
        if (!what.job) {
            members_[what.to].is->handle_message(keys_[what.from].key(), *what.message, now_);
            drain(what.to);
            return true;
        }
        gradient_result done{.job = *std::move(what.job), .gradient = std::vector<float>(size)};
        (void)accumulated_gradient(task_, done.job, done.gradient);
        one& me = members_[what.to];
        if (auto wanted = me.early.hear(std::move(done), me.at)) hand_in(what.to, *std::move(wanted));
        return true;
    }

    verify_mode mode_;
    std::uint64_t steps_;
    quadratic task_{.dimension = size, .noise = 0.3f};
    optimizer method_ = lamb{.learning_rate = 0.05f};
    learning_rate_schedule schedule_ = linear_decay{2, 100};
    std::vector<testing::counting_signer> keys_;
    std::map<public_key, std::size_t> numbers_;
    std::vector<one> members_;
    std::map<std::pair<time_point, std::uint64_t>, event> queue_;
    std::uint64_t order_ = 0;
    time_point now_{};
    played all_;
};

step_outlook some_outlook(std::vector<float> const& values) {
    step_outlook seen{{5, 6}, partition(values.size(), 2), {}};
    std::size_t const half = seen.cut.size(part_id(0));
    shared_floats const all(values);
    seen.parts = {all.slice(0, half), all.slice(half, values.size() - half)};
    return seen;
}
/// What the thread does first.
gradient_job made(gradient_job job) {
    job.at = job.makes->make();
    return job;
}
model_state some_state(std::size_t count) { return first_state(sgd{}, std::vector<float>(count, 1.0f)); }
tensor_layout const whole[] = {{"x", 0, {4}, 4, true}};

} // namespace

TEST_CASE("overlapped and strict: the same parameters, logs and verdicts after each step, in less time") {
    for (bool const liars : {false, true}) {
        auto const strict = play(verify_mode::strict, 24, liars).run();
        auto const early = play(verify_mode::overlapped, 24, liars).run();
        CHECK(strict.states == early.states);
        CHECK(strict.logs == early.logs);
        CHECK(strict.removed == early.removed);
        CHECK(strict.states.front().size() == 24);
        CHECK(strict.begun == 0);
        CHECK(early.used > 60);
        CHECK(early.right >= early.used);
        CHECK(early.end < strict.end);
        bool const banned = std::ranges::any_of(early.removed.front(), [](act::removed const& out) {
            return out.step == 4 && out.why == offence::wrong_result;
        });
        CHECK(banned == liars);
        if (liars) CHECK(early.begun > early.right); // the part that fell made all that was begun wrong
        else CHECK(early.begun - early.right <= 7);  // of the last step, which nothing follows
    }
}

TEST_CASE("a guess comes true only where each bit of the aggregate does") {
    std::vector<float> const thought{1, 2, 3, 0};
    auto const begun = [&](early_step& one, model_state const& from) {
        return made(one.begin(some_outlook(thought), from, sgd{}, constant_rate{}, whole, {}, 1));
    };
    early_step one;
    auto state = some_state(4);
    auto expected = state;
    move(expected, sgd{}, constant_rate{}, whole, thought);
    auto const job = begun(one, state);
    CHECK(job.step == 1);
    CHECK(job.use == gradient_use::early);
    CHECK(one.begun_in(0));
    CHECK(one.settle(state, thought));
    CHECK(state == expected);
    CHECK(*one.parameters() == state.parameters);

    for (std::vector<float> const& other :
         {std::vector<float>{1, 2, 3, -0.0f}, std::vector<float>{1, 2, 0, 0}, std::vector<float>{1, 2, 3}}) {
        state = some_state(4);
        (void)begun(one, state);
        CHECK(!one.settle(state, other));
        CHECK(state == some_state(4));
        CHECK(!one.parameters());
    }
    auto seen = some_outlook(thought);
    seen.parts[1] = {}; // it does not stand
    state = some_state(4);
    (void)made(one.begin(seen, state, sgd{}, constant_rate{}, whole, {}, 1));
    CHECK(!one.settle(state, std::vector<float>{1, 2, 0, -0.0f}));
    (void)made(one.begin(seen, state, sgd{}, constant_rate{}, whole, {}, 1));
    CHECK(one.settle(state, std::vector<float>{1, 2, 0, 0}));
}

TEST_CASE("the result of a guess waits until it is wanted, and that of a wrong one is dropped") {
    std::vector<float> const thought{1, 2, 3, 4};
    early_step one;
    auto state = some_state(4);
    auto job = made(one.begin(some_outlook(thought), state, sgd{}, constant_rate{}, whole, {}, 1));
    CHECK(!one.hear({.job = job, .loss = 7}, nullptr));
    REQUIRE(one.settle(state, thought));
    auto wanted = job;
    wanted.use = gradient_use::own;
    CHECK(one.foresaw(wanted));
    auto other = wanted;
    other.from.key += 1;
    CHECK(!one.foresaw(other));
    other = wanted;
    other.microbatches = 2;
    CHECK(!one.foresaw(other));
    auto const done = one.want();
    REQUIRE(done);
    CHECK(done->loss == 7);
    CHECK(done->job.use == gradient_use::own);

    job = made(one.begin(some_outlook(thought), state, sgd{}, constant_rate{}, whole, {}, 1));
    REQUIRE(one.settle(state, thought));
    CHECK(!one.want());
    auto const late = one.hear({.job = job}, one.parameters());
    REQUIRE(late);
    CHECK(late->job.use == gradient_use::own);

    job = made(one.begin(some_outlook(thought), state, sgd{}, constant_rate{}, whole, {}, 1));
    CHECK(!one.settle(state, std::vector<float>{4, 3, 2, 1}));
    CHECK(!one.hear({.job = job}, job.at));
    gradient_job check{.at = job.at}; // somebody else's, at the same parameters
    CHECK(one.hear({.job = check}, nullptr));
}

TEST_CASE("a result at parameters that were forgotten is dropped, also of what was wanted when it began") {
    std::vector<float> const thought{1, 2, 3, 4};
    early_step one;
    auto state = some_state(4);
    auto job = made(one.begin(some_outlook(thought), state, sgd{}, constant_rate{}, whole, {}, 1));
    REQUIRE(one.settle(state, thought));
    CHECK(!one.want());
    one.forget(); // in another life, it may be
    job.use = gradient_use::own;
    auto const now = std::make_shared<std::vector<float> const>(4, 5.0f);
    CHECK(!one.hear({.job = job}, now));
    gradient_job const own{.at = now, .use = gradient_use::own};
    CHECK(one.hear({.job = own}, now));
}

TEST_CASE("an early gradient that fails is forgotten, and asked for once more where others wait for it") {
    std::vector<float> const thought{1, 2, 3, 4};
    early_step one;
    auto state = some_state(4);
    auto job = made(one.begin(some_outlook(thought), state, sgd{}, constant_rate{}, whole, {}, 1));
    CHECK(!one.fail(job));
    CHECK(!one.settle(state, thought));
    job = made(one.begin(some_outlook(thought), state, sgd{}, constant_rate{}, whole, {}, 1));
    REQUIRE(one.settle(state, thought));
    CHECK(!one.want());
    auto const again = one.fail(job);
    REQUIRE(again);
    CHECK(again->use == gradient_use::own);
    CHECK(again->makes == nullptr);
    CHECK(*again->at == state.parameters);
    CHECK(one.hear({.job = *again}, again->at));
}

TEST_CASE("the state ahead is made on another thread: where that has not begun, or has failed, there is none") {
    std::vector<float> const thought{1, 2, 3, 4};
    early_step one;
    auto state = some_state(4);
    auto job = one.begin(some_outlook(thought), state, sgd{}, constant_rate{}, whole, {}, 1);
    CHECK(!one.settle(state, thought)); // it waits behind others
    CHECK(state == some_state(4));
    CHECK(job.makes->make() == nullptr);
    std::vector<tensor_layout> const other_layout{{"x", 0, {5}, 5, true}};
    job = one.begin(some_outlook(thought), state, lamb{}, constant_rate{}, other_layout, {}, 1); // it does not fit
    CHECK_THROWS(job.makes->make());
    CHECK(!one.settle(state, thought));
    for (int k = 0; k < 50; ++k) { // whenever the end of the step comes, it is right
        state = some_state(4);
        auto expected = state;
        move(expected, sgd{}, constant_rate{}, whole, thought);
        job = one.begin(some_outlook(thought), state, sgd{}, constant_rate{}, whole, {}, 1);
        std::jthread const other([job] { (void)job.makes->make(); });
        if (one.settle(state, thought)) CHECK(state == expected);
        else CHECK(state == some_state(4));
    }
}
