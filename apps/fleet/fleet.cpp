// SPDX-License-Identifier: Apache-2.0
#include "fleet.hpp"
#include "child.hpp"
#include "watch.hpp"

#include "../common/command_line.hpp"
#include "../common/config_file.hpp"
#include "../common/files.hpp"
#include "../common/settings.hpp"
#include "../simulate/record.hpp"

#include <btard/core/error.hpp>
#include <btard/node/early_step.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace btard::apps {

namespace {

struct fleet_options {
    std::string run = {}, out = "runs/fleet";
    bool plain = false;
    bool overwrite = false;
    verify_mode verify = verify_mode::strict;

    static constexpr auto name = "fleet";
    static constexpr void describe(auto& self, auto&& field) {
        field("run", self.run, "file with the settings of the run, as the coordinator's --config takes it");
        field("out", self.out, "folder for logs, keys, checkpoints, metrics, bans and plots");
        field("plain", self.plain, "links without encryption: signed and checked all the same");
        field("verify", self.verify,
              "overlapped: trainers compute while a step is judged; see trainer --help");
        field("overwrite", self.overwrite, "remove what is in the folder");
    }
    void validate() const { expects(!run.empty(), "--run is missing: a file with the settings of the run"); }
};

/// So many trainers with these options beside the others: "2: --attack sign_flip{}".
struct trainer_group {
    std::size_t count = 0;
    std::vector<std::string> words = {};
};

std::vector<option_info> known_options() {
    std::vector<option_info> all{
        {"help", "", "", "print this"},
        {"version", "", "", "print the version"},
        {"config", "FILE", "", "take options from a file of lines such as  run = 'run.toml'"},
        {"attacker", "TEXT", "", "'COUNT: OPTIONS of the trainer', once for each kind; the first founders",
         "", true},
    };
    for (auto& option : options_of(fleet_options{})) {
        if (option.kind == "true|false") option.kind.clear();
        all.push_back(std::move(option));
    }
    for (auto& option : all) option.group = "program";
    return all;
}

trainer_group read_group(given const& one) {
    trainer_group made;
    auto const colon = one.text.find(':');
    auto const number = one.text.substr(0, colon);
    auto const [end, wrong] = std::from_chars(number.data(), number.data() + number.size(), made.count);
    if (colon == std::string::npos || wrong != std::errc() || end != number.data() + number.size() ||
        made.count == 0)
        throw environment_error(
            errc::bad_text,
            concat(one.place, ": '", one.text, "' is no group; right would be '2: --attack sign_flip{}'"));
    made.words = split_words(one.text.substr(colon + 1));
    return made;
}

/// The processes of one run on this machine.
class local_fleet {
public:
    local_fleet(fleet_options options, std::vector<trainer_group> attackers)
        : options_(std::move(options)), attackers_(std::move(attackers)),
          signals_(io_, SIGINT, SIGTERM, SIGCHLD), timer_(io_) {}

