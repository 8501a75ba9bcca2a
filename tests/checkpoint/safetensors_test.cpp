// tests/checkpoint/safetensors_test.cpp: files that are right, and for each way to be wrong a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "folder.hpp"

#include <btard/checkpoint/parameters.hpp>
#include <btard/checkpoint/safetensors.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

using namespace btard;
using namespace btard::testing;

namespace {

/// A file with this header and so many bytes 0, 1, 2 ... of data.
std::string file_of(std::string const& json, std::size_t data) {
    std::string bytes;
    for (std::size_t k = 0; k < 8; ++k) bytes += static_cast<char>(json.size() >> (8 * k) & 0xFF);
    bytes += json;
    for (std::size_t k = 0; k < data; ++k) bytes += static_cast<char>(k);
    return bytes;
}
safetensors_reader reader_of(std::string const& bytes, safetensors_limits const& limits = {}) {
    return safetensors_reader(byte_source::from_memory(std::as_bytes(std::span(bytes)), "f"), limits);
}
std::string why_not(std::string const& bytes, safetensors_limits const& limits = {}) {
    auto const error = refusal_of([&] { reader_of(bytes, limits); });
    CHECK(error.code() == errc::bad_data);
    std::string const what = error.what(), begin = "the safetensors file 'f' ";
    CHECK(what.starts_with(begin));
    return what.substr(begin.size());
}
std::string why_not(std::string const& json, std::size_t data) { return why_not(file_of(json, data)); }

std::string tensor(std::string const& name, std::string const& type, std::string const& shape,
                   std::string const& offsets) {
    return concat("\"", name, "\":{\"dtype\":\"", type, "\",\"shape\":[", shape, "],\"data_offsets\":[",
                  offsets, "]}");
}

} // namespace

TEST_CASE("safetensors: a file as other programs write it, its header in any order and padded with spaces") {
    auto const bytes = file_of(R"( {"x":1})", 0);
    CHECK(why_not(bytes) == "has a header that does not begin with '{'");
    auto const good = file_of("{" + tensor("b", "U8", "", "8,9") + "," + tensor("a", "F32", "2,1", "0,8") +
                                  R"(,"none":{"shape":[0,7],"data_offsets":[9,9],"dtype":"I64"},)"
                                  R"("__metadata__":{"format":"pt"}}   )",
                              9);
    auto file = reader_of(good);
    REQUIRE(file.tensors().size() == 3);
    CHECK(file.tensors()[0] == tensor_entry{"a", element_type::f32, {2, 1}, 0, 8});
    CHECK(file.tensors()[1] == tensor_entry{"b", element_type::u8, {}, 8, 9});
    CHECK(file.tensors()[2] == tensor_entry{"none", element_type::i64, {0, 7}, 9, 9});
    CHECK(file.metadata() == std::map<std::string, std::string>{{"format", "pt"}});
    CHECK_FALSE(file.has_hash());
    file.skip();
    std::array<std::byte, 1> one{};
    file.read(one);
    CHECK(one[0] == std::byte{8});
    CHECK_THROWS_AS(file.finish(), contract_violation);
    file.read({});
    CHECK_NOTHROW(file.finish());
    CHECK_THROWS_AS(file.skip(), contract_violation);
    CHECK(reader_of(file_of("{}", 0)).tensors().empty());
}

TEST_CASE("safetensors: lengths that promise more than there is are refused before anything is allocated") {
    CHECK(why_not(std::string("1234567")) == "has 7 bytes; the length of its header alone takes 8");
    CHECK(why_not(std::string(8, '\xFF')) == "says that its header has 18446744073709551615 bytes; 0 follow");
    CHECK(why_not(file_of("{}", 0), {.header = 1}) == "says that its header has 2 bytes; 1 are allowed");
    CHECK(why_not(file_of("{}", 0), {.file = 9}) == "has 10 bytes; 9 are allowed");
    auto const two = "{" + tensor("a", "U8", "1,1,1", "0,1") + "," + tensor("b", "U8", "1", "1,2") + "}";
    CHECK(why_not(file_of(two, 2), {.tensors = 1}) == "has more than 1 tensors");
    CHECK(why_not(file_of(two, 2), {.dimensions = 2}) == "has more than 2 dimensions in the tensor 'a'");
}

