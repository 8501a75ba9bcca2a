// tests/checkpoint/checkpoint_test.cpp: a checkpoint comes back bit for bit, and a damaged one never.
// SPDX-License-Identifier: Apache-2.0
#include "folder.hpp"
#include "sample.hpp"

#include <btard/checkpoint/checkpoint_file.hpp>
#include <btard/checkpoint/parameters.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

using namespace btard;
using namespace btard::testing;

namespace {

checkpoint read_bytes(std::string const& bytes, std::optional<digest> const& run = {}) {
    return read_checkpoint(byte_source::from_memory(std::as_bytes(std::span(bytes)), "a file"), run);
}

std::string written(checkpoint const& of) {
    own_folder const folder("checkpoint_test");
    write_checkpoint(folder / "c.safetensors", of);
    return content_of(folder / "c.safetensors");
}

} // namespace

TEST_CASE("checkpoint: everything comes back, from a file and from memory") {
    own_folder const folder("checkpoint_test");
    auto const one = sample();
    write_checkpoint(folder / "c.safetensors", one);
    CHECK(read_checkpoint(folder / "c.safetensors") == one);
    CHECK(read_checkpoint(folder / "c.safetensors", one.run) == one);
    CHECK(read_bytes(content_of(folder / "c.safetensors")) == one);
    CHECK(folder.count() == 1);

    checkpoint const nothing;
    CHECK(read_bytes(written(nothing)) == nothing);
}

TEST_CASE("checkpoint: floats come back with their bits: NaN of any kind, zeros of both signs, infinities") {
    auto one = sample();
    std::vector<std::uint32_t> const bits{0x7fc00001, 0xffc12345, 0x7f800001, 0x80000000,
                                          0,          0x7f800000, 1,          0xff800000};
    one.tensors = {{"odd", {2, 4}}};
    one.parameters.clear();
    for (auto const b : bits) one.parameters.push_back(std::bit_cast<float>(b));
    auto const back = read_bytes(written(one));
    REQUIRE(back.parameters.size() == bits.size());
    for (std::size_t k = 0; k < bits.size(); ++k)
        CHECK(std::bit_cast<std::uint32_t>(back.parameters[k]) == bits[k]);
}

TEST_CASE("checkpoint: each file that is cut off anywhere is refused with a sentence that names it") {
    auto const whole = written(sample());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto const error = refusal_of([&] { (void)read_bytes(whole.substr(0, size)); });
        INFO("cut off at ", size, ": ", error.what());
        CHECK(error.code() == errc::bad_data);
        CHECK(std::string_view(error.what()).starts_with("the safetensors file 'a file' "));
    }
    CHECK(refusal_of([&] { (void)read_bytes(whole + '\0'); }).code() == errc::bad_data);
}

TEST_CASE("checkpoint: each flipped bit is found") {
    auto whole = written(sample());
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (std::size_t bit = at % 3; bit < 8; bit += 3) { // a third of them in each byte
            auto const before = whole[at];
            whole[at] = static_cast<char>(before ^ (1 << bit));
            auto const error = refusal_of([&] { (void)read_bytes(whole); });
            CHECK(error.code() == errc::bad_data);
            CHECK(std::string_view(error.what()).starts_with("the safetensors file 'a file' "));
            whole[at] = before;
        }
    CHECK(read_bytes(whole) == sample());
}

TEST_CASE("checkpoint: damage in the numbers is called damage") {
    auto whole = written(sample());
    whole.back() = static_cast<char>(whole.back() ^ 1);
    std::string const what = refusal_of([&] { (void)read_bytes(whole); }).what();
    CHECK(what.starts_with("the safetensors file 'a file' is damaged: its SHA-256 is "));
    CHECK(what.ends_with(" when it was written"));
}

TEST_CASE("checkpoint: that of another run is refused, and both runs are named") {
    auto const whole = written(sample());
    digest other;
    other.bytes.fill(std::byte{0xAB});
    std::string const what = refusal_of([&] { (void)read_bytes(whole, other); }).what();
    CHECK(what == "the safetensors file 'a file' belongs to the run " + detail::to_hex(sample().run.bytes) +
                      ", this one is " + detail::to_hex(other.bytes));
}

TEST_CASE("checkpoint: the parameters of another model are found by their first tensor that differs") {
    auto const one = sample();
    std::vector<tensor_layout> layout{{"albert.word.weight", 0, {3, 2}, 6, true},
                                      {"albert.word.bias", 6, {3}, 3, false}};
    CHECK(shapes_of(layout) == one.tensors);
    CHECK_NOTHROW(require_shapes(one, "p", layout));
    layout[1].shape = {4};
    CHECK(std::string(refusal_of([&] { require_shapes(one, "p", layout); }).what()) ==
          "the checkpoint 'p' is of another model: tensor 1 is 'albert.word.bias' of 3, that of the model "
          "'albert.word.bias' of 4");
    layout.pop_back();
    CHECK(std::string(refusal_of([&] { require_shapes(one, "p", layout); }).what()) ==
          "the checkpoint 'p' is of another model: it has 2 tensors, the model 1");
}

TEST_CASE("checkpoint: what cannot be written is the fault of the program") {
    own_folder const folder("checkpoint_test");
    auto const path = folder / "c.safetensors";
    auto one = sample();
    one.parameters.push_back(0);
    CHECK_THROWS_WITH_AS(write_checkpoint(path, one), "the tensors leave out 1 parameters",
                         contract_violation);
    one = sample();
    one.tensors[1].shape = {4};
    CHECK_THROWS_AS(write_checkpoint(path, one), contract_violation);
    one = sample();
    one.tensors[0].name = "optimizer.means";
    CHECK_THROWS_AS(write_checkpoint(path, one), contract_violation);
    one = sample();
    one.tensors[0].name = one.tensors[1].name;
    CHECK_THROWS_AS(write_checkpoint(path, one), contract_violation);
    one = sample();
    one.configuration = "\xff";
    CHECK_THROWS_AS(write_checkpoint(path, one), contract_violation);
    CHECK(folder.count() == 0);
}

// Called by tests/interop/checkpoint.py, which names the folder.
TEST_SUITE("interop" * doctest::skip()) {
    TEST_CASE("write") {
        write_checkpoint(std::string(std::getenv("BTARD_INTEROP")) + "/ours.safetensors", sample());
    }
    TEST_CASE("read") {
        std::vector<tensor_layout> const layout{{"albert.word.weight", 3, {3, 2}, 6, true},
                                                {"albert.word.bias", 0, {3}, 3, false}};
        std::vector<float> parameters(9);
        read_parameters(std::string(std::getenv("BTARD_INTEROP")) + "/theirs.safetensors", layout, parameters);
        CHECK(parameters == std::vector<float>{6, 7, 8, 0, 1, 2, 3, 4, 5});
    }
}
