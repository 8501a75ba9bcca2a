// Everything that the liars can send, of a small alphabet, in every phase of the agreement.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "log_swarm.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>

namespace log_test {

/// Liars are members 0 .. f-1; 0 sends bodies as it likes, the others help.
template <broadcast_rules rules = broadcast_rules{}>
struct explorer {
    using state = swarm<rules>;

    std::size_t n, f;
    std::size_t injections; ///< in the relay, all rounds together
    bool whole; ///< else, for rosters where that is too much, a part of each choice: bodies come late or
                ///< not at all, liars vote alike, injections go to one or all, in rounds 1, f and f + 1
    bool early_relays = true;  ///< bodies of a relay that begins before its time
    bool stop_at_first = true; ///< for mutants
    std::optional<std::size_t> left_out = {}; ///< from the start; the last one, if it is honest
    std::size_t states = 0, leaves = 0;
    std::size_t bad = 0;  ///< ends with honest logs that differ, or miss an honest member
    std::size_t open = 0; ///< ends at which somebody has not closed
    std::unordered_set<std::string> seen{};
    std::string path{}, first_bad{};

    void run() {
        expects(!left_out || *left_out < f || *left_out + 1 == n, "others are taken to be interchangeable");
        std::vector<unsigned> classes;
        for (int withheld = 0; withheld < (whole && f > 1 ? 2 : 1); ++withheld)
            bodies(classes, withheld != 0);
    }

private:
    bool done() const { return bad > 0 && stop_at_first; }

    /// The hash of each member's own list.
    std::vector<digest> list_hashes(state const& s) const {
        std::vector<digest> all(n);
        for (std::size_t k = 0; k < n; ++k) {
            if (!s.peers[k] || s.peers[k]->own_list().empty()) continue;
            auto const& list = s.peers[k]->own_list();
            std::size_t same = 0;
            while (same < k && !(s.peers[same] && s.peers[same]->own_list() == list)) ++same;
            all[k] = same < k ? all[same] : hash_of(list);
        }
        return all;
    }

    /// All of one honest member's state that what follows depends on.
    std::string text_of(state const& s, std::vector<digest> const& lists, std::size_t h) const {
        auto const& one = s.peers[h];
        std::string text(left_out == h, '*');
        auto const add = [&](digest const& d) {
            text.append(reinterpret_cast<char const*>(d.bytes.data()), 6);
        };
        text += char('0' + int(one->where()));
        if (one->decided()) add(hash_of(one->log()));
        if (!one->own_list().empty()) add(lists[h]);
        for (std::size_t k = 0; k < n; ++k) {
            for (auto const& b : one->relay().bodies(peer_id(k))) text += char('a' + k), add(b);
            if (auto const both = one->digests().both(peer_id(k)))
                for (auto const& v : *both) text += char('A' + k), add(v.hash);
            else if (one->digests().heard(peer_id(k)) && k < f)
                for (std::size_t other = 0; other < n; ++other)
                    if (s.peers[other] && one->digests().find(peer_id(k), lists[other]))
                        text += char('A' + k), add(lists[other]);
            if (one->digests().heard(peer_id(k))) text += '!';
            if (!one->digests().list_of(peer_id(k)).empty()) add(hash_of(one->digests().list_of(peer_id(k))));
        }
        auto certified = one->relay().certified();
        std::ranges::sort(certified);
        for (auto const& c : certified) text += '#', add(c);
        return text;
    }

    /// True the first time.  Honest members that are in the same state are interchangeable.
    bool fresh(state const& s, std::string key) {
        std::vector<std::string> each;
        auto const lists = list_hashes(s);
        for (std::size_t h = f; h < n; ++h) each.push_back(text_of(s, lists, h));
        std::ranges::sort(each);
        for (auto const& text : each) key += '|' + text;
        for (auto const& [item, member] : s.relayed)
            key.append(reinterpret_cast<char const*>(item.bytes.data()), 4);
        bool const is_new = seen.insert(std::move(key)).second;
        states += is_new;
        return is_new;
    }

