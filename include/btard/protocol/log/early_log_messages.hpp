// btard/protocol/log/early_log_messages.hpp: messages of broadcasts that this member has not begun.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/epochs.hpp>
#include <btard/protocol/wire/log_messages.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// The broadcast that a message is of.
[[nodiscard]] inline place place_of(wire::log_message const& message) {
    return std::visit(
        [](auto const& m) {
            if constexpr (requires { m.at; }) return m.at;
            else if constexpr (requires { m.body.at; }) return m.body.at;
            else return m.certificate.at;
        },
        message);
}

/// In the order of a run.  Shares and reveals alternate.
[[nodiscard]] inline bool is_before(place const& a, place const& b) {
    auto const order = [](place const& of) -> std::pair<std::uint64_t, std::uint64_t> {
        auto const share = static_cast<std::uint8_t>(phase::share), reveal = static_cast<std::uint8_t>(phase::reveal);
        std::uint64_t const draws = std::uint64_t{1} << 34; // more than there can be
        if (of.phase < share) return {of.step, of.phase};
        if (of.phase > reveal) return {of.step, draws + of.phase};
        return {of.step, share + 2 * std::uint64_t{of.draw} + (of.phase == reveal)};
    };
    return order(a) < order(b);
}

/// Of this step and the next one, few and small from each sender, since nobody knows yet whether they say anything.
class early_log_messages {
public:
    /// @param now   the broadcast that is going on
    /// @param known its members
    /// @return a member is there before us
    bool keep(public_key const& from, wire::log_message const& message, place const& now, roster const& known) {
        place const where = place_of(message);
        if (!is_before(now, where) || where.step > now.step + 1) return false;
        if (!is_small(message, known.size())) return false;
        bool const is_member = known.find(from).has_value();
        if (!is_member) { // perhaps a member of the next step, whom this member does not know yet
            bool const room = waiting_.contains(from) || waiting_.size() < 2 * known.size();
            if (where.step == now.step || !room) return false;
        }
        auto& waiting = waiting_[from];
        if (waiting.size() < most) waiting.push_back(message);
        return is_member;
    }
    /// That broadcast begins: `handle(from, message)` of those that are of it.  Those before it are of no use any more.
    void deliver(place const& at, auto&& handle) {
        for (auto& [from, waiting] : waiting_) {
            for (auto& message : std::exchange(waiting, {})) {
                if (place_of(message) == at) handle(from, message);
                else if (is_before(at, place_of(message))) waiting.push_back(std::move(message));
            }
        }
        std::erase_if(waiting_, [](auto const& one) { return one.second.empty(); });
    }

private:
    static constexpr std::size_t most = 64;             // messages of one member
    static constexpr std::size_t most_bytes = 1u << 16; // of one of them

    /// A body of so many bytes at most; lists and signatures of not more members than the next roster may have.
    [[nodiscard]] static bool is_small(wire::log_message const& message, std::size_t members) {
        std::size_t const limit = 2 * members;
        auto const fits = [limit](wire::log_certificate const& one) {
            return one.list.size() <= limit && one.signatures.size() <= limit;
        };
        if (auto const* one = std::get_if<wire::signed_body>(&message)) return one->bytes.size() <= most_bytes;
        if (auto const* one = std::get_if<wire::relayed_body>(&message))
            return one->body.bytes.size() <= most_bytes && one->relays.size() <= limit;
        if (auto const* one = std::get_if<wire::signed_list>(&message)) return one->list.size() <= limit;
        if (auto const* one = std::get_if<wire::log_question>(&message)) return one->bodies.size() <= limit;
        if (auto const* one = std::get_if<wire::log_certificate>(&message)) return fits(*one);
        if (auto const* one = std::get_if<wire::relayed_certificate>(&message))
            return fits(one->certificate) && one->relays.size() <= limit;
        return true; // of a fixed size
    }

    std::map<public_key, std::vector<wire::log_message>> waiting_;
};

} // namespace btard
