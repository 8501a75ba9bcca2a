// benchmarks/attack_matrix.cpp: every attack against peers that check each other: who is removed, and at what cost.
// SPDX-License-Identifier: Apache-2.0
//
//     attack_matrix [--seeds 4] [--steps 200] [--peers 16] [--byzantine 7] [--only TEXT]
//
// Prints the table of docs/security.md.  Byzantine peers cover each other, whatever else they do.  Anybody is let in after a
// short probation, of 20 steps, and 10 steps after the one before; beside `eclipse` an honest newcomer wants in.
#include <btard/aggregate/centered_clip.hpp>
#include <btard/attack/any_attack.hpp>
#include <btard/attack/any_conduct.hpp>
#include <btard/core/parallel.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/protocol/verified_swarm.hpp>
#include <btard/testing/counting_signer.hpp>
#include <btard/train/quadratic.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace btard;

struct request {
    std::size_t peers = 16, byzantine = 7, seeds = 4, steps = 200;
    std::string only;
};

/// What Byzantine peers do: to gradients, and to the protocol.
struct row {
    char const* gradient;
    char const* conduct;
};
constexpr char const* fair = "honest";
constexpr char const* plain = "upright";
constexpr row rows[] = {
    {fair, plain},
    {"sign_flip{}", plain},
    {"sign_flip{.scale = 1000}", plain},
    {"constant_direction{}", plain},
    {"delayed_gradient{}", plain},
    {"inner_product{}", plain},
    {"little_is_enough{}", plain},
    {"gaussian{}", plain},
    {"not_finite{}", plain},
    {"scheduled{sign_flip{}, {.start = 50}}", plain},
    {fair, "lying_aggregator{}"},
    {fair, "lying_aggregator{.cover = own}"},
    {fair, "lying_aggregator{.cover = accomplices}"},
    {fair, "lying_aggregator{.in = rounding}"},
    {fair, "false_testimony{}"},
    {fair, "false_testimony{.what = not_finite}"},
    {fair, "false_testimony{.what = huge}"},
    {fair, "slander{}"},
    {fair, "slander{.by_validators = true}"},
    {fair, "slander{.shows = nobody}"},
    {fair, "huge_values{}"},
    {fair, "huge_values{.in_aggregates = true}"},
    {fair, "garbage{}"},
    {fair, "declare_wrong_quota{}"},
    {fair, "deny_have_bits{}"},
    {fair, "withhold_parts{}"},
    {fair, "withhold_parts{.after_complaints = false}"},
    {fair, "result_to_some{}"},
    {fair, "withhold_audit_data{}"},
    {fair, "false_complaints{}"},
    {fair, "false_complaints{.choose = true}"},
    {fair, "false_demands{}"},
    {fair, "silence{}"},
    {fair, "silence{.where = links}"},
    {fair, "silence{.where = broadcast, .in = reveal}"},
    {fair, "silence{.where = broadcast, .in = testimony}"},
    {"sign_flip{}", "silence{.where = broadcast, .in = accuse}"},
    {"sign_flip{}", "leave_before_accusation{}"},
    {fair, "equivocate{}"},
    {fair, "equivocate{.what = late_body}"},
    {fair, "equivocate{.what = list}"},
    {"sign_flip{}", "mprng_abort{.when = always}"},
    {"sign_flip{}", "mprng_abort{.when = own_audit}"},
    {"sign_flip{}", "mprng_abort{.when = accomplice_audit}"},
    {fair, "mprng_abort{.bad_opening = true}"},
    {fair, "late_messages{}"},
    {fair, "late_messages{.half = true}"},
    {fair, "replayed_messages{}"},
    {fair, "contest_flood{.victim = 7}"}, // the first honest one
    {fair, "few_holders{}"},
    {fair, "state_lie{}"},
    {"sign_flip{}", "new_keys{}"},
    {"sign_flip{}", "new_keys{.lies = true}"},
    {"sign_flip{}", "sybil_join{}"},
    {fair, "eclipse{}"},
    {fair, "eclipse{.silent = true}"},
    {"sign_flip{}", "withhold_audit_data{}"},
    {"sign_flip{}", "scheduled{lying_aggregator{.cover = accomplices}, {.start = 50}}"},
};

struct outcome {
    std::map<std::string_view, std::size_t> attackers, honest; ///< removed, by reason
    std::size_t last = 0;                                      ///< step of the last ban
    std::size_t left = 0;                                      ///< attackers still there
    std::size_t honest_banned = 0, honest_struck = 0;
    double loss = 0;
    bool kept_out = false; ///< the honest newcomer
    std::string failed = {};
};

