// SPDX-License-Identifier: Apache-2.0
// A liar among four running peers, played by the bytes: frames of its own, frames of others that it changed, bodies that
// it signed after it changed them.  Nobody throws, whatever comes.
//
// Each command is one byte that says what is done, one that says after how many events of the network, and what follows:
//
//     0  a frame: two bytes of length (the lowest first), and the bytes; from peer 3 to the one that the first byte says
//     1  the next message from anybody is changed: one byte for how many changes, each of three bytes: where (two), to what
//     2  the next body of peer 3 is changed so, signed again, and sent to all
//     3  the next message is lost
#include "../protocol/small_swarm.hpp"

#include <btard/protocol/wire/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace btard;

/// Zeros when nothing is left.
class input {
public:
    explicit input(std::span<std::byte const> bytes) : left_(bytes) {}
    [[nodiscard]] bool empty() const { return left_.empty(); }
    std::size_t byte() {
        if (left_.empty()) return 0;
        auto const first = std::to_integer<std::size_t>(left_.front());
        left_ = left_.subspan(1);
        return first;
    }
    std::size_t two_bytes() {
        std::size_t const low = byte();
        return low + 256 * byte();
    }
    std::span<std::byte const> take(std::size_t count) {
        auto const some = left_.first(std::min(count, left_.size()));
        left_ = left_.subspan(some.size());
        return some;
    }

private:
    std::span<std::byte const> left_;
};

struct edit {
    std::size_t where;
    std::byte to;
};
std::vector<edit> edits_from(input& in) {
    std::vector<edit> all(in.byte() % 8);
    for (auto& one : all) {
        one.where = in.two_bytes();
        one.to = static_cast<std::byte>(in.byte());
    }
    return all;
}
void change(std::vector<std::byte>& bytes, std::vector<edit> const& how) {
    for (auto const& one : how)
        if (!bytes.empty()) bytes[one.where % bytes.size()] = one.to;
}

enum class misdeed { none, change, sign, lose };

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    constexpr std::size_t liar = 3;
    input in(std::as_bytes(std::span(data, size)));
    small_test::small_swarm swarm(4, {.faults = 1, .far = 30.0});
    misdeed next = misdeed::none;
    std::vector<edit> how;
    digest forged_from{}; // the body that is changed for all of its receivers
    swarm.change = [&](std::size_t from, std::size_t, wire::message& message) {
        auto* const body = std::get_if<wire::signed_body>(&message);
        if (next == misdeed::sign) {
            if (from != liar || body == nullptr || body->sender != peer_id(liar)) return true;
            digest const hash = sha256_of(body->bytes);
            if (forged_from == digest{}) forged_from = hash;
            if (forged_from != hash) return true;
            change(body->bytes, how);
            auto const& state = swarm.peers[liar]->state();
            slot_context const slot{tagged_hash("run of a test"), body->at};
            body->by_sender = sign_statement(swarm.keys[liar], slot, statement::body, peer_id(liar),
                                             std::span(state.context.roster), sha256_of(body->bytes), peer_id(liar));
        } else if (next == misdeed::change) {
            next = misdeed::none;
            auto frame = encode_frame(message);
            change(frame, how);
            auto changed = decode_frame(frame);
            if (changed) message = *std::move(changed);
        } else if (next == misdeed::lose) {
            next = misdeed::none;
            return false;
        }
        return true;
    };
    auto const run = [&](std::size_t events) {
        for (std::size_t k = 0; k < events; ++k) {
            if (swarm.nobody_runs()) swarm.begin();
            if (!swarm.run_next()) return;
        }
    };
    swarm.begin();
    for (int commands = 0; commands < 32 && !in.empty(); ++commands) {
        std::size_t const what = in.byte();
        run(4 * in.byte());
        forged_from = {};
        switch (what % 4) {
        case 0: {
            std::size_t const length = in.two_bytes();
            if (auto const message = decode_frame(in.take(length))) swarm.deliver(what / 4 % liar, liar, *message);
            break;
        }
        case 1: next = misdeed::change, how = edits_from(in); break;
        case 2: next = misdeed::sign, how = edits_from(in); break;
        case 3: next = misdeed::lose; break;
        }
    }
    run(600);
    return 0;
}
