// btard/node/run_node.hpp: a process of a run and its links: who greets whom, and what comes in goes where.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>
#include <btard/crypto/compare.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/text.hpp>
#include <btard/node/address_book.hpp>
#include <btard/node/bulk_sink.hpp>
#include <btard/node/channels.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/run/messages.hpp>
#include <btard/transport/tcp.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// What every process of a run is given by its operator.
struct node_setup {
    tcp_setup net = {};                       ///< channels and instance are the node's own
    std::string token = {};                   ///< asked of those that link; "": nothing is asked
    std::vector<host_and_port> contacts = {}; ///< whom to link with first: a coordinator, or any member
    std::function<void(std::string const&)> say = [](std::string const&) {}; ///< a line for the operator
};

/// The first letters of a key, as lines for the operator name a peer.
[[nodiscard]] inline std::string short_name(public_key const& key) { return to_text(key).substr(0, 8); }
[[nodiscard]] inline std::string short_name(digest const& hash) {
    return to_text(public_key{hash.bytes}).substr(0, 8);
}

[[nodiscard]] inline bool is_among(std::vector<log_member> const& list, public_key const& key) {
    return std::ranges::find(list, key, &log_member::key) != list.end();
}

/// The base of trainer and coordinator: links, greetings, addresses, frames.  All on the thread of the loop.
class run_node : public tcp_handler {
public:
    run_node(asio::io_context& io, identity const& who, run_role role, node_setup setup)
        : io_(io), who_(who), role_(role), setup_(std::move(setup)) {
        setup_.net.channels = run_channels();
        setup_.net.untrusted = before_greeting;
        draw_life();
        net_ = std::make_unique<tcp>(io_, who_, setup_.net, *this);
        for (auto const& one : setup_.contacts) net_->reach(one.host, one.port);
        sweep_later();
    }
    run_node(run_node const&) = delete;
    run_node& operator=(run_node const&) = delete;

    [[nodiscard]] tcp& net() { return *net_; }
    [[nodiscard]] public_key const& self() const { return who_.key(); }
    [[nodiscard]] std::optional<digest> run() const {
        if (!charter_ || charter_->founders.empty()) return {};
        return charter_->run();
    }
    /// Frames that no peer of ours sends.
    [[nodiscard]] std::uint64_t bad_frames() const { return bad_frames_; }

protected:
    /// What a link has brought.
    struct acquaintance {
        run_role role = run_role::trainer;
        bool greeted = false;
        bool contact = false; ///< one that our operator has named
        time_point since{};   ///< of the link
        std::array<std::byte, 16> life = {};
        std::optional<digest> run = {}; ///< that it is in
        std::string address = {};
    };

    // ---- for those that derive

    virtual void on_greeted(public_key const&, acquaintance const&) {}
    virtual void on_run_message(public_key const& from, wire::run_message& message, time_point now) = 0;
    virtual void on_protocol_message(public_key const&, wire::message const&, time_point) {}
    virtual void on_link_lost(public_key const&, time_point) {}
    /// A member, a founder, or one that is wanted for another reason: others may say where it is.
    [[nodiscard]] virtual bool concerns(public_key const&) const { return false; }
    /// Bytes of the largest message that this process has a use for, from that peer over that channel; a larger one
    /// is passed over.
    [[nodiscard]] virtual std::uint64_t most_from(public_key const&, std::size_t /*channel*/) const {
        return 0;
    }
    /// Of a task of so many parameters.
    [[nodiscard]] static std::uint64_t most_of(std::size_t channel, std::size_t parameters) {
        constexpr std::uint64_t mega = 1u << 20;
        std::uint64_t const floats = sizeof(float) * std::uint64_t{parameters};
        return channel == bulk_channel ? floats + mega           // all rows of a part, as evidence
                                       : 3 * floats + 64 * mega; // what a member holds
    }
    [[nodiscard]] bool is_contact(public_key const& key) const {
        auto const at = known_.find(key);
        return at != known_.end() && at->second.contact;
    }

    /// It was one, perhaps over another link.
    [[nodiscard]] bool was_contact(public_key const& key) const { return contacts_.contains(key); }

