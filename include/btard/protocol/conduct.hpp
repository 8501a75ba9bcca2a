// btard/protocol/conduct.hpp: what a Byzantine peer may do to the protocol, one optional hook for each place.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/step/step_record.hpp>
#include <btard/protocol/wire/codec.hpp>
#include <btard/protocol/wire/log_list.hpp>
#include <btard/protocol/wire/messages.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace btard {

/// Does what it should.
struct upright {
    static constexpr auto name = "upright";
    static constexpr auto summary = "does what it should";
    static constexpr void describe(auto&, auto&&) {}
    friend bool operator==(upright const&, upright const&) = default;
};

/// Peers that know and tell each other everything.
struct coalition {
    std::vector<public_key> members = {}; ///< in ascending order; those removed among them
    seed shared{};                        ///< the source of their randomness
    void const* everybody = nullptr;      ///< std::map<public_key, P const*> of all peers, whatever P is
    time_point now{};                     ///< when the message sets out that `pass` sees
    void const* keys = nullptr;           ///< what `sign` takes as its first argument
    signature (*sign)(void const* keys, public_key const& as, std::span<std::byte const> text) = nullptr;

    [[nodiscard]] bool contains(public_key const& key) const { return std::ranges::binary_search(members, key); }
};

/// What a hook sees: the peer that it acts for, its accomplices, and, since attackers are omniscient, everybody else.
template <class P>
struct deed {
    P const& self;
    coalition const& with;

    [[nodiscard]] bool is_accomplice(public_key const& key) const { return with.contains(key); }
    [[nodiscard]] std::uint64_t step() const { return self.state().step(); }
    [[nodiscard]] P const* find(public_key const& key) const {
        auto const& all = *static_cast<std::map<public_key, P const*> const*>(with.everybody);
        auto const at = all.find(key);
        return at == all.end() ? nullptr : at->second;
    }
    /// The honest members of the step, in the order of the roster.
    [[nodiscard]] std::vector<public_key> honest() const {
        std::vector<public_key> all;
        for (auto const& one : self.state().members->members())
            if (!is_accomplice(one.key)) all.push_back(one.key);
        return all;
    }
    /// Is it one of the last `count` honest members?
    [[nodiscard]] bool is_favoured(public_key const& key, std::size_t count) const {
        auto const all = honest();
        auto const at = std::ranges::find(all, key);
        return at != all.end() && std::size_t(all.end() - at) <= count;
    }

    /// The place of a receiver in the roster of this step; nothing: it is no member any more.
    [[nodiscard]] std::optional<peer_id> number(public_key const& key) const {
        return self.state().members->find(key);
    }
    /// Every second member, other ones in the next step: an attack that treats members differently does so by this.
    [[nodiscard]] bool is_in_half(public_key const& key) const {
        auto const who = number(key);
        return who && (static_cast<std::size_t>(*who) + step()) % 2 == 0;
    }
    /// The broadcast that this peer takes part in.
    [[nodiscard]] place const& where() const { return self.logs().at(); }
    [[nodiscard]] phase where_phase() const { return static_cast<phase>(where().phase); }
    /// Signed by this peer, as a member of the roster of this step: as if it had meant it.
    [[nodiscard]] signature sign(slot_context const& in, statement kind, digest const& hash) const {
        auto const& state = self.state();
        return with.sign(with.keys, self.key(),
                         statement_text(in, kind, state.self,
                                        state.members->members()[static_cast<std::size_t>(state.self)], hash,
                                        state.self));
    }
    [[nodiscard]] signature sign(statement kind, digest const& hash) const {
        return sign({self.state().context.run, where()}, kind, hash);
    }
    /// The message says what this peer itself says in the broadcast that is going on.
    template <class M>
    [[nodiscard]] M* own(wire::message& message) const {
        M* const found = std::get_if<M>(&message);
        if (!found || found->at != where()) return nullptr;
        if constexpr (requires { found->sender; }) return found->sender == self.state().self ? found : nullptr;
        else return found->signer == self.state().self ? found : nullptr;
    }
    /// Where the message carries what this peer has signed of the broadcast, it carries this list from now on.
    void sign_instead(log_list list, wire::message& message) const {
        digest const hash = hash_of(list);
        if (auto* const short_form = own<wire::signed_digest>(message)) {
            short_form->hash = hash;
            short_form->by_signer = sign(statement::list, hash);
        } else if (auto* const said = own<wire::signed_list>(message)) {
            said->list = std::move(list);
            said->by_signer = sign(statement::list, hash);
        }
    }
    /// r would draw, or has drawn, a validator for that member who tells.
    [[nodiscard]] bool is_found_out(step_record const& in, peer_id target) const {
        return std::ranges::any_of(in.pairs(), [&](audit_pair const& pair) {
            return pair.target == target && !is_accomplice(in.roster()[static_cast<std::size_t>(pair.validator)].key);
        });
    }
    /// The step as it will be when everybody opens its share: nobody knows that but who knows all secrets.
    [[nodiscard]] step_record foreseen() const {
        auto const& state = self.state();
        step_record record = state.record;
        agreed_log<wire::reveal> log(record.n());
        for (std::size_t k = 0; k < record.n(); ++k) {
            auto const* const who = find(record.roster()[k].key);
            if (who == nullptr) continue;
            log[k].is = log_entry<wire::reveal>::kind::present;
            log[k].body = {who->share(step(), record.draw()),
                           member_set(record.draw() == 0 ? record.parts().size() : 0)};
        }
        (void)record.read(log, state.context.run, state.context.epoch);
        return record;
    }
};

