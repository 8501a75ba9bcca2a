// apps/network/lines.hpp: what the programs of a run say to their operator, and into files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../common/json.hpp"

#include <btard/crypto/text.hpp>
#include <btard/protocol/log/agreed_log.hpp>
#include <btard/run/messages.hpp>
#include <btard/train/learnable.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

namespace btard::apps {

/// "12:03:04 trainer: text", each line of the text by itself.
inline void say_line(char const* program, std::string const& text) {
    char clock[16];
    std::time_t const now = std::time(nullptr);
    std::strftime(clock, sizeof clock, "%H:%M:%S", std::localtime(&now));
    for (std::size_t from = 0; from < text.size();) {
        std::size_t const end = std::min(text.find('\n', from), text.size());
        std::fprintf(stderr, "%s %s: %.*s\n", clock, program, static_cast<int>(end - from),
                     text.data() + from);
        from = end + 1;
    }
}

[[nodiscard]] inline std::string reason_text(offence why) {
    return std::string(enum_names(why)[static_cast<std::size_t>(why)]);
}

/// `{"step":3,"loss":2.1,...}`
///
/// @param before steps that were done before its run
[[nodiscard]] inline std::string metrics_line(wire::metrics const& one, std::uint64_t before) {
    json_object line;
    line.add("step", before + one.step).add("loss", one.loss).add("gradient_seconds", one.gradient_seconds);
    line.add("step_seconds", one.step_seconds).add("sent", one.sent).add("received", one.received);
    std::vector<std::string> removed;
    for (auto const& out : one.removed)
        removed.push_back(concat(to_text(out.who), " ", reason_text(out.why)));
    if (!removed.empty()) line.add("removed", removed);
    return line.text();
}

[[nodiscard]] inline std::string evaluation_line(std::uint64_t steps, evaluation const& found) {
    json_object line;
    line.add("steps", steps).add("test_loss", found.loss);
    if (found.accuracy) line.add("accuracy", *found.accuracy);
    return line.text();
}
[[nodiscard]] inline std::string evaluation_text(std::uint64_t steps, evaluation const& found) {
    char text[120];
    std::snprintf(text, sizeof text, "after %llu steps: test loss %.4g",
                  static_cast<unsigned long long>(steps), found.loss);
    std::string all = text;
    if (!found.accuracy) return all;
    std::snprintf(text, sizeof text, ", accuracy %.4g", *found.accuracy);
    return all + text;
}

} // namespace btard::apps
