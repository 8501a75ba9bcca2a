// btard/checkpoint/checkpoint_folder.hpp: of the checkpoints of a run the last are kept, the last good one is found.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/checkpoint/atomic_file.hpp>
#include <btard/checkpoint/byte_source.hpp>
#include <btard/checkpoint/checkpoint.hpp>
#include <btard/checkpoint/checkpoint_file.hpp>
#include <btard/core/error.hpp>
#include <btard/core/types.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace btard {

/// Which checkpoints stay when a new one is there.
struct keep_rule {
    std::size_t last = 3;                      ///< so many, the new one among them
    std::vector<std::uint64_t> permanent = {}; ///< steps whose checkpoints stay for ever
};

/// What a folder has to go on with.
struct found_checkpoint {
    std::optional<checkpoint> last;   ///< nothing: the run begins
    std::string path;                 ///< of its file
    std::vector<std::string> skipped; ///< why later ones are not it: sentences for the operator
};

namespace detail {

inline constexpr std::string_view step_prefix = "step-", step_suffix = ".safetensors";

/// step-000450.safetensors
[[nodiscard]] inline std::string checkpoint_name(std::uint64_t step) {
    auto const digits = concat(step);
    return concat(step_prefix, std::string(6 - std::min<std::size_t>(digits.size(), 6), '0'), digits,
                  step_suffix);
}

struct step_file {
    std::uint64_t step;
    std::string path;
};

/// The checkpoints of a folder by their names, the last step first.  What a killed writer left behind is removed.
[[nodiscard]] inline std::vector<step_file> checkpoints_in(std::string const& folder) {
    std::vector<step_file> found;
    std::error_code failure;
    for (auto entry = std::filesystem::directory_iterator(folder, failure);
         !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
        auto const name = entry->path().filename().string();
        std::uint64_t step = 0;
        char const* const end = name.data() + name.size();
        if (!name.starts_with(step_prefix)) continue;
        auto const [behind, wrong] = std::from_chars(name.data() + step_prefix.size(), end, step);
        if (wrong != std::errc()) continue;
        auto const rest = std::string_view(name).substr(static_cast<std::size_t>(behind - name.data()));
        if (rest == step_suffix) found.push_back({step, entry->path().string()});
        else if (rest.starts_with(concat(step_suffix, ".part")))
            remove_abandoned_part(entry->path().string());
    }
    if (failure && failure != std::errc::no_such_file_or_directory)
        throw environment_error(failure,
                                concat("cannot list the folder '", folder, "': ", failure.message()));
    std::ranges::sort(found, [](auto const& a, auto const& b) { return a.step > b.step; });
    return found;
}

/// The run of a checkpoint, by its header; nothing where it has none that can be read.
[[nodiscard]] inline std::optional<digest> run_in(std::string const& path) {
    try {
        return checkpoint_reader(byte_source::from_file(path), {}).run();
    } catch (environment_error const&) {
        return {};
    }
}

} // namespace detail

/// Writes `step-000450.safetensors` for step 450, then removes those of the same run that need not be kept.  Files of
/// later steps, of other runs, and such as cannot be read stay.  The folder is made where it is missing.
///
/// @return the path of the file
/// @throws environment_error: a `std::errc`, with all that was there unchanged; `file_exists` where another run has a
/// checkpoint of this step in the folder.
inline std::string save_checkpoint(std::string const& folder, checkpoint const& of,
                                   keep_rule const& keep = {}) {
    expects(keep.last > 0, "of the last checkpoints 0 are to be kept; 1 is the least");
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure)
        throw environment_error(failure,
                                concat("cannot make the folder '", folder, "': ", failure.message()));
    auto const path = concat(folder, "/", detail::checkpoint_name(of.step));
    if (auto const other = detail::run_in(path); other && *other != of.run)
        throw environment_error(
            std::make_error_code(std::errc::file_exists),
            concat("the file '", path,
                   "' is a checkpoint of another run; give this run a folder of its own"));
    write_checkpoint(path, of);

    std::size_t kept = 0;
    for (auto const& [step, old] : detail::checkpoints_in(folder)) {
        if (step > of.step) continue;
        if (step != of.step && detail::run_in(old) != of.run) continue;
        if (kept++ < keep.last || std::ranges::find(keep.permanent, step) != keep.permanent.end()) continue;
        std::filesystem::remove(old, failure); // one that stays harms nobody
    }
    return path;
}

/// The newest checkpoint of a run that is whole.  A folder that is missing has none.
///
/// @throws environment_error: where the folder cannot be listed.
[[nodiscard]] inline found_checkpoint load_last_checkpoint(std::string const& folder, digest const& run) {
    found_checkpoint found;
    for (auto const& [step, path] : detail::checkpoints_in(folder)) {
        try {
            found.last = read_checkpoint(path, run);
            if (found.last->step == step) {
                found.path = path;
                return found;
            }
            found.skipped.push_back(
                concat("the safetensors file '", path, "' is one of step ", found.last->step));
        } catch (environment_error const& error) {
            found.skipped.push_back(error.what());
        }
    }
    found.last.reset();
    return found;
}

} // namespace btard
