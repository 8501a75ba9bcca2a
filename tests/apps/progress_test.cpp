// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/progress.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>

using namespace btard::apps;

namespace {

progress_state half_way() { return {"mean", 600, 1'200, "loss 2.81", 22.3, 31}; }

/// What an object prints into a file, which is no terminal.
template <class F>
std::string printed(F&& use) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::tmpfile(), std::fclose);
    use(file.get());
    std::rewind(file.get());
    std::string text;
    for (int c; (c = std::fgetc(file.get())) != EOF;) text += static_cast<char>(c);
    return text;
}

} // namespace

TEST_CASE("clock_text: minutes, hours, and what is not known") {
    CHECK(clock_text(0) == "0:00");
    CHECK(clock_text(64.2) == "1:05");
    CHECK(clock_text(3'600 * 2 + 60 * 3 + 4) == "2:03:04");
    CHECK(clock_text(std::numeric_limits<double>::infinity()) == "?");
}

TEST_CASE("bar_text: the bar takes what the width leaves, up to 40 columns") {
    CHECK(bar_text(half_way(), 80) ==
          "mean  [=============>               ]  step 600/1200  loss 2.81  22/s  0:31 left");
    CHECK(bar_text(half_way(), 200).find("[===================>                    ]") != std::string::npos);
}

TEST_CASE("bar_text: the bar keeps its place when the words become shorter") {
    auto const shorter = [] {
        auto state = half_way();
        state.numbers = "loss 2";
        return state;
    }();
    std::size_t const widest = progress_text(half_way()).size();
    CHECK(bar_text(shorter, 80, widest).find(']') == bar_text(half_way(), 80).find(']'));
    CHECK(bar_text(shorter, 80).find(']') != bar_text(half_way(), 80).find(']'));
}

TEST_CASE("bar_text: never wider than the terminal; a narrow one has no bar") {
    for (std::size_t width = 0; width < 120; ++width) CHECK(bar_text(half_way(), width).size() <= width);
    CHECK(bar_text(half_way(), 60) == "mean  step 600/1200  loss 2.81  22/s  0:31 left");
}

TEST_CASE("bar_text: empty at first, full at the end") {
    auto state = half_way();
    state.done = 0;
    CHECK(bar_text(state, 80).find("[" + std::string(31, ' ') + "]") != std::string::npos);
    state.done = state.of;
    CHECK(bar_text(state, 80).find("[" + std::string(28, '=') + "]") != std::string::npos);
}

TEST_CASE("progress: in a file, a line at the first and at the last step of each title, not at others") {
    std::string const text = printed([](std::FILE* out) {
        progress shown(out, 12);
        for (std::size_t k = 1; k <= 10; ++k) shown.step("a", k, 10, [] { return std::string("loss 1"); });
        for (std::size_t k = 1; k <= 2; ++k) shown.step("b", k, 5, [] { return std::string("loss 2"); });
    });
    std::size_t lines = 0;
    for (char const c : text) lines += c == '\n';
    CHECK(lines == 3);
    CHECK(text.starts_with("a: step 1/10  loss 1"));
    CHECK(text.find("a: step 10/10  loss 1") != std::string::npos);
    CHECK(text.find("b: step 1/5  loss 2") != std::string::npos);
    CHECK(text.find('\r') == std::string::npos);
}
