// btard/transport/loopback.hpp: a network in memory with a clock of its own, for whole swarms in one process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/random.hpp>
#include <btard/core/types.hpp>
#include <btard/transport/concept.hpp>
#include <btard/transport/event_queue.hpp>
#include <btard/transport/lazy_timer.hpp>
#include <btard/transport/loopback_options.hpp>
#include <btard/transport/slots.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// An endpoint of a `loopback`: its place in the order in which they were added, from 0.
enum class endpoint_id : std::uint32_t {};

/// What becomes of messages at a cut.
enum class at_cut : std::uint8_t {
    dropped, ///< they are lost
    held,    ///< they wait, and set out when the link is healed
};

/// Whom a `loopback` calls.  A handler that has `on_lost(who, lost, now)` too hears of peers that stopped.
template <class H, class Frame>
concept loopback_handler = requires(H& handler, endpoint_id who, std::shared_ptr<Frame const> frame,
                                    time_point now) {
    handler.on_frame(who, who, std::move(frame), now); // to, from
    handler.on_timer(who, now);
};

/// Carries shared immutable messages between the peers of one process, one event at a time.
///
/// All that happens is a function of the options and of the calls: the k-th message from one peer to another
/// has its delay and its luck from `philox`, of the seed of that link and k, so what others send changes
/// neither.  Events of one moment happen in the order in which they were caused.
template <class Frame>
class loopback {
public:
    using frame_pointer = std::shared_ptr<Frame const>;

    /// The outbound half for one endpoint: a `transport`.  The network must outlive it.
    class port {
    public:
        void post(public_key const& to, frame_pointer frame) {
            net_->post(self_, net_->find(to), std::move(frame));
        }
        void post(endpoint_id to, frame_pointer frame) { net_->post(self_, to, std::move(frame)); }
        void wake_at(time_point when) { net_->wake_at(self_, when); }
        [[nodiscard]] endpoint_id self() const { return self_; }

    private:
        friend loopback;
        port(loopback* net, endpoint_id self) : net_(net), self_(self) {}
        loopback* net_;
        endpoint_id self_;
    };

    /// @param size_of the bytes that a frame would take on a wire, for the traffic; without it they count 0
    explicit loopback(loopback_options const& options = {}, std::size_t (*size_of)(Frame const&) = nullptr)
        : options_(options), size_of_(size_of) {
        options_.validate();
    }
    loopback(loopback const&) = delete; // ports point to it
    loopback& operator=(loopback const&) = delete;

    // ---- the endpoints

    endpoint_id add(public_key const& key) {
        auto const id = static_cast<endpoint_id>(endpoints_.size());
        auto const [place, is_new] = ids_.emplace(key, id);
        expects(is_new, "loopback: this key was added before, as endpoint ", index(place->second));
        endpoints_.push_back({.key = key});
        for (std::size_t from = 0; from < links_.size(); ++from)
            links_[from].push_back({.from = link_seed(from, index(id))});
        auto& row = links_.emplace_back();
        for (std::size_t to = 0; to < endpoints_.size(); ++to)
            row.push_back({.from = link_seed(index(id), to)});
        return id;
    }
    [[nodiscard]] std::size_t size() const { return endpoints_.size(); }
    [[nodiscard]] public_key const& key_of(endpoint_id who) const { return at(who).key; }
    [[nodiscard]] endpoint_id find(public_key const& key) const {
        auto const found = ids_.find(key);
        expects(found != ids_.end(), "loopback: none of the ", size(), " endpoints has this key");
        return found->second;
    }
    [[nodiscard]] port port_of(endpoint_id who) { return {this, static_cast<endpoint_id>(checked(who))}; }
    [[nodiscard]] bool runs(endpoint_id who) const { return at(who).runs; }
    [[nodiscard]] loopback_traffic const& traffic_of(endpoint_id who) const { return at(who).traffic; }

    // ---- what endpoints do

    /// @param later how much longer than others this message takes
    void post(endpoint_id from, endpoint_id to, frame_pointer frame, std::chrono::nanoseconds later = {}) {
        expects(frame != nullptr, "loopback: a null pointer is no frame");
        auto& sender = at(from);
        auto const& receiver = at(to);
        if (!sender.runs) return;
        std::size_t const bytes = bytes_of(frame);
        ++sender.traffic.sent;
        sender.traffic.sent_bytes += bytes;

        auto& over = link_of(from, to);
        auto const bits = philox(over.from, over.drawn++);
        bool const dropped = over.is_cut && over.fate == at_cut::dropped;
        if (dropped || !receiver.runs || bits[2] * 0x1p-32 < options_.loss) {
            ++sender.traffic.lost;
            if (!dropped && !receiver.runs) give_notice(from, to);
            return;
        }
        std::uint32_t const place = letters_.keep({std::move(frame), bytes, from, to, sender.life, receiver.life});
        if (over.is_cut) held_.push_back({place, delay_of(bits) + later});
        else set_out(place, delay_of(bits) + later);
    }