/// What becomes of a message that an attacker sends.
struct fate {
    bool sent = true;
    std::chrono::nanoseconds delay{};
    /// To the same receiver too, each after a delay of its own.
    std::vector<std::pair<wire::message, std::chrono::nanoseconds>> more = {};
};

/// Hooks.  Each is optional.  All but the last are called before anything is hashed or signed, so that a liar is
/// consistent where it wants to be; the last sees each message once for each receiver, signed, and may change it.
template <class C, class P>
concept shapes_part = requires(C& c, deed<P> const& at, part_id part, std::vector<float>& aggregate) {
    c.shape_part(at, part, aggregate); // of a part that this peer owns
};
template <class C, class P, class Body>
concept shapes_body = requires(C& c, deed<P> const& at, Body& body) {
    { c.shape(at, body) } -> std::same_as<bool>; // false: it says nothing in this phase
};
template <class C, class P>
concept forges_evidence = requires(C& c, deed<P> const& at) {
    { c.forge(at) } -> std::same_as<std::vector<wire::evidence>>; // to be shown with accusations that it makes up
};
template <class C, class P>
concept passes_messages = requires(C& c, deed<P> const& at, public_key const& to, wire::message& message) {
    { c.pass(at, to, message) } -> std::same_as<fate>;
};

/// How many keys that are no members the coalition has in the field: asking to join, or on probation.
///
/// `out`: members of the coalition that are none of the run, but for those.
template <class C>
concept brings_keys = requires(C const& c, std::size_t out) {
    { c.brings(out) } -> std::same_as<std::size_t>;
    { c.lies_on_trial() } -> std::same_as<bool>; // what such a key commits to is no gradient
};

/// The conduct of each peer of a swarm: that of `act` for members of a coalition, else upright.
///
/// Members of a coalition cover each other, whatever else they do: none accuses another one, all call an accusation of
/// one of them slander, and one that has to check another one finds it clean.
template <class A>
struct colluding {
    A act{};
    coalition const* with = nullptr;

    template <class P>
    void shape_part(P const& self, part_id part, std::vector<float>& aggregate) {
        if constexpr (shapes_part<A, P>)
            if (with) act.shape_part(deed<P>{self, *with}, part, aggregate);
    }
    template <class P, class Body>
    [[nodiscard]] bool shape(P const& self, Body& body) {
        if (!with) return true;
        deed<P> const at{self, *with};
        if constexpr (std::same_as<Body, wire::accuse> || std::same_as<Body, wire::vote>) cover(at, body);
        if constexpr (shapes_body<A, P, Body>) return act.shape(at, body);
        return true;
    }
    template <class P>
    [[nodiscard]] std::vector<wire::evidence> forge(P const& self) {
        if constexpr (forges_evidence<A, P>)
            if (with) return act.forge(deed<P>{self, *with});
        return {};
    }
    template <class P>
    [[nodiscard]] fate pass(P const& self, public_key const& to, wire::message& message) {
        if constexpr (passes_messages<A, P>)
            if (with) return act.pass(deed<P>{self, *with}, to, message);
        return {};
    }
    [[nodiscard]] bool acts() const { return with != nullptr; }

private:
    template <class P>
    static void cover(deed<P> const& at, wire::accuse& said) {
        auto const& self = at.self;
        std::erase_if(said.accusations, [&](wire::accusation const& one) {
            bool const now = one.step == self.state().step();
            if (!at.is_accomplice(now ? self.state().key(one.target) : self.key_before(one.target))) return false;
            wire::clean const nothing{one.target, one.step};
            if (!now && std::ranges::find(said.cleans, nothing) == said.cleans.end()) said.cleans.push_back(nothing);
            return true;
        });
        std::erase_if(said.demands, [&](part_id part) {
            return at.is_accomplice(self.last_state()->key(self.last_state()->part(part).owner));
        });
    }
    template <class P>
    static void cover(deed<P> const& at, wire::vote& said) {
        auto const accusations = at.self.state().judge->accusations();
        for (std::size_t k = 0; k < accusations.size(); ++k) {
            auto const& [by, what] = accusations[k];
            if (what.of != wire::charge::gradient) continue;
            if (at.is_accomplice(at.self.key_before(what.target))) said.ballots[k].says = wire::opinion::slander;
            else if (at.is_accomplice(at.self.state().key(by))) said.ballots[k].says = wire::opinion::guilty;
        }
    }
};

namespace detail {
template <class C, class P>
constexpr void shape_part(C& conduct, P const& self, part_id part, std::vector<float>& aggregate) {
    if constexpr (requires { conduct.shape_part(self, part, aggregate); }) conduct.shape_part(self, part, aggregate);
}
template <class C, class P, class Body>
[[nodiscard]] constexpr bool shape(C& conduct, P const& self, Body& body) {
    if constexpr (requires { conduct.shape(self, body); }) return conduct.shape(self, body);
    else return true;
}
template <class C, class P>
[[nodiscard]] constexpr std::vector<wire::evidence> forge(C& conduct, P const& self) {
    if constexpr (requires { conduct.forge(self); }) return conduct.forge(self);
    else return {};
}
} // namespace detail

} // namespace btard
