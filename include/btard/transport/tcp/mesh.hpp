// btard/transport/tcp/mesh.hpp: accepts, dials, and decides, so that there is one link with each peer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/text.hpp>
#include <btard/transport/tcp/address.hpp>
#include <btard/transport/tcp/back_off.hpp>
#include <btard/transport/tcp/handler.hpp>
#include <btard/transport/tcp/link.hpp>
#include <btard/transport/tcp/peers.hpp>

#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace btard::detail {

/// Lives until its last coroutine has ended; the owner's handle may go before.
class tcp_mesh final : public link_owner, public std::enable_shared_from_this<tcp_mesh> {
public:
    using clock = std::chrono::steady_clock;

    tcp_mesh(asio::io_context& on, identity const& who, tcp_setup wanted, tcp_handler& tells)
        : io(on), self(who.key()), setup(std::move(wanted)), handler(&tells), tls_(make_tls_context(who)), timer_(on),
          end_(on), acceptor_(on) {
        draws_ = derive({setup.options.seed, 0}, "tcp", {get_number(std::span(self.bytes).first<8>())});
        for (std::byte const one : setup.instance) draws_ = derive(draws_, "instance", {std::to_integer<std::uint64_t>(one)});
        for (tcp_channel const& one : setup.channels) limits_.push_back(one.largest);
        if (!setup.listens) return;
        acceptor_ = listen_at(on, setup.host, setup.port);
        port = acceptor_.local_endpoint().port();
    }
    void begin() {
        if (setup.listens) run(accept_all());
    }

    // ---- the owner's calls

    void reach(std::shared_ptr<tcp_target> const& target) {
        if (stopping) return;
        if (target->key) {
            auto& peer = peer_of(*target->key);
            peer.wanted = true;
            if (peer.target) give_up(*peer.target);
            peer.target = target;
        }
        targets_.push_back(target);
        run(dial(target));
    }
    void expect(public_key const& key) {
        if (!stopping) peer_of(key).wanted = true;
    }
    posted post(public_key const& to, std::size_t channel, shared_frame frame) {
        auto* const peer = stopping ? nullptr : find(to);
        if (!peer) return posted::unknown;
        auto const became = peer->queue->push(channel, std::move(frame));
        if (became == posted::queued && peer->up) peer->up->wake();
        return became;
    }
    void hold(public_key const& key, bool held) {
        auto* const peer = find(key);
        if (!peer || std::exchange(peer->held, held) == held || !peer->up) return;
        if (held) peer->up->hold();
        else peer->up->resume();
    }
    void wake_at(time_point when) {
        ++wakes_;
        if (stopping || when == time_point::max()) return void(timer_.cancel());
        timer_.expires_at(when);
        timer_.async_wait([me = shared_from_this(), mine = wakes_](std::error_code failed) {
            if (!failed && mine == me->wakes_ && me->handler && !me->stopping) me->handler->on_timer(clock::now());
        });
    }
    [[nodiscard]] link* link_of(public_key const& key) const {
        auto const found = peers.find(key);
        return found == peers.end() ? nullptr : found->second->up.get();
    }
    [[nodiscard]] std::size_t links() const {
        return static_cast<std::size_t>(std::ranges::count_if(peers, [](auto const& one) { return one.second->up != nullptr; }));
    }
    [[nodiscard]] std::size_t waiting(public_key const& key) const {
        auto const found = peers.find(key);
        return found == peers.end() ? 0 : found->second->queue->waiting();
    }
    [[nodiscard]] tcp_counts all_counts() const {
        tcp_counts all = counts;
        for (auto const& [key, peer] : peers) {
            all.sent_bytes += peer->up ? peer->up->sent() : 0;
            all.received_bytes += peer->up ? peer->up->received() : 0;
        }
        return all;
    }
    void forget(public_key const& key) {
        auto const found = peers.find(key);
        if (found == peers.end()) return;
        auto const peer = std::move(found->second);
        peers.erase(found);
        if (peer->target) give_up(*peer->target);
        if (peer->chosen) peer->chosen->end(tcp_errc::closed_here);
        if (peer->up) peer->up->end(tcp_errc::closed_here);
    }
    void stop(std::chrono::milliseconds grace) {
        if (std::exchange(stopping, true)) return;
        std::error_code ignored;
        acceptor_.close(ignored);
        timer_.cancel();
        for (auto const& one : targets_) give_up(*one);
        for (auto const& one : greeting_) one->end(tcp_errc::closed_here);
        for (auto const& [key, peer] : peers)
            if (peer->up) peer->up->close();
        ++running_; // until the end of the grace, or of all else
        end_.expires_after(grace);
        end_.async_wait([me = shared_from_this()](std::error_code) {
            for (auto const& [key, peer] : me->peers)
                if (peer->up) peer->up->end(tcp_errc::closed_here);
            me->finished();
        });
        asio::post(io, [me = shared_from_this()] { me->check_idle(); });
    }