    void say(std::string const& line) const { setup_.say(line); }
    posted post(public_key const& to, wire::run_message const& message) {
        return net_->post(to, channel_of(message),
                          std::make_shared<std::vector<std::byte> const>(encode_run_frame(message)));
    }
    void post_all(wire::run_message const& message) {
        auto const frame = std::make_shared<std::vector<std::byte> const>(encode_run_frame(message));
        for (auto const& [key, one] : known_)
            if (one.greeted) net_->post(key, channel_of(message), frame);
    }
    /// Dials a peer whose address is known, and keeps a queue for one that is not.  At another address than before
    /// after a while only: addresses that all fail would be dialled in turn without a pause.
    void link_with(public_key const& key) {
        if (key == self()) return;
        auto const at = book_.find(key);
        auto& [last, since] = dialled_[key];
        if (!at) net_->expect(key);
        if (!at || last == at || (last && net_->now() - since < std::chrono::seconds(2))) return;
        net_->reach(key, at->host, at->port);
        last = at, since = net_->now();
    }
    void draw_life() {
        if (::RAND_bytes(reinterpret_cast<unsigned char*>(life_.data()), static_cast<int>(life_.size())) != 1)
            throw environment_error(std::make_error_code(std::errc::io_error),
                                    "cannot draw random bytes for this process");
    }
    [[nodiscard]] static std::uint64_t wall_clock() {
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                              std::chrono::system_clock::now().time_since_epoch())
                                              .count());
    }
    [[nodiscard]] wire::greeting greeting(public_key const& to) const {
        wire::greeting said{role_, run().value_or(digest{}), life_, wall_clock(), {}};
        if (!setup_.token.empty()) said.token = wire::token_proof(setup_.token, self(), to);
        return said;
    }
    /// All who have greeted, and their links stand.
    [[nodiscard]] std::map<public_key, acquaintance> const& known() const { return known_; }

    // ---- what the links tell

    void on_frame(public_key const& from, std::size_t, std::vector<std::byte> frame,
                  time_point now) override {
        auto const at = known_.find(from);
        bool const greeted = at != known_.end() && at->second.greeted;
        if (!is_run_frame(frame)) {
            if (!greeted) return; // it has to say first what it is
            auto const message = decode_frame(frame);
            if (!message) return refuse_frame(from);
            return on_protocol_message(from, *message, now);
        }
        auto message = decode_run_frame(frame);
        if (!message) return refuse_frame(from);
        if (auto const* const hello = std::get_if<wire::greeting>(&*message))
            return hear_greeting(from, *hello);
        bool const refuses =
            std::get_if<wire::refusal>(&*message) != nullptr; // it may have been refused by us, too
        if (!greeted && !refuses) return;
        if (auto const* const where = std::get_if<wire::addresses>(&*message))
            book_.heard(from, *where, is_contact(from),
                        [this](public_key const& key) { return concerns(key); });
        on_run_message(from, *message, now);
    }
    std::unique_ptr<frame_sink> sink_for(public_key const& from, std::size_t channel,
                                         std::uint64_t size) override {
        auto const at = known_.find(from);
        bool const greeted = at != known_.end() && at->second.greeted;
        if (channel == 0 || !greeted || size < bulk_sink::least) return nullptr;
        if (size > most_from(from, channel)) return std::make_unique<discarding_sink>();
        if (!bulk_sink::possible || channel != bulk_channel) return nullptr;
        return std::make_unique<bulk_sink>(size);
    }
    void on_sunk(public_key const& from, std::size_t, std::unique_ptr<frame_sink> sink,
                 time_point now) override {
        auto* const bulk = dynamic_cast<bulk_sink*>(sink.get());
        if (bulk == nullptr) return;
        auto const message = bulk->finish();
        if (!message) return refuse_frame(from);
        on_protocol_message(from, *message, now);
    }
    void on_linked(public_key const& key, tcp_link_info const& info, time_point) override {
        book_.linked(key, info);
        auto& one = known_[key];
        one = {.contact = info.dialled && !run() && !setup_.contacts.empty(),
               .since = net_->now(),
               .address = info.address};
        if (one.contact) contacts_.insert(key);
        unreachable_.clear();
        wire::run_message const hello = greeting(key); // what has waited is heard after it only
        (void)net_->post_first(key, channel_of(hello),
                               std::make_shared<std::vector<std::byte> const>(encode_run_frame(hello)));
    }
    void on_lost(public_key const& key, std::error_code, std::string const& sentence,
                 time_point now) override {
        known_.erase(key);
        if (!ending_) say(sentence);
        on_link_lost(key, now);
    }
    void on_unreachable(std::string const& address, std::error_code, std::string const& sentence,
                        std::chrono::nanoseconds) override {
        if (auto const at = read_address(address)) {
            (void)book_.failed(*at);
            std::vector<public_key> elsewhere;
            for (auto const& [key, tried] : dialled_)
                if (tried.at == at && book_.find(key) != at) elsewhere.push_back(key);
            for (auto const& key : elsewhere) link_with(key);
        }
        if (!ending_ && unreachable_.insert(sentence).second) say(sentence); // once, however long it lasts
    }
    void on_notice(std::string const& sentence) override { say(sentence); }
    /// Links cost little, and give nothing: what somebody may do is decided by what it says.
    bool admits(public_key const&) override { return true; }

    /// Closes all links in the end.
    void stop_net() {
        sweep_.cancel();
        net_->stop(std::chrono::seconds(2));
    }

    asio::io_context& io_;
    identity const& who_;
    run_role role_;
    node_setup setup_;
    std::array<std::byte, 16> life_{};
    std::optional<wire::charter> charter_;
    bool ending_ = false; ///< links are closed, and nobody needs to hear of it
    address_book book_;
    std::unique_ptr<tcp> net_;
    asio::steady_timer sweep_{io_};