outcome run_once(request const& of, row const& what, std::uint64_t seed) {
    outcome found;
    std::vector<testing::counting_signer> keys;
    for (std::size_t k = 0; k < of.peers; ++k) keys.emplace_back(seed * 4'096 + k);
    swarm_options options{.peers = of.peers, .seed = seed, .threads = 1, .bans = bans::validators};
    for (std::size_t k = 0; k < of.byzantine; ++k) options.byzantine.push_back(k);
    verification checks;
    checks.probation = {.admits = admission::anybody, .steps = 20, .apart = 10};
    try {
        verified_swarm run(quadratic{.dimension = 256}, centered_clip{.tau = 1},
                           parse<any_attack>(what.gradient), parse<any_conduct>(what.conduct), options,
                           checks, keys);
        run.set_new_keys([&](std::size_t number) { return testing::counting_signer((seed << 32) + number); });
        bool const joins = std::string_view(what.conduct).starts_with("eclipse");
        if (joins) run.add_newcomer(testing::counting_signer(seed << 32)); // asks an attacker first
        (void)run.train(of.steps, [&](step_report const& step) {
            found.left = step.byzantine;
            for (auto const& one : step.removed) {
                bool const attacker = one.peer < of.byzantine || (one.peer >= of.peers && !joins);
                ++(attacker ? found.attackers : found.honest)[one.why];
                if (attacker && one.banned) found.last = step.step + 1;
                if (attacker) continue;
                if (one.banned) ++found.honest_banned;
                else if (one.why != "absence" && one.why != "leave") ++found.honest_struck;
            }
        });
        found.kept_out = joins && !run.is_member(of.peers);
        found.loss = run.evaluate();
    } catch (std::exception const& failure) {
        found.failed = failure.what();
    }
    return found;
}

std::string listed(std::map<std::string_view, std::size_t> const& all, std::size_t runs) {
    std::string text;
    for (auto const& [why, count] : all) {
        char number[32];
        std::snprintf(number, sizeof number, "%.3g", double(count) / double(runs));
        text += (text.empty() ? "" : ", ") + std::string(number) + " " + std::string(why);
    }
    return text.empty() ? "nobody" : text;
}

int measure(request const& of) {
    double undisturbed = 0;
    std::printf(
        "| gradient | protocol | attackers removed | the last ban at step | attackers left | honest removed "
        "| honest banned or "
        "struck | loss over that without attack |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    bool good = true;
    for (row const& what : rows) {
        bool const first = &what == rows;
        if (!first && !of.only.empty() &&
            (what.gradient + std::string(what.conduct)).find(of.only) == std::string::npos)
            continue;
        std::vector<outcome> all(of.seeds);
        parallel::run(of.seeds, parallel::hardware(),
                      [&](std::size_t number, std::size_t) { all[number] = run_once(of, what, number + 1); });
        outcome sum;
        double steps = 0;
        for (auto const& one : all) {
            for (auto const& [why, count] : one.attackers) sum.attackers[why] += count;
            for (auto const& [why, count] : one.honest) sum.honest[why] += count;
            sum.honest_banned += one.honest_banned;
            sum.honest_struck += one.honest_struck;
            sum.left += one.left;
            sum.loss += one.loss / double(of.seeds);
            steps += double(one.last) / double(of.seeds);
            if (!one.failed.empty())
                std::fprintf(stderr, "%s, %s: %s\n", what.gradient, what.conduct, one.failed.c_str());
            if (one.kept_out) std::fprintf(stderr, "%s: the newcomer was kept out\n", what.conduct);
            good = good && one.failed.empty() && !one.kept_out;
        }
        if (first) undisturbed = sum.loss;
        good = good && sum.honest_banned + sum.honest_struck == 0;
        std::printf("| `%s` | `%s` | %s | %.0f | %.2g | %s | %zu | %.2f |\n", what.gradient, what.conduct,
                    listed(sum.attackers, of.seeds).c_str(), steps, double(sum.left) / double(of.seeds),
                    listed(sum.honest, of.seeds).c_str(), sum.honest_banned + sum.honest_struck,
                    sum.loss / undisturbed);
        std::fflush(stdout);
    }
    return good ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    request wanted;
    for (int k = 1; k < argc; k += 2) {
        std::string_view const name = argv[k];
        if (k + 1 == argc) return std::fprintf(stderr, "attack_matrix: %s needs a value\n", argv[k]), 2;
        std::size_t const number = std::strtoul(argv[k + 1], nullptr, 10);
        if (name == "--seeds") wanted.seeds = number;
        else if (name == "--steps") wanted.steps = number;
        else if (name == "--peers") wanted.peers = number;
        else if (name == "--byzantine") wanted.byzantine = number;
        else if (name == "--only") wanted.only = argv[k + 1];
        else
            return std::fprintf(stderr, "attack_matrix: no option %s; see the first lines of its source\n",
                                argv[k]),
                   2;
    }
    if (wanted.seeds == 0 || wanted.steps == 0)
        return std::fprintf(stderr, "attack_matrix: no runs of 0 seeds or steps\n"), 2;
    return measure(wanted);
}