    asio::io_context& io;
    public_key self;
    tcp_setup setup;
    tcp_handler* handler; ///< null: the owner is gone
    std::map<public_key, std::unique_ptr<tcp_peer>> peers;
    tcp_counts counts;
    std::uint16_t port = 0; ///< to which it is bound
    bool stopping = false;

private:
    // ---- life

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
    /// The grace need not be waited for when nothing else runs.
    void check_idle() {
        if (stopping && running_ == 1) end_.cancel();
    }
    void give_up(tcp_target& target) {
        target.given_up = true;
        target.wake.cancel();
        target.names.cancel();
        if (auto const attempt = target.attempt.lock()) attempt->end(tcp_errc::closed_here);
    }
    tcp_peer& peer_of(public_key const& key) {
        auto& place = peers[key];
        if (!place) place = std::make_unique<tcp_peer>(setup.channels);
        return *place;
    }
    tcp_peer* find(public_key const& key) {
        auto const found = peers.find(key);
        return found == peers.end() ? nullptr : found->second.get();
    }

    // ---- connections come

    task<void> accept_all() {
        loop_timer pause(io);
        while (!stopping) {
            std::error_code failed;
            tcp_socket socket(io);
            co_await acceptor_.async_accept(socket, errors_in(failed));
            if (stopping) co_return;
            if (failed) { // too many open files, most likely
                notice(concat("cannot accept connections: ", failed.message()));
                pause.expires_after(std::chrono::milliseconds(100));
                co_await pause.async_wait(errors_in(failed));
                continue;
            }
            ++counts.accepted;
            auto const came = std::make_shared<connection>(std::move(socket), tls_, key_check{self});
            came->tune();
            if (accepted_.size() >= setup.options.most_unauthenticated) {
                accepted_.front()->end(tcp_errc::crowded_out);
                accepted_.pop_front();
            }
            accepted_.push_back(came);
            run(greet_accepted(came));
        }
    }
    task<void> greet_accepted(std::shared_ptr<connection> came) {
        std::error_code const failed = co_await greet(came, false);
        if (!failed || failed == tcp_errc::other_stands || failed == tcp_errc::closed_here) co_return;
        ++(failed == tcp_errc::silent || failed == tcp_errc::crowded_out ? counts.silent : counts.refused);
        auto const now = clock::now();
        if (now < next_notice_) {
            ++unnoticed_;
            co_return;
        }
        next_notice_ = now + std::chrono::milliseconds(setup.options.notice_every);
        std::string const more = unnoticed_ == 0 ? "" : concat("; and ", unnoticed_, " more since the last such line");
        notice(concat("refused a connection from ", came->address(), ": ", failed.message(), more));
        unnoticed_ = 0;
    }
    void notice(std::string const& sentence) {
        if (handler) handler->on_notice(sentence);
    }

    // ---- connections go

