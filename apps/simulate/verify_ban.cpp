// SPDX-License-Identifier: Apache-2.0
#include "verify_ban.hpp"

#include "../common/choices.hpp"
#include "../common/exit_status.hpp"
#include "../common/files.hpp"

#include <btard/aggregate/host.hpp>
#include <btard/core/error.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/text.hpp>
#include <btard/protocol/ban/ban_check.hpp>
#include <btard/testing/counting_signer.hpp>

#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace btard::apps {

namespace {

/// Checks signatures of either kind, and makes none.
struct either_key {
    bool real;

    [[nodiscard]] signature sign(std::span<std::byte const>) const {
        throw contract_violation("this key signs nothing");
    }
    [[nodiscard]] bool verify(public_key const& key, std::span<std::byte const> text,
                              signature const& by) const noexcept {
        return real ? verify_signature(key, text, by) : testing::counting_signer(0).verify(key, text, by);
    }
};

constexpr auto unconfirmed =
    "signed, not confirmed: no step came after it that says that it began from these logs";

std::optional<std::string> what_is_wrong(ban_record const& record, run_description const& run) {
    if (run.size == 0 || run.size > wire_limits{}.floats * wire_limits{}.peers)
        return "the run has a gradient of no size";
    try {
        run.rules.validate_tolerance();
        auto const rule = parse<any_aggregator>(run.rule);
        return std::visit(
            [&]<class R>(R const& one) -> std::optional<std::string> {
                if constexpr (verifiable_aggregator<R>) {
                    if (!rule.mixings.items.empty()) return concat("peers cannot check ", run.rule);
                    validate(one);
                    court<host, R> const bench{host{.threads = 1}, one, run.size, {}, run.rules.tolerance};
                    return verify_ban(record, either_key{run.real_keys}, bench, run.rules, run.root,
                                      confirmation::may_be_missing);
                } else {
                    return concat("peers cannot check ", run.rule);
                }
            },
            rule.rule);
    } catch (environment_error const& error) {
        return concat("the rule of the run: ", error.what());
    } catch (contract_violation const& error) {
        return concat("the rule of the run: ", error.what());
    }
}

} // namespace

std::pair<std::string, bool> verify_bans(ban_file const& file) {
    std::string text;
    bool all = true;
    for (auto const& run : file.runs)
        text += concat("run ", to_text(public_key{run.root.run.bytes}), ": ", run.root.roster.size(),
                       " members at first, ", run.rule,
                       run.real_keys ? "\n" : ", simulated signatures, which protect nothing\n");
    for (auto const& ban : file.bans) {
        auto const wrong = ban.record ? what_is_wrong(*ban.record, file.runs[ban.run]) : ban.wrong;
        all = all && !wrong && is_confirmed(*ban.record);
        if (!ban.record) {
            text += concat("line ", ban.line, ": ", ban.wrong, "\n");
            continue;
        }
        auto const& [who, why] = std::pair(ban.record->who, ban.record->why);
        std::string const found = wrong                       ? concat("WRONG, line ", ban.line, ": ", *wrong)
                                  : is_confirmed(*ban.record) ? "verified"
                                                              : unconfirmed;
        text += concat("step ", ban.record->step, "  ", to_text(who.key).substr(0, 16), "  ",
                       enum_names(why)[std::size_t(why)], "  ", found, "\n");
    }
    return {text, all};
}

int verify_ban_command(std::vector<std::string> const& words) {
    if (words.size() != 1 || words.front().starts_with("-")) {
        std::fputs("usage: simulate verify-ban FILE\n"
                   "  checks the bans in the file bans.jsonl of a run: signatures, hashes, and every verdict "
                   "again\n",
                   words.size() == 1 && words.front() == "--help" ? stdout : stderr);
        return words.size() == 1 && words.front() == "--help" ? 0 : told_nonsense;
    }
    auto const file = read_bans(read_file(words.front()));
    if (file.bans.empty()) std::fputs("no bans\n", stdout);
    auto const [text, all] = verify_bans(file);
    std::fputs(text.c_str(), stdout);
    return all ? 0 : told_nonsense;
}

} // namespace btard::apps
