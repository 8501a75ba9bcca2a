// tests/node/start_download_test.cpp: the state with which a run begins, chunk by chunk.
// SPDX-License-Identifier: Apache-2.0
#include <btard/node/start_download.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <vector>

using namespace btard;

namespace {

constexpr std::size_t floats = chunk_floats + 5; // two chunks of sgd's, and a little

model_state some_state(optimizer const& method) {
    std::vector<float> parameters(floats);
    for (std::size_t k = 0; k < floats; ++k) parameters[k] = static_cast<float>(k % 1'000) - 500;
    return first_state(method, std::move(parameters));
}
/// Answers as the coordinator does.
wire::run_message answer(std::vector<float> const& all, wire::fetch const& asked) {
    if (asked.what == wire::fetched::leaves) return wire::leaves{0, leaves_of(all)};
    auto const part = chunk_of(all, asked.index);
    return wire::chunk{0, asked.index, shared_floats(part.begin(), part.end())};
}

} // namespace

TEST_CASE("a state comes whole, bit for bit, whatever the optimizer") {
    for (optimizer const& method : {optimizer(sgd{}), optimizer(sgd{.momentum = 0.9f}), optimizer(lamb{})}) {
        auto const state = some_state(method);
        auto const all = flat(state);
        start_download download(root_of(state), method, floats);
        std::size_t questions = 0;
        while (auto const next = download.poll_question()) {
            CHECK(!download.poll_question()); // one at a time
            CHECK(download.handle_message(answer(all, *next)));
            ++questions;
        }
        CHECK(questions == 1 + chunks_of(all.size()));
        CHECK(download.state() == state);
    }
}

TEST_CASE("another state than that of the charter is refused, and so is a chunk of another one") {
    auto const state = some_state(sgd{});
    auto all = flat(state);
    auto other = all;
    other[floats - 1] += 1;
    start_download download(root_of(state), sgd{}, floats);
    CHECK(!download.handle_message(answer(other, download.poll_question().value())));
    download.ask_again();
    CHECK(download.handle_message(answer(all, download.poll_question().value())));
    CHECK(!download.handle_message(wire::chunk{0, 0, {1, 2, 3}}));
    download.ask_again();
    CHECK(download.handle_message(
        answer(other, download.poll_question().value()))); // its first chunk is the same
    CHECK(!download.handle_message(answer(other, download.poll_question().value())));
    CHECK(!download.state());
}

TEST_CASE("what nobody has asked for changes nothing") {
    auto const state = some_state(sgd{});
    start_download download(root_of(state), sgd{}, floats);
    CHECK(download.handle_message(wire::chunk{0, 0, {1, 2, 3}}));
    CHECK(download.handle_message(wire::follow{}));
    CHECK(download.poll_question()->what == wire::fetched::leaves);
}
