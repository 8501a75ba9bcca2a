// btard/transport/tcp/links.hpp: which of the connections with a peer is the link, and what links tell.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/text.hpp>
#include <btard/transport/tcp/greeting.hpp>
#include <btard/transport/tcp/handler.hpp>
#include <btard/transport/tcp/link.hpp>
#include <btard/transport/tcp/peers.hpp>

#include <asio/co_spawn.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace btard::detail {

/// Lives until its last coroutine has ended; the owner's handle may go before.
class tcp_links : public link_owner, public std::enable_shared_from_this<tcp_links> {
public:
    using clock = std::chrono::steady_clock;

    tcp_links(asio::io_context& on, identity const& who, tcp_setup wanted, tcp_handler& tells)
        : io(on), self(who.key()), setup(std::move(wanted)), peers(setup.channels), handler(&tells),
          tls_(make_tls_context(who)), end_(on),
          draws_(derive({setup.options.seed, get_number(std::span(self.bytes).first<8>())}, "tcp",
                        {get_number(std::span(setup.instance).first<8>())})) {
        for (tcp_channel const& one : setup.channels) limits_.push_back(one.largest);
    }
    virtual ~tcp_links() = default;

    [[nodiscard]] tcp_counts counts() const {
        tcp_counts all = counts_;
        peers.each([&](tcp_peer const& peer) {
            all.sent_bytes += peer.up ? peer.up->sent() : 0;
            all.received_bytes += peer.up ? peer.up->received() : 0;
        });
        return all;
    }

    asio::io_context& io;
    public_key self;
    tcp_setup setup;
    tcp_peers peers;
    tcp_handler* handler; ///< null: the owner is gone
    bool stopping = false;
    std::uint16_t port = 0; ///< to which it is bound

protected:
    // ---- life

    /// The part of `stop` that is about links: after the grace, or when nothing else runs, all is over.
    void close_links(std::chrono::milliseconds grace) {
        for (auto const& one : greeting_) one->end(tcp_errc::closed_here);
        peers.each([](tcp_peer const& peer) {
            if (peer.up) peer.up->close();
        });
        ++running_; // for the grace
        end_.expires_after(grace);
        end_.async_wait([me = shared_from_this()](std::error_code) {
            me->end_links();
            me->finished();
        });
        asio::post(io, [me = shared_from_this()] { me->check_idle(); });
    }
    void run(task<void> what) {
        ++running_;
        asio::co_spawn(io, std::move(what), [me = shared_from_this()](std::exception_ptr thrown) {
            me->finished();
            if (thrown) std::rethrow_exception(thrown); // out of the loop
        });
    }
    void finished() {
        --running_;
        check_idle();
        if (!stopping || running_ > 0) return;
        asio::post(io, [me = shared_from_this()] { // after the last `on_lost`
            if (me->running_ == 0 && me->handler) std::exchange(me->handler, nullptr)->on_stopped();
        });
    }
    void end_links() {
        peers.each([](tcp_peer const& peer) {
            if (peer.up) peer.up->end(tcp_errc::closed_here);
        });
    }

    // ---- which connection is the link; see `hello`

