// btard/protocol/log/epochs.hpp: the members of an epoch, and the epochs whose statements still count.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/wire/encoding.hpp>
#include <btard/protocol/wire/statement.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace btard {

/// The members of an epoch, and where each of them stands.
class roster {
public:
    explicit roster(std::vector<log_member> members) : members_(std::move(members)) {
        for (std::size_t k = 0; k < members_.size(); ++k) places_.emplace(members_[k].key, peer_id(k));
    }
    [[nodiscard]] std::vector<log_member> const& members() const { return members_; }
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    [[nodiscard]] public_key const& key(peer_id of) const { return members_[static_cast<std::size_t>(of)].key; }
    [[nodiscard]] std::optional<peer_id> find(public_key const& key) const {
        auto const at = places_.find(key);
        if (at == places_.end()) return {};
        return at->second;
    }

private:
    std::vector<log_member> members_;
    std::map<public_key, peer_id> places_;
};

/// An epoch whose statements may still be shown: of the step, or of one of the two before.
struct past_epoch {
    std::uint64_t number = 0, last_step = 0;
    std::vector<log_member> members_then = {};

    static constexpr void members(auto& self, auto&& member) {
        member(self.number);
        member(self.last_step);
        member(self.members_then, &wire_limits::peers);
    }
    friend bool operator==(past_epoch const&, past_epoch const&) = default;
};

/// Its proofs count up to two steps after its end: so long may a member see them, and say them in a body.
class recent_epochs {
public:
    /// A broadcast of that step and epoch begins.
    void begin(std::uint64_t step, std::uint64_t number, std::shared_ptr<roster const> among) {
        std::erase_if(epochs_, [&](epoch const& old) { return old.last_step + 2 < step || old.number == number; });
        epochs_.push_back({number, step, std::move(among)});
    }
    /// Those that another member knows.
    void inherit(std::span<past_epoch const> epochs) {
        for (auto const& [number, last_step, then] : epochs)
            epochs_.push_back({number, last_step, std::make_shared<roster const>(then)});
    }
    [[nodiscard]] std::vector<past_epoch> list() const {
        std::vector<past_epoch> all;
        for (auto const& [number, last_step, then] : epochs_) all.push_back({number, last_step, then->members()});
        return all;
    }
    /// Null: it is over for too long.
    [[nodiscard]] roster const* find(std::uint64_t number) const {
        auto const at = std::ranges::find(epochs_, number, &epoch::number);
        return at == epochs_.end() ? nullptr : at->among.get();
    }
    [[nodiscard]] std::shared_ptr<roster const> const& newest() const { return epochs_.back().among; }

private:
    struct epoch {
        std::uint64_t number, last_step;
        std::shared_ptr<roster const> among;
    };
    std::vector<epoch> epochs_; // of this step and the two before
};

} // namespace btard
