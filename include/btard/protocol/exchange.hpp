// btard/protocol/exchange.hpp: rows, aggregates and evidence between peers: who lacks what, and who has it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/norm.hpp>
#include <btard/core/types.hpp>
#include <btard/protocol/needs.hpp>
#include <btard/protocol/pull_list.hpp>
#include <btard/protocol/step/commitment.hpp>
#include <btard/protocol/step/step_state.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// Takes what is wanted, and nothing else.  What is pushed before this peer knows that it will want it (the sender has
/// closed a broadcast that this one has not) waits: of each sender at most about the bytes of a gradient.
class exchange {
public:
    explicit exchange(std::size_t size) : most_early_(sizeof(float) * size + 65'536) {}

    void begin_step() {
        early_.clear();
        pulls_.clear();
    }

    // ---- what this peer wants

    /// It is asked for from `first` on, if nobody sends it.
    ///
    /// @param in the step of which it is
    void want(need const& one, step_state const& in, time_point first) {
        if (!is_settled(one, in))
            pulls_.want(one.what, one.only_first ? in.keys(one.first) : in.others(one.first), first);
    }

    // ---- what came in

    /// @return whether it was taken; otherwise it is early, foreign, known, or nobody asked for it
    bool take(step_state& in, public_key const& from, wire::row const& m) {
        if (!in.committed) return keep(from, m);
        wire::wanted const name{m.step, m.part, m.sender, {}};
        if (!pulls_.wants(name)) return keep(from, m);
        if (!in.record.committed().contains(static_cast<std::size_t>(m.sender))) return false;
        auto const found = examine(m, in.record.root(m.sender), in.cut());
        if (found == arrival::foreign || m.values.size() > in.cut().size(m.part))
            return false; // not here, whatever it is
        pulls_.got(name);
        (found == arrival::good ? in.rows : in.malformed).emplace(step_state::row_name{m.part, m.sender}, m);
        return true;
    }
    bool take(step_state& in, public_key const& from, wire::aggregate const& m) {
        if (!in.resulted) return keep(from, m);
        wire::wanted const name{m.step, m.part, {}, {}};
        if (!pulls_.wants(name)) return keep(from, m);
        auto const& expected = in.part(m.part).aggregate; // a part that is wanted is one that there is
        if (!expected || m.values.size() != in.cut().size(m.part)) return false;
        square_sum squares;
        auto const* const known = m.known.get();
        auto const facts = known ? known->facts : facts_of(m.values, &squares);
        if (known) squares = known->squares;
        // Where it is no gradient, nobody has it, and the part does not stand.
        if (facts.hash != *expected || !facts.admissible) return false;
        pulls_.got(name);
        in.hold(m.part, m.values, squares);
        return true;
    }
    bool take(step_state& in, public_key const& from, wire::evidence const& m) {
        if (bytes_of(m) > most_early_) return false; // no evidence is longer than a gradient
        digest const hash = hash_of(m);
        wire::wanted const name{m.step, {}, {}, hash};
        if (!pulls_.wants(name)) return keep(from, m);
        pulls_.got(name);
        in.shown.emplace(hash, m);
        return true;
    }
    /// What waited, once more.
    template <class F>
    void retry(F&& handle) {
        auto const all = std::exchange(early_, {});
        for (auto const& [from, kept] : all)
            for (auto const& message : kept.messages) handle(from, message);
    }

    /// The answer to a question; nothing: it is not here.
    [[nodiscard]] static std::optional<wire::message> answer(step_state const& in, wire::wanted const& q) {
        if (q.evidence) {
            auto const at = in.shown.find(*q.evidence);
            if (at == in.shown.end()) return {};
            return at->second;
        }
        if (!in.committed || static_cast<std::size_t>(q.part) >= in.record.parts().size()) return {};
        if (q.sender) {
            if (auto const at = in.malformed.find({q.part, *q.sender}); at != in.malformed.end()) return at->second;
            auto row = in.row(q.part, *q.sender);
            if (!row) return {};
            return *std::move(row);
        }
        auto const& values = in.aggregates[static_cast<std::size_t>(q.part)];
        if (values.empty()) return {};
        return wire::aggregate{q.step, q.part, values};
    }

    // ---- times

    template <class F>
    void handle_timeout(time_point now, std::chrono::nanoseconds again, F&& ask) {
        pulls_.handle_timeout(now, again, ask);
    }
    [[nodiscard]] std::optional<time_point> poll_deadline() const { return pulls_.poll_deadline(); }

private:
    struct waiting {
        std::vector<wire::message> messages = {};
        std::size_t bytes = 0;
    };
    /// In memory, about.  Empty ones are not for nothing.
    [[nodiscard]] static std::size_t bytes_of(wire::row const& m) {
        return sizeof m + sizeof(float) * m.values.size() + sizeof(digest) * m.branch.size();
    }
    [[nodiscard]] static std::size_t bytes_of(wire::aggregate const& m) {
        return sizeof m + sizeof(float) * m.values.size();
    }
    [[nodiscard]] static std::size_t bytes_of(wire::evidence const& m) {
        std::size_t sum = sizeof m;
        for (auto const& row : m.rows) sum += bytes_of(row);
        return sum;
    }
    template <class M>
    bool keep(public_key const& from, M const& m) {
        auto& kept = early_[from];
        std::size_t const more = bytes_of(m);
        if (kept.bytes + more > most_early_) return false;
        kept.bytes += more;
        kept.messages.push_back(m);
        return false;
    }

    std::size_t most_early_; // bytes of one sender
    pull_list pulls_;
    std::map<public_key, waiting> early_;
};

} // namespace btard