    /// Replaces the timer of that endpoint.  A moment that has passed means now; `time_point::max()`, never.
    void wake_at(endpoint_id who, time_point when) {
        auto& sleeper = at(who);
        when = std::max(when, now_);
        if (sleeper.runs && when != sleeper.timer.when())
            sleeper.timer.set(when, ++order_, static_cast<std::uint32_t>(who), queue_);
    }

    // ---- what befalls them

    /// From now on nothing gets from one to the other; what is under way arrives.
    void cut(endpoint_id from, endpoint_id to, at_cut fate = at_cut::dropped) {
        auto& over = link_of(from, to);
        over.is_cut = true;
        over.fate = fate;
    }
    /// What was held sets out, in its order.
    void heal(endpoint_id from, endpoint_id to) {
        link_of(from, to).is_cut = false;
        release();
    }
    void heal() {
        for (auto& row : links_)
            for (auto& over : row) over.is_cut = false;
        release();
    }
    /// Cuts the group off from all others, in both directions; `heal()` joins all again.
    void partition(std::span<endpoint_id const> group, at_cut fate = at_cut::dropped) {
        std::vector<bool> inside(size());
        for (endpoint_id const who : group) inside[checked(who)] = true;
        for (std::size_t a = 0; a < size(); ++a)
            for (std::size_t b = 0; b < size(); ++b)
                if (inside[a] != inside[b]) cut(endpoint_id(a), endpoint_id(b), fate);
    }
    /// All that it sends from now on takes so much longer.
    void slow(endpoint_id who, std::chrono::nanoseconds extra) {
        expects(extra.count() >= 0, "loopback: an extra delay of ", extra.count(), " ns");
        at(who).extra = extra;
    }
    /// A crash: nothing comes from it or to it any more, not even what is under way, and its timer is gone.
    void stop(endpoint_id who) {
        auto& victim = at(who);
        if (!victim.runs) return;
        victim.runs = false;
        ++victim.life;
        victim.timer.clear();
        for (std::size_t other = 0; other < size(); ++other) give_notice(endpoint_id(other), who);
    }
    /// It begins anew, with neither messages nor a timer.
    void start(endpoint_id who) {
        if (std::exchange(at(who).runs, true)) return;
        for (std::size_t other = 0; other < size(); ++other) {
            for (auto* const over : {&links_[index(who)][other], &links_[other][index(who)]}) {
                over->last = {};
                over->noticed = false;
            }
        }
    }

    // ---- time

    [[nodiscard]] time_point now() const { return now_; }

    /// Moves the clock to the next event and hands it to the handler, which may call anything but `run_*`.
    ///
    /// @return false if nothing is left; messages that are held do not count
    template <loopback_handler<Frame> Handler>
    bool run_next(Handler&& handler) {
        while (!queue_.empty())
            if (take(handler)) return true;
        return false;
    }
    /// All events up to that moment and at it; then the clock stands there.
    ///
    /// @return how many
    template <loopback_handler<Frame> Handler>
    std::size_t run_until(time_point until, Handler&& handler) {
        std::size_t events = 0;
        while (!queue_.empty() && queue_.front().when <= until) events += take(handler);
        now_ = std::max(now_, until);
        return events;
    }

private:
    struct endpoint {
        public_key key{};
        bool runs = true;
        std::uint32_t life = 0;           ///< counts its stops
        std::chrono::nanoseconds extra{}; ///< see `slow`
        detail::lazy_timer timer{};
        loopback_traffic traffic{};
    };
    struct link {
        seed from{};
        std::uint64_t drawn = 0; ///< how many have their luck from `from`
        time_point last{};       ///< the last arrival
        bool is_cut = false;
        at_cut fate = at_cut::dropped;
        bool noticed = false; ///< `to` has been told that `from` stopped
    };
    /// A message under way; without a frame, the notice that `from` has stopped.
    struct letter {
        frame_pointer frame;
        std::size_t bytes = 0;
        endpoint_id from{}, to{};
        std::uint32_t from_life = 0, to_life = 0;
    };
    struct held_letter {
        std::uint32_t place;
        std::chrono::nanoseconds delay;
    };
    [[nodiscard]] static constexpr std::size_t index(endpoint_id who) {
        return static_cast<std::size_t>(who);
    }
    [[nodiscard]] std::size_t checked(endpoint_id who) const {
        expects(index(who) < size(), "loopback: there are ", size(), " endpoints, and no ", index(who));
        return index(who);
    }
    [[nodiscard]] endpoint const& at(endpoint_id who) const { return endpoints_[checked(who)]; }
    [[nodiscard]] endpoint& at(endpoint_id who) { return endpoints_[checked(who)]; }
    [[nodiscard]] link& link_of(endpoint_id from, endpoint_id to) {
        return links_[checked(from)][checked(to)];
    }
    [[nodiscard]] seed link_seed(std::size_t from, std::size_t to) const {
        return derive({options_.seed, 0}, "loopback", {from, to});
    }

