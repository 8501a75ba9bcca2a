// tests/apps/processes.hpp: a coordinator and trainers as processes of this machine, for tests of the whole.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../../apps/fleet/child.hpp"

#include <btard/checkpoint/checkpoint_file.hpp>
#include <btard/checkpoint/checkpoint_folder.hpp>
#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <list>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace btard::testing {

using words = std::vector<std::string>;

/// Asks again and again, at most so long.
template <class F>
[[nodiscard]] bool within(std::chrono::seconds most, F&& holds) {
    auto const end = std::chrono::steady_clock::now() + most;
    while (std::chrono::steady_clock::now() < end) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return holds();
}

[[nodiscard]] inline std::string contents(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
}

/// All of it in one folder, which is emptied first.  What goes wrong is shown with the ends of all logs.
class processes {
public:
    explicit processes(std::string const& name, std::size_t founders, words more = {},
                       std::size_t steps = 150)
        : folder_(std::string(BTARD_TEST_FOLDER) + "/" + name), founders_(founders), steps_(steps) {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        settings_ = {
            "--founders",
            std::to_string(founders),
            "--data",
            "quadratic{.dimension = 300}",
            "--steps",
            std::to_string(steps),
            "--deadlines",
            "deadlines{.gradient = 3000, .bulk = 2000, .body = 1000, .question = 250, .interval = 1000}"};
        settings_.insert(settings_.end(), more.begin(), more.end());
    }
    ~processes() {
        if (!shown_) return;
        for (auto const& one : std::filesystem::directory_iterator(folder_))
            if (one.path().extension() == ".log")
                MESSAGE(one.path().filename().string() << ":\n" << end_of(one.path()));
    }

