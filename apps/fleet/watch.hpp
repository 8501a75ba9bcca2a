// apps/fleet/watch.hpp: how a run goes, read from the files that its coordinator writes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../common/progress.hpp"
#include "../network/run_settings.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

/// The settings of the run alone: the file may hold others of the coordinator.
///
/// @throws environment_error, contract_violation: what is wrong, and where
[[nodiscard]] run_settings read_run(std::string const& path);

class watch {
public:
    watch(run_settings settings, std::size_t attackers, std::string folder);

    [[nodiscard]] std::size_t founders() const { return settings_.founders; }
    /// Of the coordinator; "": it does not listen yet.
    [[nodiscard]] std::string port() const;
    [[nodiscard]] bool has_begun() const { return !loss_.empty(); }
    /// Reads what is new, and shows it.
    void look();
    void say(std::string const& line) { shown_.say(line); }
    /// A table and plots, once all is over.
    [[nodiscard]] std::string summary();
    /// The end of a process's log.
    [[nodiscard]] std::string last_words(std::string const& process) const;

private:
    struct removed_one {
        std::size_t step;
        std::string key, reason;
    };
    void read_line(std::string_view line);
    [[nodiscard]] std::string metrics_path() const;

    run_settings settings_;
    std::size_t attackers_;
    std::string folder_;
    progress shown_;
    std::string path_;     // of the metrics
    std::size_t read_ = 0; // bytes of them
    std::vector<double> loss_;
    std::vector<std::size_t> alive_;
    std::vector<removed_one> removed_;
};

} // namespace btard::apps
