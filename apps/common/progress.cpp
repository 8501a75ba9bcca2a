// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <cmath>

#include <sys/ioctl.h>
#include <unistd.h>

namespace btard::apps {

namespace {

std::size_t columns(std::FILE* out) {
    struct winsize size {};
    if (::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

std::string rate_text(double rate) {
    char text[40];
    std::snprintf(text, sizeof text, rate < 10 ? "%.1f/s" : "%.0f/s", rate);
    return text;
}

} // namespace

std::string clock_text(double seconds) {
    if (!(seconds < 1e9)) return "?";
    auto const whole = static_cast<long>(std::ceil(std::max(seconds, 0.0)));
    char text[40];
    if (whole < 3'600) std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
    else std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3'600, whole / 60 % 60, whole % 60);
    return text;
}

std::string progress_text(progress_state const& state) {
    std::string text = concat("step ", state.done, "/", state.of, "  ", state.numbers);
    if (state.rate > 0) text += concat("  ", rate_text(state.rate), "  ", clock_text(state.left), " left");
    return text;
}

std::string bar_text(progress_state const& state, std::size_t width, std::size_t reserved) {
    std::string const right = progress_text(state);
    std::string text = state.title;
    std::size_t const taken = text.size() + 2 + std::max(right.size(), reserved);
    if (taken + 2 + 12 <= width) {
        std::size_t const room = std::min<std::size_t>(width - taken - 4, 40);
        std::size_t const full = state.done * room / std::max<std::size_t>(state.of, 1);
        std::string bar(room, ' ');
        std::fill_n(bar.begin(), full, '=');
        if (full > 0 && full < room) bar[full - 1] = '>';
        text += concat("  [", bar, "]");
    }
    text += concat("  ", right);
    return text.substr(0, width);
}

progress::progress(std::FILE* out, std::size_t total)
    : out_(out), terminal_(::isatty(::fileno(out)) != 0), total_(total) {}

progress::~progress() {
    if (bar_stands_) std::fputc('\n', out_);
}

void progress::say(std::string const& line) {
    if (bar_stands_) std::fprintf(out_, "\r%s\r", std::string(columns(out_) - 1, ' ').c_str());
    bar_stands_ = false;
    std::fprintf(out_, "%s\n", line.c_str());
    std::fflush(out_);
}

bool progress::tick(std::string_view title, bool last) {
    ++done_;
    auto const now = clock::now();
    bool const is_new = title != title_;
    double const since = std::chrono::duration<double>(now - shown_).count();
    if (!is_new && !last && since < (terminal_ ? 0.1 : 10)) return false;
    if (is_new && bar_stands_) std::fputc('\n', out_); // a title that did not come to its end
    if (is_new) bar_stands_ = false;
    title_ = title;
    if (since > 0.01) {
        double const recent = static_cast<double>(done_ - shown_at_) / since;
        rate_ = rate_ == 0 ? recent : rate_ + (recent - rate_) * (1 - std::exp(-since / 5));
        shown_ = now;
        shown_at_ = done_;
    }
    return true;
}

double progress::left() const {
    return rate_ > 0 ? static_cast<double>(total_ - std::min(done_, total_)) / rate_ : 0;
}

void progress::show(progress_state const& state, bool last) {
    if (terminal_) {
        std::size_t const width = columns(out_) - 1;
        widest_ = std::max(widest_, progress_text(state).size());
        std::string text = bar_text(state, width, widest_);
        text.resize(width, ' '); // over what stood there
        std::fprintf(out_, "\r%s%s", text.c_str(), last ? "\n" : "");
    } else {
        std::fprintf(out_, "%s: %s\n", state.title.c_str(), progress_text(state).c_str());
    }
    bar_stands_ = terminal_ && !last;
    std::fflush(out_);
}

} // namespace btard::apps