TEST_CASE("safetensors: tensors cover the data once, without holes") {
    auto const two = [](auto const& first, auto const& second) {
        return "{" + tensor("a", "U8", "4", first) + "," + tensor("b", "U8", "4", second) + "}";
    };
    CHECK(why_not(two("0,4", "5,9"), 9) ==
          "has a hole: the tensor 'b' begins at byte 5 of the data, the one before it ends at 4");
    CHECK(why_not(two("0,4", "2,6"), 6) == "has two tensors in the same bytes: the tensor 'b' begins at byte "
                                           "2 of the data, the one before it ends at 4");
    CHECK(why_not(two("1,5", "5,9"), 9) ==
          "has a hole: the tensor 'a' begins at byte 1 of the data, the one before it ends at 0");
    CHECK(why_not(two("0,4", "4,8"), 7) == "has 7 bytes of data; its tensors take 8");
    CHECK(why_not(two("0,4", "4,8"), 9) == "has 9 bytes of data; its tensors take 8");
    CHECK(why_not("{}", 1) == "has 1 bytes of data; its tensors take 0");
}

TEST_CASE("safetensors: shape, type and bytes of a tensor agree") {
    auto const one = [](auto const& type, auto const& shape, auto const& offsets) {
        return why_not("{" + tensor("a", type, shape, offsets) + "}", 4);
    };
    CHECK(one("F32", "2", "0,4") == "gives the bytes 0 to 4 to the tensor 'a', whose shape and type take 8");
    CHECK(one("U8", "4", "4,0") == "gives the bytes 4 to 0 to the tensor 'a', whose shape and type take 4");
    CHECK(one("F32", "4294967296,4294967296", "0,4") ==
          "gives the bytes 0 to 4 to the tensor 'a', whose shape and type take more than can be");
    CHECK(one("F16", "2", "0,4") ==
          "has elements of type 'F16' in the tensor 'a'; F32, F64, I64 and U8 can be read");
    CHECK(one("F32", "1", "0") == "has fewer than 2 data_offsets for the tensor 'a'");
    CHECK(one("F32", "1", "0,2,4") == "has more than 2 data_offsets for the tensor 'a'");
    CHECK(one("F32", "-1", "0,4") ==
          "has a negative number in the shape of the tensor 'a'; whole numbers belong there");
    CHECK(one("F32", "1.0", "0,4") ==
          "has a broken number in the shape of the tensor 'a'; whole numbers belong there");
    CHECK(one("F32", "[1]", "0,4") ==
          "has a list in the shape of the tensor 'a'; whole numbers belong there");
    CHECK(one("F32", "1", "0,1e400") == "is no JSON from byte 55 of its header on");
    CHECK(one("F32", "1", "0,18446744073709551616").starts_with("has a broken number in the data_offsets"));
}

