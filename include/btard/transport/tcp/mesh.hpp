// btard/transport/tcp/mesh.hpp: accepts and dials, until there is a link with each peer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/random.hpp>
#include <btard/transport/tcp/address.hpp>
#include <btard/transport/tcp/back_off.hpp>
#include <btard/transport/tcp/links.hpp>
#include <btard/transport/tcp/notices.hpp>

#include <asio/connect.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace btard::detail {

/// What stands behind `tcp`: listens, dials each target until it has a link and again when that is lost, and has the
/// owner's timer.  Which connection becomes the link is for `tcp_links` to say.
class tcp_mesh final : public tcp_links {
public:
    tcp_mesh(asio::io_context& on, identity const& who, tcp_setup wanted, tcp_handler& tells)
        : tcp_links(on, who, std::move(wanted), tells), timer_(on), acceptor_(on),
          notices_(std::chrono::milliseconds(setup.options.notice_every)),
          waits_(derive({setup.options.seed, 0}, "tcp waits", {get_number(std::span(self.bytes).first<8>())})) {
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
            auto& peer = peers.made(*target->key);
            peer.wanted = true;
            if (peer.target) peer.target->give_up();
            peer.target = target;
        }
        targets_.push_back(target);
        run(dial(target));
    }
    void forget(public_key const& key) {
        auto const peer = peers.take_out(key);
        if (!peer) return;
        if (peer->target) peer->target->give_up();
        if (peer->chosen) peer->chosen->end(tcp_errc::closed_here);
        if (peer->up) peer->up->end(tcp_errc::closed_here);
    }
    void wake_at(time_point when) {
        auto const mine = ++wakes_; // a timer that has fired, and not been heard, counts no more
        if (stopping || when == time_point::max()) return void(timer_.cancel());
        timer_.expires_at(when);
        timer_.async_wait([this, alive = shared_from_this(), mine](std::error_code failed) {
            if (!failed && mine == wakes_ && handler && !stopping) handler->on_timer(clock::now());
        });
    }
    void stop(std::chrono::milliseconds grace) {
        if (std::exchange(stopping, true)) return;
        std::error_code ignored;
        acceptor_.close(ignored);
        timer_.cancel();
        for (auto const& one : targets_) one->give_up();
        close_links(grace);
    }
    /// Without a word, and nobody is told; for the destructor of the handle.
    void abandon() {
        handler = nullptr;
        stop(std::chrono::milliseconds(0));
        end_links();
        peers.clear();
    }

private:
    // ---- connections come

    task<void> accept_all() {
        loop_timer pause(io);
        while (!stopping) {
            std::error_code failed;
            tcp_socket socket(io);
            co_await acceptor_.async_accept(socket, errors_in(failed));
            if (stopping) co_return;
            if (failed) { // too many open files, most likely
                if (handler) handler->on_notice(concat("cannot accept connections: ", failed.message()));
                pause.expires_after(std::chrono::milliseconds(100));
                co_await pause.async_wait(errors_in(failed));
                continue;
            }
            ++counts_.accepted;
            auto const came = std::make_shared<connection>(std::move(socket), tls_.get(), key_check{self});
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
        std::erase(accepted_, came);
        if (!failed || failed == tcp_errc::other_stands || failed == tcp_errc::closed_here) co_return;
        ++(failed == tcp_errc::silent || failed == tcp_errc::crowded_out ? counts_.silent : counts_.refused);
        auto const sentence = notices_.refused(came->address(), failed, clock::now());
        if (sentence && handler) handler->on_notice(*sentence);
    }

    // ---- connections go

    task<void> dial(std::shared_ptr<tcp_target> target) {
        std::error_code ignored;
        while (!target->given_up) {
            std::error_code failed;
            if (is_linked(*target)) {
                target->wake.expires_at(clock::time_point::max());
                co_await target->wake.async_wait(errors_in(ignored));
                if (is_linked(*target)) continue;
            } else {
                failed = co_await attempt(target);
                target->attempt.reset();
                if (!failed) continue;
            }
            if (target->given_up) break;
            auto const wait = next_wait(*target);
            if (failed && failed != tcp_errc::other_stands) unreachable(*target, failed, wait);
            target->wake.expires_after(wait);
            co_await target->wake.async_wait(errors_in(ignored));
        }
        std::erase(targets_, target);
    }
    [[nodiscard]] bool is_linked(tcp_target const& target) const {
        auto const* const peer = target.key ? peers.find(*target.key) : nullptr;
        return peer && (peer->up || peer->chosen);
    }
    void unreachable(tcp_target& target, std::error_code why, std::chrono::nanoseconds wait) {
        ++counts_.failed;
        ++target.failures;
        auto const sentence = concat("cannot reach ", target.address(), ": ", why.message());
        if (handler) handler->on_unreachable(target.address(), why, sentence, wait);
    }
    [[nodiscard]] std::chrono::nanoseconds next_wait(tcp_target& target) {
        back_off const waits{std::chrono::milliseconds(setup.options.retry_first),
                             std::chrono::milliseconds(setup.options.retry_longest)};
        std::uint64_t const whose = target.key ? get_number(std::span(target.key->bytes).first<8>()) : 0;
        return waits.wait(target.failures, derive(waits_, "of", {whose}), target.waits++);
    }
    task<std::error_code> attempt(std::shared_ptr<tcp_target> target) {
        ++counts_.dialled;
        std::vector<asio::ip::tcp::endpoint> found;
        std::error_code failed = co_await look_up(target->names, target->host, target->port, found);
        if (failed || target->given_up) co_return failed;
        auto const made = std::make_shared<connection>(tcp_socket(io), tls_.get(), key_check{self, target->key});
        target->attempt = made;
        made->end_after(std::chrono::milliseconds(setup.options.handshake),
                        std::make_error_code(std::errc::timed_out));
        co_await asio::async_connect(made->socket(), found, errors_in(failed));
        if (made->ended()) co_return made->why();
        if (failed) co_return failed;
        made->tune();
        failed = co_await greet(made, true);
        if (failed || target->key || target->given_up) co_return failed;
        target->key = made->peer();
        auto& peer = peers.made(*target->key);
        peer.wanted = true;
        if (peer.target) target->given_up = true; // one address is enough
        else peer.target = target;
        co_return failed;
    }

    loop_timer timer_; ///< the owner's
    tcp_acceptor acceptor_;
    std::vector<std::shared_ptr<tcp_target>> targets_;
    std::list<std::shared_ptr<connection>> accepted_; ///< that aren't links yet, the oldest first
    refusal_notices notices_;
    seed waits_;
    std::uint64_t wakes_ = 0;
};

} // namespace btard::detail
