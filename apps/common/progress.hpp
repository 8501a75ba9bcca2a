// apps/common/progress.hpp: how far a long computation has come: a bar on a terminal, lines elsewhere.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace btard::apps {

/// "1:05", "2:03:04"
[[nodiscard]] std::string clock_text(double seconds);

/// What a line says.
struct progress_state {
    std::string title;
    std::size_t done = 0, of = 1; ///< steps
    std::string numbers;          ///< "loss 2.81  peers 9+7"
    double rate = 0;              ///< steps a second; 0: not known
    double left = 0;              ///< seconds until all is done
};

/// "step 512/1200  loss 2.81  peers 9+7  22/s  0:31 left"
[[nodiscard]] std::string progress_text(progress_state const& state);

/// `mean  [=====>    ]  step 512/1200 ...`, at most `width` columns.
///
/// @param reserved columns that the words took so far: the bar does not move when they become shorter
[[nodiscard]] std::string bar_text(progress_state const& state, std::size_t width, std::size_t reserved = 0);

/// Shows how far a program is, at most ten times a second on a terminal, else every ten seconds, and at the
/// end of each title.
class progress {
public:
    using clock = std::chrono::steady_clock;

    /// @param total steps of all titles together, for the time that is left
    progress(std::FILE* out, std::size_t total);
    ~progress(); ///< ends the line of the bar
    progress(progress const&) = delete;
    progress& operator=(progress const&) = delete;

    /// The next step of `title` is done; `numbers()` is asked for only when it is shown.
    template <class Numbers>
    void step(std::string_view title, std::size_t done, std::size_t of, Numbers&& numbers) {
        if (tick(title, done == of))
            show({std::string{title}, done, of, numbers(), rate_, left()}, done == of);
    }

    /// A line of its own, above the bar.
    void say(std::string const& line);

private:
    bool tick(std::string_view title, bool last);
    void show(progress_state const& state, bool last);
    [[nodiscard]] double left() const;

    std::FILE* out_;
    bool terminal_;
    std::size_t total_, done_ = 0;
    std::size_t shown_at_ = 0; // steps
    clock::time_point start_ = clock::now(), shown_ = start_;
    std::string title_;
    double rate_ = 0;
    bool bar_stands_ = false;
    std::size_t widest_ = 0; // of the words beside the bar
};

} // namespace btard::apps