TEST_CASE("safetensors: JSON that is none, or says something else") {
    CHECK(why_not("{", 0) == "is no JSON from byte 2 of its header on");
    CHECK(why_not("{} x", 0) == "is no JSON from byte 4 of its header on");
    CHECK(why_not("{\"\xff\":1}", 0).starts_with("is no JSON from byte "));
    CHECK(why_not(R"({"a":1})", 0) == "has a number for 'a', where there must be an object");
    CHECK(why_not(R"({"a":[]})", 0) == "has a list for 'a', where there must be an object");
    CHECK(why_not(R"({"a":{"dtype":"U8","shape":[0]}})", 0) ==
          "lacks dtype, shape or data_offsets for the tensor 'a'");
    CHECK(why_not(R"({"a":{"dtype":3}})", 0) ==
          "has a number as the dtype of the tensor 'a', where there must be a text");
    CHECK(why_not(R"({"a":{"dtype":[]}})", 0) ==
          "has a list as the dtype of the tensor 'a', where there must be a text");
    CHECK(why_not(R"({"a":{"shape":{}}})", 0) ==
          "has an object as the shape of the tensor 'a', where there must be a list");
    CHECK(why_not(R"({"a":{"shape":null}})", 0) ==
          "has null as the shape of the tensor 'a', where there must be a list");
    CHECK(why_not(R"({"a":{"size":1}})", 0) ==
          "says 'size' of the tensor 'a'; dtype, shape and data_offsets belong there");
    CHECK(why_not(R"({"__metadata__":{"a":true}})", 0) ==
          "has a truth value in __metadata__, for 'a'; only texts belong there");
    CHECK(why_not(R"({"__metadata__":"a"})", 0) ==
          "has a text for '__metadata__', where there must be an object");
    CHECK(why_not("{" + std::string(100'000, '['), 0) == "is no JSON from byte 2 of its header on");
    CHECK(why_not("{\"a\":" + std::string(100'000, '['), 0) ==
          "has a list for 'a', where there must be an object");
}

TEST_CASE("safetensors: nothing has two meanings: names that come twice") {
    auto const a = tensor("a", "U8", "0", "0,0");
    CHECK(why_not("{" + a + "," + a + "}", 0) == "names 'a' twice");
    CHECK(why_not(R"({"__metadata__":{},"__metadata__":{}})", 0) == "names '__metadata__' twice");
    CHECK(why_not(R"({"__metadata__":{"k":"1","k":"2"}})", 0) == "names 'k' twice");
    CHECK(why_not(R"({"a":{"dtype":"U8","dtype":"U8"}})", 0) == "names 'dtype' twice");
}

TEST_CASE("safetensors: a name that could write over the terminal is not shown") {
    CHECK(why_not(R"({"a\u001b[2J":1})", 0) ==
          "has a number for (a text that is not shown), where there must be an object");
    CHECK(why_not("{\"" + std::string(101, 'a') + "\":1}", 0).starts_with("has a number for (a text"));
}

TEST_CASE("safetensors: what is written is read again, with its hash, at places that are multiples of the "
          "elements") {
    own_folder const folder("safetensors_test");
    std::vector<float> const floats{1, 2, 3};
    std::vector<double> const doubles{4, 5};
    std::vector<std::int64_t> const whole{-6};
    std::vector<std::uint8_t> const bytes{7};
    auto const path = folder / "f";
    std::string const odd = "\"btard.sha256\":\"\\ \xc3\xa4\n";
    write_safetensors(path,
                      {{"bytes", element_type::u8, {1}, std::as_bytes(std::span(bytes))},
                       {"floats", element_type::f32, {3, 1}, std::as_bytes(std::span(floats))},
                       {odd, element_type::f64, {2}, std::as_bytes(std::span(doubles))},
                       {"whole", element_type::i64, {}, std::as_bytes(std::span(whole))}},
                      {{odd, odd}});
    auto const content = content_of(path);
    auto file = reader_of(content);
    REQUIRE(file.tensors().size() == 4);
    CHECK(file.has_hash());
    CHECK(file.metadata().at(odd) == odd);
    std::size_t const begin = content.size() - file.tensors().back().end;
    for (auto const& one : file.tensors()) {
        CHECK((begin + one.begin) % size_of(one.type) == 0);
        file.skip();
    }
    CHECK_NOTHROW(file.finish());
    auto const found = content.find(R"("btard.sha256":")") + 16;
    auto zeros = content;
    zeros.replace(found, 64, std::string(64, '0'));
    CHECK(content.substr(found, 64) == detail::to_hex(sha256_of(std::as_bytes(std::span(zeros))).bytes));
    CHECK_THROWS_AS(write_safetensors(path, {{"a", element_type::u8, {2}, std::as_bytes(std::span(bytes))}}),
                    contract_violation);
    CHECK(content_of(path) == content);
}

TEST_CASE("parameters: taken by name out of any file, and what is missing or of another shape is named") {
    auto const bytes = file_of("{" + tensor("w", "F32", "2", "1,9") + "," + tensor("x", "U8", "1", "0,1") +
                                   "," + tensor("v", "F32", "1", "9,13") + "}",
                               13);
    auto const read = [&](std::vector<tensor_layout> const& layout, std::span<float> out) {
        read_parameters(byte_source::from_memory(std::as_bytes(std::span(bytes)), "f"), layout, out);
    };
    std::vector<float> out(3);
    read({{"v", 0, {1}, 1, true}, {"w", 1, {2}, 2, true}}, out);
    CHECK(std::bit_cast<std::uint32_t>(out[0]) == 0x0C0B0A09);
    CHECK(std::bit_cast<std::uint32_t>(out[1]) == 0x04030201);
    CHECK(std::bit_cast<std::uint32_t>(out[2]) == 0x08070605);
    CHECK(std::string(refusal_of([&] {
                          read({{"u", 0, {1}, 1, true}}, out);
                      }).what()) == "the safetensors file 'f' lacks the tensor 'u' of the model");
    CHECK(std::string(refusal_of([&] {
                          read({{"w", 0, {1, 2}, 2, true}}, out);
                      }).what()) ==
          "the safetensors file 'f' has the tensor 'w' as F32 of 2; the model has F32 of 1 x 2");
    CHECK_THROWS_AS(read({{"w", 2, {2}, 2, true}}, out), contract_violation);
}