    void bodies(std::vector<unsigned>& classes, bool withheld) {
        if (done()) return;
        if (classes.size() < n - f) {
            bool const alone = left_out == f + classes.size(); // the order of the others says nothing
            for (unsigned c = classes.empty() || alone ? 0 : classes.back(); c < 6; ++c) {
                if (!whole && (c == 1 || c == 2)) continue;
                classes.push_back(c);
                bodies(classes, withheld);
                classes.pop_back();
            }
            return;
        }
        std::vector<bool> without_slot(left_out ? n : 0);
        if (left_out) without_slot[*left_out] = true;
        state s(n, f, f, without_slot);
        s.submit_all();
        for (std::size_t h = f; h < n; ++h) {
            for (std::size_t k = 1 + withheld; k < f; ++k) s.deliver(k, h, s.body(k, 0));
            unsigned const c = classes[h - f];
            if (c == 1 || c == 2) s.deliver(0, h, s.body(0, c));
        }
        s.flush();
        s.tick(at(0));
        for (std::size_t h = f; h < n; ++h) {
            unsigned const c = classes[h - f];
            if (c == 3 || c == 5) s.deliver(0, h, s.body(0, 1));
            if (c == 4 || c == 5) s.deliver(0, h, s.body(0, 2));
        }
        s.flush();
        s.tick(at(2));
        path = "bodies";
        for (unsigned const c : classes) path += char('0' + c);
        if (withheld) path += 'w';
        if (!fresh(s, "1")) return;
        auto const here_path = path;
        digests(s, f, withheld, classes, 0);
        path = here_path;
    }

    /// For each honest member: silence; all liars sign its list; all sign another's; one signs its list, the
    /// others another's.
    void digests(state const& s, std::size_t h, bool withheld, std::vector<unsigned> const& classes,
                 int last) {
        if (done()) return;
        if (h == n) {
            state next = s;
            next.flush();
            next.tick(at(4));
            if (!fresh(next, "2")) return;
            return certificates(next, withheld);
        }
        auto const other = [&]() -> log_list {
            for (std::size_t k = f; k < n; ++k)
                if (s.peers[k]->own_list() != s.peers[h]->own_list()) return s.peers[k]->own_list();
            auto list = s.peers[h]->own_list();
            list[0] = {entry_kind::body, sha256_of(body_of(0, 9))};
            return list;
        }();
        auto const before = path;
        // Then their order says nothing.
        bool const alike = h > f && left_out != h && classes[h - f] == classes[h - f - 1];
        for (int option = alike ? last : 0; option < (whole && f > 1 ? 4 : 3); ++option) {
            state next = s;
            for (std::size_t k = 0; k < f && option > 0; ++k) {
                bool const echo = option == 1 || (option == 3 && k + 1 == f);
                next.deliver(k, h, next.vote(k, hash_of(echo ? s.peers[h]->own_list() : other)));
            }
            path = before + " d" + char('0' + option);
            digests(next, h + 1, withheld, classes, option);
            path = before;
        }
    }

    std::vector<log_list> lists(state const& s) const {
        std::vector<log_list> all;
        for (std::size_t k = f; k < n; ++k)
            if (std::ranges::find(all, s.peers[k]->own_list()) == all.end())
                all.push_back(s.peers[k]->own_list());
        return all;
    }
    /// Every set of honest members; reduced: one of those in equal states, or all.
    std::vector<std::vector<std::size_t>> receivers(state const& s) const {
        std::vector<std::vector<std::size_t>> all;
        std::vector<std::string> known;
        auto const hashes = list_hashes(s);
        for (std::size_t bits = 1; bits < std::size_t{1} << (n - f); ++bits) {
            std::vector<std::size_t> some;
            for (std::size_t h = f; h < n; ++h)
                if (bits >> (h - f) & 1) some.push_back(h);
            if (!whole && some.size() != 1 && some.size() != n - f) continue;
            if (!whole && some.size() == 1) {
                auto text = text_of(s, hashes, some[0]);
                if (std::ranges::find(known, text) != known.end()) continue;
                known.push_back(std::move(text));
            }
            all.push_back(some);
        }
        return all;
    }

