// SPDX-License-Identifier: Apache-2.0
#include "results.hpp"
#include "record.hpp"
#include "recorder.hpp"
#include "removals.hpp"

#include "../common/files.hpp"
#include "../common/json_read.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace btard::apps {

namespace {

namespace fs = std::filesystem;

/// Calls `take(members)` for each line, until one is not whole.
template <class Take>
void for_each_line(std::string_view text, Take&& take) {
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        auto const members = read_json(text.substr(0, end));
        if (!members) return;
        take(*members);
        text.remove_prefix(end + 1);
    }
}

std::size_t whole_number(std::vector<json_member> const& line, std::string_view name) {
    double const number = json_number(value_in(line, name));
    return number >= 0 && number < 1e15 ? static_cast<std::size_t>(number) : 0;
}

std::string first_line(std::string const& text) { return text.substr(0, text.find('\n')); }

/// The version and all settings, as (name, text).
std::vector<json_member> settings_in(std::string const& header) {
    auto const members = read_json(header).value_or(std::vector<json_member>{});
    auto all = read_json(value_in(members, "settings")).value_or(std::vector<json_member>{});
    all.insert(all.begin(), {"the version of btard", std::string{value_in(members, "btard")}});
    std::erase_if(all, [](json_member const& one) { return one.name == "threads"; });
    return all;
}

/// Refuses a file with other settings than those of a run; those named in `free` may differ.
void compare(std::string const& path, std::string const& header, curve const& one,
             std::vector<std::string_view> const& free = {}) {
    auto const there = settings_in(header), here = settings_in(header_line(one));
    for (auto const& [name, value] : here) {
        if (std::find(free.begin(), free.end(), name) != free.end()) continue;
        auto const other = value_in(there, name);
        expects(other == value, "--out: '", path, "' has results of other settings: ", name, " is ",
                other.empty() ? "absent" : json_letters(other), " there, ", json_letters(value),
                " here; choose another folder, or let --overwrite replace the results");
    }
}

bool is_complete(std::string const& text, curve const& one) {
    auto const lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return lines == one.what.steps + 1 && text.ends_with('\n');
}

/// The file of no run that is wanted: in a sweep, a run of other rules, attacks, conducts or seeds may be there.
void judge_other_file(std::string const& path, request const& wanted) {
    expects(wanted.is_sweep(), "--out: '", path,
            "' has results of another curve; choose another folder, or let --overwrite replace the results");
    compare(path, first_line(read_file(path)), wanted.curves.front(), {"rule", "attack", "conduct", "seed"});
}

/// Bans are judged with the run that they belong to.
bool has_bans(std::string const& path) { return first_line(read_file(path)).starts_with("{\"run\":"); }

/// The files that this program wrote for runs, finished or not.
std::vector<std::string> results_in(std::string const& folder) {
    std::vector<std::string> found;
    std::error_code ignored;
    for (fs::directory_iterator at(folder, ignored), end; at != end; at.increment(ignored)) {
        std::string const path = at->path().string();
        bool const named = path.ends_with(".jsonl") || path.ends_with(part_of(".jsonl"));
        if (!named) continue;
        if (has_bans(path) || first_line(read_file(path)).starts_with("{\"btard\":")) found.push_back(path);
    }
    return found;
}

void judge_folder(request const& wanted) {
    std::error_code ignored; // of a folder that is not there, or that making it will complain about
    bool any = false, ours = false;
    for (fs::directory_iterator at(wanted.out, ignored), end; at != end; at.increment(ignored)) {
        any = true;
        std::string const file = at->path().filename().string();
        ours = ours || file.ends_with(".jsonl") || file.ends_with(part_of(".jsonl")) ||
               (file == "summary.csv" && first_line(read_file(at->path().string())).starts_with("rule,attack,"));
        bool const is_wanted = std::any_of(wanted.curves.begin(), wanted.curves.end(),
                                           [&](curve const& one) { return one.file == file; });
        if (file.ends_with(".jsonl") && !is_wanted && !has_bans(at->path().string()))
            judge_other_file(at->path().string(), wanted);
    }
    expects(ours || !any, "--out: the folder '", wanted.out,
            "' is not empty, and has no results; choose another one, or let --overwrite put them there");
}

} // namespace

history read_history(std::string const& folder, curve const& one) {
    history found{one.name, one.what.swarm.peers, one.what.byzantine.peers.size()};
    std::string path = folder + "/" + one.file;
    if (!fs::exists(path)) path = part_of(path);
    if (!fs::exists(path)) return found;
    std::string const text = read_file(path);
    bool header = true;
    for_each_line(text, [&](std::vector<json_member> const& line) {
        if (std::exchange(header, false)) return;
        step_report report{.step = whole_number(line, "step"),
                           .loss = json_number(value_in(line, "loss")),
                           .honest = whole_number(line, "honest"),
                           .byzantine = whole_number(line, "byzantine"),
                           .attacking = whole_number(line, "attacking"),
                           .banned = json_numbers(value_in(line, "banned"))};
        auto const who = json_numbers(value_in(line, "removed"));
        auto const why = json_texts(value_in(line, "reasons"));
        for (std::size_t k = 0; k < std::min(who.size(), why.size()); ++k)
            report.removed.push_back({who[k], why[k], kind_of_removal(why[k]) == removed_as::ban});
        std::optional<evaluation> test;
        if (!value_in(line, "test_loss").empty())
            test.emplace().loss = json_number(value_in(line, "test_loss"));
        if (test && !value_in(line, "accuracy").empty())
            test->accuracy = json_number(value_in(line, "accuracy"));
        found.add(report, test);
        found.seconds = json_number(value_in(line, "seconds"));
    });
    return found;
}

std::vector<bool> finished_runs(request const& wanted) {
    std::vector<bool> finished(wanted.curves.size());
    if (wanted.overwrite) return finished;
    judge_folder(wanted);
    for (std::size_t k = 0; k < finished.size(); ++k) {
        std::string const path = wanted.out + "/" + wanted.curves[k].file;
        if (!fs::exists(path)) continue;
        std::string const text = read_file(path);
        compare(path, first_line(text), wanted.curves[k]);
        finished[k] = is_complete(text, wanted.curves[k]);
    }
    return finished;
}

void remove_unfinished(request const& wanted, std::vector<bool> const& finished) {
    if (wanted.overwrite)
        for (auto const& path : results_in(wanted.out)) remove_file(path);
    for (std::size_t k = 0; k < finished.size(); ++k) {
        if (finished[k]) continue;
        for (auto const& file : {wanted.curves[k].file, bans_file(wanted.curves[k], finished.size() == 1)}) {
            std::string const path = wanted.out + "/" + file;
            remove_file(path);
            remove_file(part_of(path));
        }
    }
}

} // namespace btard::apps