    [[nodiscard]] std::size_t bytes_of(frame_pointer const& frame) {
        if (size_of_ && frame != measured_) { // what goes to many is measured once
            measured_bytes_ = size_of_(*frame);
            measured_ = frame; // kept, so that no other frame gets its address
        }
        return measured_bytes_;
    }
    [[nodiscard]] std::chrono::nanoseconds delay_of(std::array<std::uint32_t, 4> const& bits) const {
        std::uint64_t const span = options_.most_delay - options_.least_delay;
        double const uniform = double((std::uint64_t{bits[1]} << 32 | bits[0]) >> 11) * 0x1p-53; // in [0, 1)
        auto const above = std::min(std::uint64_t(uniform * (double(span) + 1)), span);
        return std::chrono::nanoseconds(options_.least_delay + above);
    }

    void set_out(std::uint32_t place, std::chrono::nanoseconds delay) {
        auto const& one = letters_[place];
        auto& over = links_[index(one.from)][index(one.to)];
        time_point when = now_ + delay + endpoints_[index(one.from)].extra;
        if (options_.in_order) when = over.last = std::max(over.last, when);
        queue_.push({when, ++order_, place, false});
    }
    void release() {
        std::erase_if(held_, [this](held_letter const& one) {
            auto const& kept = letters_[one.place];
            if (links_[index(kept.from)][index(kept.to)].is_cut) return false;
            set_out(one.place, one.delay);
            return true;
        });
    }
    /// At most one for each stop, and none over a cut.
    void give_notice(endpoint_id who, endpoint_id lost) {
        auto& over = link_of(lost, who);
        if (!options_.notices || !at(who).runs || over.is_cut || std::exchange(over.noticed, true)) return;
        set_out(letters_.keep({nullptr, 0, lost, who, at(lost).life, at(who).life}),
                delay_of(philox(over.from, over.drawn++)));
    }

    /// Whether the first entry of the queue was an event for somebody.
    bool take(auto& handler) {
        detail::timed_event const next = queue_.pop();
        return next.is_timer ? take_timer(next, handler) : take_letter(next, handler);
    }
    bool take_timer(detail::timed_event const& next, auto& handler) {
        if (!endpoints_[next.what].timer.take(next, queue_)) return false;
        now_ = next.when;
        handler.on_timer(static_cast<endpoint_id>(next.what), now_);
        return true;
    }
    bool take_letter(detail::timed_event const& next, auto& handler) {
        letter one = letters_.take(next.what);
        auto& receiver = endpoints_[index(one.to)];
        bool const meets = one.to_life == receiver.life && receiver.runs;
        if (one.frame == nullptr) {
            if constexpr (requires { handler.on_lost(one.to, one.from, now_); }) {
                if (meets) now_ = next.when, handler.on_lost(one.to, one.from, now_);
                return meets;
            }
            return false;
        }
        auto& sender = endpoints_[index(one.from)];
        if (!meets || one.from_life != sender.life) {
            ++sender.traffic.lost;
            return false;
        }
        ++receiver.traffic.received;
        receiver.traffic.received_bytes += one.bytes;
        now_ = next.when;
        handler.on_frame(one.to, one.from, std::move(one.frame), now_);
        return true;
    }

    loopback_options options_;
    std::size_t (*size_of_)(Frame const&);
    frame_pointer measured_;
    std::size_t measured_bytes_ = 0;
    time_point now_{};
    std::uint64_t order_ = 0; ///< of the last thing that was caused
    std::map<public_key, endpoint_id> ids_;
    std::vector<endpoint> endpoints_;
    std::vector<std::vector<link>> links_; // (from, to)
    detail::slots<letter> letters_;
    std::vector<held_letter> held_;
    detail::event_queue queue_;
};

static_assert(transport<loopback<int>::port, std::shared_ptr<int const>>);

} // namespace btard
