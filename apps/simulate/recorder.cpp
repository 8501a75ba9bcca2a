// SPDX-License-Identifier: Apache-2.0
#include "recorder.hpp"
#include "record.hpp"

namespace btard::apps {

std::string part_of(std::string const& path) { return path + ".part"; }

std::string bans_file(curve const& one, bool alone) {
    if (alone && one.file != "bans.jsonl") return "bans.jsonl";
    return one.file.substr(0, one.file.rfind(".jsonl")) + ".bans.jsonl";
}

void recorder::add(std::span<std::size_t const> which, step_result const& result) {
    std::string const line = step_line(result);
    for (std::size_t const k : which) {
        std::string const path = folder_ + "/" + curves_[k].file;
        if (result.report.step == 0) files_[k].emplace(part_of(path)).write(header_line(curves_[k]));
        files_[k]->write(line);
        std::string const bans = folder_ + "/" + bans_file(curves_[k], alone_);
        if (!result.shown.run.empty()) bans_[k].emplace(part_of(bans)).write(result.shown.run);
        for (auto const& ban : result.shown.bans) bans_[k]->write(ban);
        if (result.report.step + 1 < curves_[k].what.steps) continue;
        if (bans_[k]) bans_[k]->rename(bans);
        bans_[k].reset();
        files_[k]->rename(path);
        files_[k].reset();
        ++finished_;
    }
}

} // namespace btard::apps
