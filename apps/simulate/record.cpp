// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"
#include "verified_rule.hpp"

#include "../common/json.hpp"

#include <btard/crypto/text.hpp>

#include <btard/version.hpp>

#include <limits>
#include <string_view>
#include <type_traits>

namespace btard::apps {

std::string version_text() {
    return concat(BTARD_VERSION_MAJOR, ".", BTARD_VERSION_MINOR, ".", BTARD_VERSION_PATCH);
}

std::string header_line(curve const& one) {
    json_object all;
    for_each_field(one.what, [&]<class M>(std::string_view name, M const& value, std::string_view) {
        if constexpr (detail::is_a<M, std::optional>) {
            if (!value) return void(all.add_raw(name, "null"));
        }
        if constexpr (std::is_arithmetic_v<M>) all.add(name, value);
        else if constexpr (std::same_as<M, attackers>) all.add(name, value.peers);
        else if constexpr (std::same_as<M, std::optional<float>> ||
                           std::same_as<M, std::optional<double>> || std::same_as<M, std::optional<std::size_t>>)
            all.add(name, *value);
        else all.add(name, to_text(value));
    });
    json_object line;
    line.add("btard", version_text()).add("curve", one.name).add_raw("settings", all.text());
    if (one.what.has_validators() && one.what.keys == signing_keys::real) {
        std::vector<std::string> keys;
        for (auto const& key : keys_of(one.what)) keys.push_back(to_text(key.key()));
        line.add("keys", keys);
    }
    return line.text();
}

std::string step_line(step_result const& result) {
    auto const& report = result.report;
    auto const& rule = report.aggregation;
    double const relative =
        rule.scale > 0 ? rule.residual / rule.scale : std::numeric_limits<double>::quiet_NaN();
    json_object line;
    line.add("step", report.step)
        .add("loss", report.loss)
        .add("honest", report.honest)
        .add("byzantine", report.byzantine)
        .add("attacking", report.attacking)
        .add("banned", report.banned)
        .add("clipped", rule.clipped)
        .add("iterations", rule.iterations)
        .add("residual", relative)
        .add("aggregate_norm", report.aggregate_norm)
        .add("seconds", result.seconds);
    if (!report.removed.empty()) {
        std::vector<std::size_t> peers;
        std::vector<std::string_view> reasons;
        for (auto const& one : report.removed) peers.push_back(one.peer), reasons.push_back(one.why);
        line.add("removed", peers).add("reasons", reasons);
    }
    if (result.test) line.add("test_loss", result.test->loss);
    if (result.test && result.test->accuracy) line.add("accuracy", *result.test->accuracy);
    return line.text();
}

} // namespace btard::apps
