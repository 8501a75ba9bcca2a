// SPDX-License-Identifier: Apache-2.0
#include "recorder.hpp"
#include "record.hpp"

namespace btard::apps {

std::string part_of(std::string const& path) { return path + ".part"; }

void recorder::add(std::span<std::size_t const> which, step_result const& result) {
    std::string const line = step_line(result);
    for (std::size_t const k : which) {
        std::string const path = folder_ + "/" + curves_[k].file;
        if (result.report.step == 0) files_[k].emplace(part_of(path)).write(header_line(curves_[k]));
        files_[k]->write(line);
        if (result.report.step + 1 < curves_[k].what.steps) continue;
        files_[k]->rename(path);
        files_[k].reset();
        ++finished_;
    }
}

} // namespace btard::apps