    void coordinate(words const& more = {}, std::string const& name = "coordinator") {
        words all = settings_;
        all.insert(all.end(), more.begin(), more.end());
        coordinate_alone(all, name);
    }
    /// The same, without the settings of the run.
    void coordinate_alone(words const& more, std::string const& name = "coordinator") {
        start(name, with_usual({BTARD_COORDINATOR}, name, {"--listen", "127.0.0.1"}, more));
        require(within(std::chrono::seconds(60), [&] { return !port_of(name).empty() || !runs(name); }));
    }
    /// @param join the name of a process
    void train(std::string const& name, words const& more = {}, std::string const& join = "coordinator") {
        start(name, with_usual({BTARD_TRAINER}, name,
                               {"--join", "127.0.0.1:" + port_of(join), "--listen", "127.0.0.1"}, more));
    }
    /// What a process says that cannot do what it is told, and its status.
    void check_fails(std::string const& name, int status, std::string const& says) {
        int const found = wait_for(name);
        INFO(name << ": " << log(name));
        CHECK(found == status);
        CHECK(log(name).find(says) != std::string::npos);
    }
    /// t1, t2, ...
    void train_all(std::size_t from = 1, words const& more = {}) {
        for (std::size_t k = from; k <= founders_; ++k) train("t" + std::to_string(k), more);
    }
    void signal(std::string const& name, int number) { find(name).send(number); }
    /// @return its exit status; fails after a while
    int wait_for(std::string const& name, std::chrono::seconds most = std::chrono::seconds(90)) {
        std::optional<int> status;
        require(within(most, [&] { return (status = find(name).ended()).has_value(); }));
        return status.value_or(-1);
    }
    [[nodiscard]] bool runs(std::string const& name) { return !find(name).ended(); }
    /// Waits until a process has said something.
    void hear(std::string const& name, std::string const& text,
              std::chrono::seconds most = std::chrono::seconds(60)) {
        bool const heard = within(most, [&] { return log(name).find(text) != std::string::npos; });
        INFO(name << " has not said: " << text);
        require(heard);
    }
    /// So many steps are over, by what the coordinator shows.
    void reach(std::size_t step) { hear("coordinator", "step " + std::to_string(step) + "/"); }
    [[nodiscard]] std::string log(std::string const& name) const { return contents(path(name + ".log")); }
    [[nodiscard]] std::string path(std::string const& file) const { return folder_ + "/" + file; }
    [[nodiscard]] std::string port_of(std::string const& name) const {
        auto text = contents(path(name + ".port"));
        text.erase(std::remove(text.begin(), text.end(), '\n'), text.end());
        return text;
    }
    /// The last one of its folder.
    [[nodiscard]] checkpoint last_of(std::string const& name) const {
        return read_checkpoint(last_file(name, ".safetensors"));
    }
    /// The one of its folder whose name is the last in the alphabet.
    [[nodiscard]] std::string last_file(std::string const& name, std::string const& ending) const {
        std::string last;
        for (auto const& one : std::filesystem::directory_iterator(path(name)))
            if (one.path().string().ends_with(ending)) last = std::max(last, one.path().string());
        REQUIRE_MESSAGE(!last.empty(), name << " has no " << ending);
        return last;
    }
    /// All of these have the same state after the last step.
    void check_equal(words const& names) const {
        auto const first = last_of(names.front());
        CHECK(first.step == steps_);
        for (auto const& name : names) {
            auto const other = last_of(name);
            INFO(name);
            CHECK(other.step == first.step);
            CHECK(other.parameters == first.parameters);
        }
    }
    /// The last step of which all of these have a checkpoint; 0: none.
    [[nodiscard]] std::uint64_t last_common(words const& names) const {
        std::map<std::string, std::size_t> count;
        for (auto const& name : names)
            for (auto const& one : std::filesystem::directory_iterator(path(name)))
                if (one.path().extension() == ".safetensors") ++count[one.path().filename().string()];
        std::uint64_t last = 0;
        for (auto const& [file, found] : count) // step-000020.safetensors
            if (found == names.size()) last = std::max<std::uint64_t>(last, std::stoull(file.substr(5)));
        return last;
    }
    void check_equal(words const& names, std::uint64_t step) const {
        auto const file = btard::detail::checkpoint_name(step);
        auto const first = read_checkpoint(path(names.front() + "/" + file));
        for (auto const& name : names) {
            INFO(name << ", step " << step);
            CHECK(read_checkpoint(path(name + "/" + file)).parameters == first.parameters);
        }
    }
    /// Nobody was banned, by what this one has seen.
    void check_no_bans(std::string const& name) const {
        INFO(name);
        CHECK(log(name).find("is banned") == std::string::npos);
    }
    /// Further settings of the run.
    void set(words const& more) { settings_.insert(settings_.end(), more.begin(), more.end()); }

private:
    void require(bool holds) {
        shown_ = shown_ || !holds;
        REQUIRE(holds);
    }
    /// Options of the process, and those of ours that they do not give.
    [[nodiscard]] words with_usual(words all, std::string const& name, words usual, words const& more) const {
        usual.insert(usual.end(), {"--key", path(name + ".key"), "--out", path(name), "--port-file",
                                   path(name + ".port")});
        for (std::size_t k = 0; k < usual.size(); k += 2)
            if (std::find(more.begin(), more.end(), usual[k]) == more.end())
                all.insert(all.end(), {usual[k], usual[k + 1]});
        std::filesystem::remove(path(name + ".port"));
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    void start(std::string const& name, words all) {
        children_.remove_if([&](auto& one) { return one.name() == name && one.ended(); });
        children_.emplace_back(name, std::move(all), path(name + ".log"));
    }
    apps::child& find(std::string const& name) {
        for (auto& one : children_)
            if (one.name() == name) return one;
        throw contract_violation("no process " + name);
    }
    [[nodiscard]] static std::string end_of(std::filesystem::path const& file) {
        auto const text = contents(file.string());
        return text.size() > 2'500 ? "..." + text.substr(text.size() - 2'500) : text;
    }

    std::string folder_;
    std::size_t founders_, steps_;
    words settings_;
    std::list<apps::child> children_;
    bool shown_ = false;
};

} // namespace btard::testing