    task<std::error_code> greet(std::shared_ptr<connection> over, bool dialled) {
        greeting_.push_back(over);
        over->end_after(std::chrono::milliseconds(setup.options.handshake), tcp_errc::silent);
        std::error_code const failed = co_await agree(over, dialled);
        std::erase(greeting_, over);
        if (!failed) co_return failed;
        peers.each([&](tcp_peer& peer) {
            if (peer.chosen != over) return;
            peer.chosen = nullptr;
            peer.wake_target();
        });
        if (over->found()) drop_if_idle(*over->found());
        over->end(failed);
        co_return over->why();
    }
    task<std::error_code> agree(std::shared_ptr<connection> over, bool dialled) {
        std::error_code failed = co_await over->shake(dialled);
        if (failed) co_return failed;
        hello mine{setup.options.link, setup.instance, 0, setup.announced_host,
                   setup.announced_port ? setup.announced_port : port};
        hello theirs;
        if (auto const* const peer = peers.find(over->peer())) mine.last_link = peer->lost_link();
        failed = co_await exchange_hello(*over, mine, theirs);
        if (failed) co_return failed;

        public_key const key = over->peer();
        bool const plain = setup.options.link == link_kind::plain, decides = self < key;
        link_verdict said;
        if (!decides) failed = co_await await_verdict(*over, said);
        if (failed) co_return failed;
        std::error_code why = objection(key, theirs);
        if (decides) {
            if (!why && !peers.made(key).takes(theirs)) why = tcp_errc::other_stands;
            if (!why) {
                peers.made(key).chosen = over;
                ++links_;
                said.link = std::uint64_t{links_} << 32 | philox(draws_, links_)[0]; // not 0, and no other run's
            }
            said.why = static_cast<std::uint8_t>(why.value());
            failed = co_await give_verdict(*over, said, plain);
            auto* const peer = peers.find(key);
            if (!failed && !why && (!peer || peer->chosen != over))
                why = tcp_errc::closed_here; // forgotten meanwhile
            if (!failed && !why) peer->chosen = nullptr;
        } else {
            failed = co_await answer_verdict(*over, why, plain);
        }
        if (why || failed) co_return why ? why : failed;
        take(peers.made(key), over, theirs, said.link, dialled);
        co_return failed;
    }
    [[nodiscard]] std::error_code objection(public_key const& key, hello const& theirs) {
        if (stopping) return tcp_errc::closed_here;
        if (theirs.link != setup.options.link) return tcp_errc::other_link;
        if (peers.find(key)) return {};
        bool const has_room = peers.size() < setup.options.most_links;
        return has_room && handler && handler->admits(key) ? std::error_code{} : tcp_errc::not_admitted;
    }
    void take(tcp_peer& peer, std::shared_ptr<connection> const& over, hello const& theirs, std::uint64_t number,
              bool dialled) {
        over->no_deadline();
        if (peer.up) peer.up->end(tcp_errc::replaced);
        bool const is_other_run = peer.instance && *peer.instance != theirs.instance;
        if (is_other_run) peer.queue->clear(); // it was for one that has forgotten what it was about
        peer.queue->rewind();
        peer.instance = theirs.instance;
        peer.last_link = number;
        peer.up = std::make_shared<link>(over, peer.queue, shared_from_this(), setup.options, number);
        peer.up->instance = theirs.instance;
        peer.wake_target();
        ++counts_.linked;
        ++running_;
        tcp_link_info info{over->address(), theirs.host, theirs.port, dialled, is_other_run};
        asio::post(io,
                   [me = shared_from_this(), up = peer.up, info = std::move(info)] { // after `on_lost` of the other
                       if (me->handler) me->handler->on_linked(up->peer(), info, clock::now());
                       if (auto const* const now = me->peers.find(up->peer()); now && now->held) up->hold();
                       if (me->stopping) up->close();
                       me->run(up->write_all());
                       me->run(up->read_all(me->limits_, me->setup.untrusted, me->buffer_));
                       me->finished();
                   });
    }

    /// A peer that came by itself is forgotten when it goes.
    void drop_if_idle(public_key const& key) {
        auto const* const peer = peers.find(key);
        if (peer && !peer->wanted && !peer->up && !peer->chosen) (void)peers.take_out(key);
    }

    tls_context tls_;
    tcp_counts counts_{};

private:
    // ---- what links tell

    std::unique_ptr<frame_sink> sink_for(link& by, std::size_t channel, std::uint64_t size) override {
        return handler ? handler->sink_for(by.peer(), channel, size) : nullptr;
    }
    void on_message(link& by, received_message message) override {
        if (!handler) return;
        if (message.sink) handler->on_sunk(by.peer(), message.channel, std::move(message.sink), clock::now());
        else handler->on_frame(by.peer(), message.channel, std::move(message.bytes), clock::now());
    }
    void on_room(link& by, std::size_t channel) override {
        if (handler) handler->on_room(by.peer(), channel, clock::now());
    }
    void on_end(link& by, std::error_code why) override {
        ++counts_.lost;
        counts_.sent_bytes += by.sent();
        counts_.received_bytes += by.received();
        public_key const key = by.peer();
        if (auto* const peer = peers.find(key); peer && peer->up.get() == &by) {
            bool const stood = clock::now() - by.since >= std::chrono::milliseconds(setup.options.retry_longest);
            if (peer->target) peer->target->failures = stood ? 0 : peer->target->failures + 1;
            peer->up = nullptr;
            peer->wake_target();
            drop_if_idle(key);
        }
        auto const name = to_text(key).substr(0, 8);
        auto const sentence = concat("lost ", name, " at ", by.over().address(), ": ", why.message());
        if (handler) handler->on_lost(key, why, sentence, clock::now());
    }

    /// Otherwise the end of the grace would be waited for.
    void check_idle() {
        if (stopping && running_ == 1) end_.cancel();
    }

    loop_timer end_;
    seed draws_;
    std::list<std::shared_ptr<connection>> greeting_; ///< that aren't links yet
    std::vector<std::size_t> limits_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(link::batch); ///< into which all links read
    std::uint32_t links_ = 0; ///< that were begun by this end's verdict
    std::size_t running_ = 0; ///< coroutines, and calls that will begin some
};

} // namespace btard::detail