private:
    struct attempt {
        std::optional<host_and_port> at = {};
        time_point since{};
    };

    void hear_greeting(public_key const& from, wire::greeting const& said) {
        auto const at = known_.find(from);
        if (at == known_.end() || at->second.greeted) return; // once for each link
        auto const mine = run();
        auto const theirs = said.run == digest{} ? std::nullopt : std::optional(said.run);
        if (!setup_.token.empty() && !knows_token(from, said)) {
            say(concat("refused ", short_name(from), ": the join token is missing, or another one"));
            return void(post(from, wire::refusal{refusal_reason::wrong_token}));
        }
        if (mine && theirs && *mine != *theirs) {
            say(concat("refused ", short_name(from), ": it is of another run, ", short_name(*theirs)));
            return void(post(from, wire::refusal{refusal_reason::other_run}));
        }
        auto& now = at->second;
        now.greeted = true;
        net_->trust(from);
        now.role = said.role;
        now.life = said.life;
        now.run = theirs;
        show_skew(from, said.clock);
        on_greeted(from, now);
    }
    /// Who does not say what it is, or was refused, is let go of.
    void sweep_later() {
        sweep_.expires_after(std::chrono::seconds(5));
        sweep_.async_wait([this](std::error_code failed) {
            if (failed || ending_) return;
            std::vector<public_key> silent;
            for (auto const& [key, one] : known_)
                if (!one.greeted && net_->now() - one.since > std::chrono::seconds(10)) silent.push_back(key);
            for (auto const& key : silent)
                if (!concerns(key) && !is_contact(key)) known_.erase(key), net_->forget(key);
            sweep_later();
        });
    }
    [[nodiscard]] bool knows_token(public_key const& from, wire::greeting const& said) const {
        return said.token &&
               equal_in_constant_time(said.token->bytes, wire::token_proof(setup_.token, from, self()).bytes);
    }
    void show_skew(public_key const& whom, std::uint64_t clock) {
        auto const skew = static_cast<double>(static_cast<std::int64_t>(clock - wall_clock())) / 1e3;
        if (skew > 5 || skew < -5)
            say(concat("the clock of ", short_name(whom), " is ", skew,
                       " s from ours; nothing depends on it"));
    }
    void refuse_frame(public_key const& from) {
        ++bad_frames_;
        if (++bad_of_[from] == 1)
            say(concat(short_name(from),
                       " has sent bytes that no peer of this version sends; they are dropped"));
    }

    std::map<public_key, acquaintance> known_;
    std::set<public_key> contacts_; ///< one for each address that the operator has named
    std::map<public_key, attempt> dialled_;
    std::map<public_key, std::uint64_t> bad_of_;
    std::uint64_t bad_frames_ = 0;
    std::set<std::string> unreachable_;
};

} // namespace btard
