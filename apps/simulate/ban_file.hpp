// apps/simulate/ban_file.hpp: bans and what shows them, one on each line of a file that people can read too.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/types.hpp>
#include <btard/protocol/log/transcript.hpp>
#include <btard/protocol/step/run_rules.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// What has to be known of a run before its bans can be checked.
struct run_description {
    trust_root root{};
    run_rules rules{};
    std::string rule = {};      ///< as `to_text` writes it
    std::size_t size = 0;       ///< of the gradient
    bool real_keys = false;     ///< Ed25519; else signatures that a simulation makes up

    friend bool operator==(run_description const&, run_description const&) = default;
};

/// `{"run":"3f...","keys":"real","rule":"mean{}","size":1000,"faults":3,...}`: before the bans of the run.
[[nodiscard]] std::string run_line(run_description const& of);
/// `{"run":"3f...","step":7,"peer":"9a...","offence":"slander","record":"AQ..."}`: the record in base64.
[[nodiscard]] std::string ban_line(digest const& run, ban_record const& record);

struct read_ban {
    std::size_t line = 0;                 ///< from 1
    std::size_t run = 0;                  ///< which of the file
    std::optional<ban_record> record = {};
    std::string wrong = {};               ///< where there is none: why
};
struct ban_file {
    std::vector<run_description> runs = {};
    std::vector<read_ban> bans = {}; ///< lines that cannot be read among them
};

/// Every line that is not empty is a run or a ban, broken or not: nothing is lost.
[[nodiscard]] ban_file read_bans(std::string_view text);

[[nodiscard]] std::string base64(std::vector<std::byte> const& bytes);
/// Nothing for a text that `base64` does not write.
[[nodiscard]] std::optional<std::vector<std::byte>> from_base64(std::string_view text);

} // namespace btard::apps