    /// Round 0: nothing, or a certificate, or two bodies of a relay that begins too early, to some; beside it
    /// a list to one that contests a slot alone.
    void certificates(state const& s, bool withheld) {
        std::vector<std::vector<wire::log_message>> sent{{}};
        for (auto const& l : lists(s)) sent.push_back({s.certificate(l, f)});
        sent.push_back({s.certificate(log_list(n), f)}); // all absent: the liars alone have signed it
        auto const early = [&](unsigned variant) {
            auto const hash = sha256_of(body_of(0, variant));
            return wire::relayed_body{s.body(0, variant), s.relays(statement::relayed_body, hash, 0, 1)};
        };
        if (early_relays) sent.push_back({early(1)});
        if (early_relays) sent.push_back({early(2), early(3)});
        auto const before = path;
        for (auto const& messages : sent) {
            auto const to = messages.empty() ? std::vector<std::vector<std::size_t>>{{}} : receivers(s);
            for (auto const& some : to) {
                for (int contest = 0; contest < (withheld ? 2 : 1); ++contest) {
                    if (done()) return;
                    state next = s;
                    for (std::size_t const h : some)
                        for (auto const& m : messages) next.deliver(0, h, m);
                    if (contest) {
                        auto wrong = s.peers[n - 1]->own_list();
                        wrong[1] = {entry_kind::body, sha256_of(body_of(1, 0))};
                        next.deliver(f - 1, n - 1, next.list(f - 1, wrong));
                    }
                    next.tick(at(6));
                    path = before + " c" + std::to_string(&messages - sent.data()) + (contest ? "!" : "");
                    if (fresh(next, "3")) relay(next, 1, injections, withheld);
                    path = before;
                }
            }
        }
    }

    void relay(state const& s, std::size_t round, std::size_t left, bool withheld) {
        if (done()) return;
        if (s.all_closed() || round > f + 1) {
            state end = s;
            end.sign_what_came_out(f); // liars, so that a mutant that goes wrong gets to an end
            end.run_to_end();
            ++leaves;
            if (!end.agreed(f)) ++(end.differs(f) ? bad : open);
            if (bad + open > 0 && first_bad.empty()) first_bad = path;
            return;
        }
        auto const before = path;
        auto const go_on = [&](state next,
                               std::size_t then_left) { // what came, came at the end of the round:
            next.tick(at(6 + 2 * std::int64_t(round)));
            if (fresh(next, "4" + std::to_string(round) + "," + std::to_string(then_left)))
                relay(next, round + 1, then_left, withheld);
            path = before;
        };
        go_on(s, left);
        if (left == 0 || (!whole && round != 1 && round + 1 < f + 1)) return;
        for (auto const& some : receivers(s)) {
            auto const inject = [&](char name, wire::log_message const& m) {
                if (done()) return;
                state next = s;
                for (std::size_t const h : some) next.deliver(0, h, m);
                path = before + " r" + std::to_string(round) + name;
                go_on(std::move(next), left - 1);
            };
            auto const body = [&](std::size_t k, unsigned variant) {
                auto const hash = sha256_of(body_of(k, variant));
                inject(char('0' + variant + 5 * k),
                       wire::relayed_body{s.body(k, variant), s.relays(statement::relayed_body, hash, k, f)});
            };
            body(0, 1);
            body(0, 2);
            if (withheld) body(1, 0);
            for (auto const& l : lists(s)) {
                auto const c = s.certificate(l, f);
                if (c.signatures.size() < (rules.quorum_of_signers ? s.q : f)) continue;
                inject('C', c);
                inject('R', wire::relayed_certificate{
                                c, s.relays(statement::relayed_certificate, hash_of(l), 0, f)});
            }
        }
    }
};

} // namespace log_test