    task<void> dial(std::shared_ptr<tcp_target> target) {
        back_off const waits{std::chrono::milliseconds(setup.options.retry_first),
                             std::chrono::milliseconds(setup.options.retry_longest)};
        std::error_code ignored;
        while (!target->given_up) {
            tcp_peer* const peer = target->key ? find(*target->key) : nullptr;
            if (peer && (peer->up || peer->chosen)) {
                bool const stood = peer->up != nullptr;
                target->wake.expires_at(clock::time_point::max());
                co_await target->wake.async_wait(errors_in(ignored));
                if (!stood || target->given_up) continue;
                tcp_peer const* const again = find(*target->key); // it may be gone, or another one
                if (again && (again->up || again->chosen)) continue;
            } else {
                ++counts.dialled;
                std::error_code const failed = co_await attempt(target);
                target->attempt.reset();
                if (target->given_up) break;
                if (!failed) continue;
                auto const wait = next_wait(*target, waits);
                if (failed != tcp_errc::other_stands) {
                    ++counts.failed;
                    ++target->failures;
                    std::string const sentence = concat("cannot reach ", target->address(), ": ", failed.message());
                    if (handler) handler->on_unreachable(target->address(), failed, sentence, wait);
                }
                target->wake.expires_after(wait);
                co_await target->wake.async_wait(errors_in(ignored));
                continue;
            }
            target->wake.expires_after(next_wait(*target, waits));
            co_await target->wake.async_wait(errors_in(ignored));
        }
        std::erase(targets_, target);
    }
    std::chrono::nanoseconds next_wait(tcp_target& target, back_off const& waits) {
        seed const from = target.key ? derive(draws_, "wait", {get_number(std::span(target.key->bytes).first<8>())}) : draws_;
        return waits.wait(target.failures, from, target.waits++);
    }
    task<std::error_code> attempt(std::shared_ptr<tcp_target> target) {
        std::vector<asio::ip::tcp::endpoint> found;
        std::error_code failed = co_await look_up(target->names, target->host, target->port, found);
        if (failed || target->given_up) co_return failed;
        auto const made = std::make_shared<connection>(tcp_socket(io), tls_, key_check{self, target->key});
        target->attempt = made;
        made->end_after(std::chrono::milliseconds(setup.options.handshake), std::make_error_code(std::errc::timed_out));
        co_await asio::async_connect(made->socket(), found, errors_in(failed));
        if (made->ended()) co_return made->why();
        if (failed) co_return failed;
        made->tune();
        failed = co_await greet(made, true);
        if (failed || target->key || target->given_up) co_return failed;
        target->key = made->peer();
        auto& peer = peer_of(*target->key);
        peer.wanted = true;
        if (peer.target) target->given_up = true; // one address is enough
        else peer.target = target;
        co_return failed;
    }

    // ---- which connection is the link; see `hello`

