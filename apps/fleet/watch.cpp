// SPDX-License-Identifier: Apache-2.0
#include "watch.hpp"

#include "../common/config_file.hpp"
#include "../common/files.hpp"
#include "../common/json_read.hpp"
#include "../common/settings.hpp"
#include "../simulate/history.hpp"
#include "../simulate/plot.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace btard::apps {

run_settings read_run(std::string const& path) {
    run_settings made;
    origins from;
    std::vector<std::string> names;
    for (auto const& option : options_of(made)) names.push_back(option.name);
    auto lines = read_config(path);
    std::erase_if(lines, [&](given const& one) { return std::ranges::find(names, one.name) == names.end(); });
    apply(made, lines, from);
    check(made);
    return made;
}

watch::watch(run_settings settings, std::size_t attackers, std::string folder)
    : settings_(std::move(settings)), attackers_(attackers), folder_(std::move(folder)),
      shown_(stderr, settings_.steps) {
    expects(attackers_ <= settings_.founders, attackers_, " attackers, but the run begins with ",
            settings_.founders, " trainers: --founders");
}

std::string watch::port() const {
    std::ifstream file(folder_ + "/port");
    std::string line;
    return std::getline(file, line) ? line : "";
}

std::string watch::metrics_path() const {
    std::error_code ignored;
    std::string found;
    std::filesystem::file_time_type newest{};
    for (auto const& one : std::filesystem::directory_iterator(folder_ + "/coordinator", ignored)) {
        auto const name = one.path().filename().string();
        if (!name.starts_with("metrics-") || !name.ends_with(".jsonl")) continue;
        auto const when = one.last_write_time(ignored);
        if (found.empty() || when > newest) found = one.path().string(), newest = when;
    }
    return found;
}

void watch::look() {
    if (path_.empty() && port().empty()) return;
    if (path_.empty()) path_ = metrics_path();
    if (path_.empty()) return;
    std::ifstream file(path_, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(read_));
    std::string line;
    while (std::getline(file, line)) {
        if (file.eof()) break; // its end has not been written yet
        read_ += line.size() + 1;
        read_line(line);
    }
}

void watch::read_line(std::string_view line) {
    auto const members = read_json(line);
    if (!members || value_in(*members, "loss").empty()) return;
    auto const step = static_cast<std::size_t>(json_number(value_in(*members, "step")));
    if (step < loss_.size() || step >= settings_.steps) return;
    double const loss = json_number(value_in(*members, "loss"));
    auto const trainers = static_cast<std::size_t>(json_number(value_in(*members, "trainers")));
    while (loss_.size() <= step) loss_.push_back(loss), alive_.push_back(trainers);
    for (auto const& one : json_texts(value_in(*members, "removed"))) {
        auto const blank = one.find(' ');
        removed_.push_back({step, one.substr(0, blank), one.substr(blank + 1)});
        shown_.say(concat("step ", step, ": ", one.substr(0, 8), " is out: ", one.substr(blank + 1)));
    }
    shown_.step("run", step + 1, settings_.steps, [&] {
        char text[80];
        std::snprintf(text, sizeof text, "loss %.4g  trainers %zu", loss, trainers);
        return std::string(text);
    });
}

std::string watch::summary() {
    std::string text = concat(loss_.size(), " of ", settings_.steps, " steps");
    if (!loss_.empty()) {
        char numbers[80];
        std::snprintf(numbers, sizeof numbers, ", loss %.4g at first, %.4g at last", loss_.front(),
                      loss_.back());
        text += numbers;
    }
    text += concat("\n", removed_.size(), " of ", settings_.founders, " trainers are out",
                   removed_.empty() ? "" : ":", "\n");
    for (auto const& one : removed_)
        text += concat("  step ", one.step, "  ", one.key.substr(0, 8), "  ", one.reason, "\n");
    if (loss_.empty()) return text;
    history told{
        .name = "run", .peers = settings_.founders, .byzantine = attackers_, .loss = loss_, .alive = alive_};
    write_file(folder_ + "/plots.gp", plot_script(std::span(&told, 1)));
    try {
        run_gnuplot(folder_, "plots.gp");
        text += concat("plots: ", folder_, "/loss.svg, loss.png, peers.svg, peers.png\n");
    } catch (environment_error const& error) {
        text += concat(error.what(), "\n");
    }
    return text + concat("bans, for simulate verify-ban: ", folder_, "/trainer-*/bans-*.jsonl\n");
}

std::string watch::last_words(std::string const& process) const {
    std::ifstream file(concat(folder_, "/", process, ".log"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    std::string text;
    for (std::size_t k = lines.size() > 5 ? lines.size() - 5 : 0; k < lines.size(); ++k)
        text += lines[k] + "\n";
    return text;
}

} // namespace btard::apps