    int run() {
        clear_folder();
        make_folder(options_.out);
        folder_lock const alone(options_.out);
        auto const settings = read_run(options_.run);
        watch_.emplace(settings, attackers_count(), options_.out);
        std::vector<std::string> words{own_program("coordinator"),
                                       "--config",
                                       options_.run,
                                       "--listen",
                                       "127.0.0.1",
                                       "--port-file",
                                       options_.out + "/port",
                                       "--out",
                                       options_.out + "/coordinator"};
        if (options_.plain) words.insert(words.end(), {"--link", "plain"});
        children_.emplace_back("coordinator", std::move(words), options_.out + "/coordinator.log");
        listen();
        tick();
        io_.run();
        return finish();
    }

private:
    [[nodiscard]] std::size_t attackers_count() const {
        std::size_t sum = 0;
        for (auto const& one : attackers_) sum += one.count;
        return sum;
    }
    /// Only what an earlier fleet has written is ever removed.
    void clear_folder() const {
        std::error_code ignored;
        if (!std::filesystem::exists(options_.out, ignored) ||
            std::filesystem::is_empty(options_.out, ignored))
            return;
        bool const ours = std::filesystem::exists(options_.out + "/coordinator.log", ignored);
        expects(ours, "--out: ", options_.out,
                " is there, and holds no results of a fleet; name another folder");
        expects(options_.overwrite, "--out: ", options_.out,
                " holds the results of another run; --overwrite removes them");
        { folder_lock const alone(options_.out); }
        std::error_code failed;
        std::filesystem::remove_all(options_.out, failed);
        if (failed)
            throw environment_error(failed, concat("cannot remove ", options_.out, ": ", failed.message()));
    }
    void listen() {
        signals_.async_wait([this](std::error_code failed, int number) {
            if (failed) return;
            if (number != SIGCHLD) stop(number);
            check_children();
            if (!done_) listen();
        });
    }
    void tick() {
        timer_.expires_after(std::chrono::milliseconds(100));
        timer_.async_wait([this](std::error_code failed) {
            if (failed || done_) return;
            if (!started_) start_trainers();
            else if (!stopped_) watch_->look();
            if (!stopped_ && ends_at_ && std::chrono::steady_clock::now() > *ends_at_) {
                stopped_ = true; // who still runs was away when the run ended
                gives_up_ = std::chrono::steady_clock::now() + std::chrono::seconds(15);
                for (auto const& one : children_) one.send(SIGTERM);
            }
            if (stopped_ && std::chrono::steady_clock::now() > gives_up_)
                for (auto const& one : children_) one.send(SIGKILL);
            check_children();
            tick();
        });
    }
    void start_trainers() {
        auto const port = watch_->port();
        if (port.empty()) return;
        started_ = true;
        std::size_t number = 0;
        auto const start = [&](std::vector<std::string> const& more) {
            std::string const name = concat("trainer-", ++number);
            std::vector<std::string> words{own_program("trainer"),
                                           "--join",
                                           "127.0.0.1:" + port,
                                           "--listen",
                                           "127.0.0.1",
                                           "--key",
                                           concat(options_.out, "/", name, ".key"),
                                           "--out",
                                           concat(options_.out, "/", name)};
            if (options_.plain) words.insert(words.end(), {"--link", "plain"});
            if (options_.verify == verify_mode::overlapped)
                words.insert(words.end(), {"--verify", "overlapped"});
            words.insert(words.end(), more.begin(), more.end());
            children_.emplace_back(name, std::move(words), concat(options_.out, "/", name, ".log"));
        };
        for (auto const& group : attackers_)
            for (std::size_t k = 0; k < group.count; ++k) start(group.words);
        while (number < watch_->founders()) start({});
    }
    void check_children() {
        bool any = false;
        for (auto& one : children_) {
            auto const status = one.ended();
            any = any || !status;
            if (status && !told_[one.name()]) {
                told_[one.name()] = true;
                bool const coordinates = one.name() == "coordinator";
                bool const fine =
                    *status == 0 || (!coordinates && (*status == 3 || *status == 4)) || stopped_;
                if (!fine)
                    watch_->say(concat(one.name(), " has ended with status ", *status, "; see ", options_.out,
                                       "/", one.name(), ".log"));
                if (!fine && (coordinates || !watch_->has_begun())) fail(one.name());
                if (coordinates && fine && !stopped_)
                    ends_at_ = std::chrono::steady_clock::now() + std::chrono::seconds(30);
            }
        }
        if (any || !(started_ || failed_ || stopped_)) return;
        done_ = true;
        timer_.cancel();
        signals_.cancel();
    }
    /// It cannot go on without that one.
    void fail(std::string const& name) {
        if (failed_) return;
        failed_ = true;
        culprit_ = name;
        stop(SIGTERM);
    }
    void stop(int number) {
        bool const again = stopped_;
        stopped_ = true;
        signal_ = failed_ ? 0 : number;
        gives_up_ = std::chrono::steady_clock::now() + std::chrono::seconds(again ? 0 : 15);
        if (!again && !failed_) watch_->say("ending all processes; once more ends them at once");
        for (auto const& one : children_) one.send(again ? SIGKILL : SIGTERM);
    }
    int finish() {
        watch_->look();
        std::printf("\n%s", watch_->summary().c_str());
        if (failed_) {
            std::fprintf(stderr, "%s", watch_->last_words(culprit_).c_str());
            return 1;
        }
        return signal_ == 0 ? 0 : 128 + signal_;
    }

    fleet_options options_;
    std::vector<trainer_group> attackers_;
    asio::io_context io_;
    asio::signal_set signals_;
    asio::steady_timer timer_;
    std::optional<watch> watch_;
    std::list<child> children_;
    std::map<std::string, bool> told_;
    std::chrono::steady_clock::time_point gives_up_{};
    std::optional<std::chrono::steady_clock::time_point> ends_at_;
    std::string culprit_;
    bool started_ = false, stopped_ = false, failed_ = false, done_ = false;
    int signal_ = 0;
};

} // namespace

int fleet(std::vector<std::string> const& words) {
    auto const known = known_options();
    auto rest = words;
    bool const local = !rest.empty() && rest.front() == "local";
    if (local) rest.erase(rest.begin());
    auto command = parse_words(rest, known, "command line");
    if (!take(command, "help").empty() || words.empty()) {
        std::fputs(
            help_text("fleet",
                      "fleet local: starts a coordinator and its trainers as processes of this machine, "
                      "shows how the run goes, and stops them all.",
                      known, "Ctrl-C ends all of them in good order; once more at once.\n")
                .c_str(),
            stdout);
        return 0;
    }
    if (!take(command, "version").empty()) {
        std::printf("btard %s\n", version_text().c_str());
        return 0;
    }
    if (!local)
        throw environment_error(errc::bad_text,
                                "where to is missing; right would be: fleet local --run FILE");
    auto const config = take(command, "config");
    auto file = config.empty() ? std::vector<given>{} : read_config(config.front().text);
    auto groups = take(command, "attacker");
    auto const of_file = take(file, "attacker");
    if (groups.empty()) groups = of_file;
    std::vector<trainer_group> attackers;
    for (auto const& one : groups) attackers.push_back(read_group(one));
    fleet_options options;
    origins from;
    apply(options, file, from);
    apply(options, command, from);
    check(options);
    local_fleet all(std::move(options), std::move(attackers));
    return all.run();
}

} // namespace btard::apps