    task<std::error_code> greet(std::shared_ptr<connection> over, bool dialled) {
        greeting_.push_back(over);
        std::error_code const failed = co_await agree(over, dialled);
        std::erase(greeting_, over);
        std::erase(accepted_, over);
        if (!failed) co_return failed;
        for (auto const& [key, peer] : peers) {
            if (peer->chosen != over) continue;
            peer->chosen = nullptr;
            if (peer->target) peer->target->wake.cancel();
        }
        over->end(failed);
        co_return over->why();
    }
    task<std::error_code> agree(std::shared_ptr<connection> over, bool dialled) {
        over->end_after(std::chrono::milliseconds(setup.options.handshake), tcp_errc::silent);
        std::error_code failed = co_await over->shake(dialled);
        if (failed) co_return failed;
        hello mine{setup.options.link, setup.instance, 0, setup.announced_host,
                   setup.announced_port ? setup.announced_port : port};
        if (auto const* const peer = find(over->peer())) mine.last_link = peer->lost_link();
        auto const said = encode(mine);
        failed = co_await over->write(said);
        if (failed) co_return failed;
        std::vector<std::byte> bytes(hello::fixed);
        failed = co_await over->read(bytes);
        if (failed) co_return failed;
        std::size_t const more = host_length(std::span(bytes).first<hello::fixed>(), failed);
        if (failed) co_return failed;
        bytes.resize(hello::fixed + more);
        if (more > 0) failed = co_await over->read(std::span(bytes).subspan(hello::fixed));
        if (failed) co_return failed;
        auto const theirs = decode_hello(bytes);
        if (!theirs) co_return tcp_errc::not_our_protocol;
        std::erase(accepted_, over); // it has said who it is
        if (self < over->peer()) failed = co_await decide(over, *theirs, dialled);
        else failed = co_await follow(over, *theirs, dialled);
        co_return failed;
    }
    [[nodiscard]] std::error_code objection(public_key const& key, hello const& theirs) {
        if (stopping) return tcp_errc::closed_here;
        if (theirs.link != setup.options.link) return tcp_errc::other_link;
        if (find(key)) return {};
        if (!handler || peers.size() >= setup.options.most_links || !handler->admits(key)) return tcp_errc::not_admitted;
        return {};
    }
    task<std::error_code> decide(std::shared_ptr<connection> over, hello theirs, bool dialled) {
        public_key const key = over->peer();
        std::error_code why = objection(key, theirs);
        if (!why && !peer_of(key).takes(theirs)) why = tcp_errc::other_stands;
        verdict say{0, static_cast<std::uint8_t>(why.value())};
        if (!why) {
            peer_of(key).chosen = over;
            auto const bits = philox(draws_, ++links_);
            say.link = (std::uint64_t{bits[0]} << 32 | bits[1]) | 1;
        }
        auto const said = encode(say);
        std::error_code failed = co_await over->write(said);
        if (failed || why) co_return why ? why : failed;
        if (setup.options.link == link_kind::plain) over->go_plain();
        std::array<std::byte, 1> answer{};
        failed = co_await over->read(answer);
        if (!failed && answer[0] != std::byte{}) failed = tcp_errc::refused_there;
        tcp_peer* const peer = find(key);
        if (!failed && (!peer || peer->chosen != over)) failed = tcp_errc::closed_here; // forgotten meanwhile
        if (failed) co_return failed;
        peer->chosen = nullptr;
        take(*peer, over, theirs, say.link, dialled);
        co_return failed;
    }
    task<std::error_code> follow(std::shared_ptr<connection> over, hello theirs, bool dialled) {
        std::array<std::byte, verdict::size> bytes{};
        std::error_code failed = co_await over->read(bytes);
        if (failed) co_return failed;
        auto const said = decode_verdict(bytes);
        if (said.link == 0) {
            auto const why = static_cast<tcp_errc>(said.why);
            bool const is_ours = why == tcp_errc::other_stands || why == tcp_errc::other_link;
            co_return is_ours ? why : why == tcp_errc::closed_here ? tcp_errc::closed_there : tcp_errc::refused_there;
        }
        std::error_code const why = objection(over->peer(), theirs);
        if (setup.options.link == link_kind::plain) over->go_plain();
        std::array<std::byte, 1> const answer{static_cast<std::byte>(why.value())};
        failed = co_await over->write(answer);
        if (failed || why) co_return why ? why : failed;
        take(peer_of(over->peer()), over, theirs, said.link, dialled);
        co_return failed;
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
        ++counts.linked;
        tcp_link_info info{over->address(), theirs.host, theirs.port, dialled, is_other_run};
        if (peer.target) peer.target->wake.cancel();
        ++running_;
        asio::post(io, [me = shared_from_this(), up = peer.up, info = std::move(info)] {
            if (me->handler) me->handler->on_linked(up->peer(), info, clock::now());
            if (auto const* const known = me->find(up->peer()); known && known->held) up->hold();
            if (me->stopping) up->close();
            me->run(up->write_all());
            me->run(up->read_all(me->limits_));
            me->finished();
        });
    }

    // ---- what links tell

    void on_message(link& by, received_message message) override {
        if (handler) handler->on_frame(by.peer(), message.channel, std::move(message.bytes), clock::now());
    }
    void on_room(link& by, std::size_t channel) override {
        if (handler) handler->on_room(by.peer(), channel, clock::now());
    }
    void on_end(link& by, std::error_code why) override {
        ++counts.lost;
        counts.sent_bytes += by.sent();
        counts.received_bytes += by.received();
        public_key const key = by.peer();
        if (auto* const peer = find(key); peer && peer->up.get() == &by) {
            if (peer->target && clock::now() - by.since >= std::chrono::milliseconds(setup.options.retry_longest))
                peer->target->failures = 0;
            else if (peer->target) ++peer->target->failures;
            auto const gone = std::move(peer->up);
            if (peer->target) peer->target->wake.cancel();
            else if (!peer->wanted) peers.erase(key);
        }
        std::string const sentence = concat("lost ", to_text(key).substr(0, 8), " at ", by.over().address(), ": ", why.message());
        if (handler) handler->on_lost(key, why, sentence, clock::now());
    }

    asio::ssl::context tls_;
    loop_timer timer_; ///< the owner's
    loop_timer end_;
    tcp_acceptor acceptor_;
    std::vector<std::shared_ptr<tcp_target>> targets_;
    std::list<std::shared_ptr<connection>> greeting_; ///< both ways
    std::list<std::shared_ptr<connection>> accepted_; ///< that haven't said who they are, the oldest first
    std::vector<std::size_t> limits_;
    seed draws_{};
    std::uint64_t links_ = 0, unnoticed_ = 0, wakes_ = 0;
    clock::time_point next_notice_{};
    std::size_t running_ = 0;
};

} // namespace btard::detail
