// tests/crypto/pem_test.cpp: keys in the form of OpenSSL's programs, and texts that are no such keys.
// SPDX-License-Identifier: Apache-2.0
#include "hex.hpp"
#include "rfc8032.hpp"

#include <btard/core/error.hpp>
#include <btard/crypto/pem.hpp>

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

using namespace btard;

namespace {

// The private key of RFC 8410, section 10.3.
constexpr std::string_view example = "-----BEGIN PRIVATE KEY-----\n"
                                     "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                                     "-----END PRIVATE KEY-----\n";

identity read(std::string_view text) { return read_pem(std::as_bytes(std::span(text)), "peer.key"); }

std::string written(identity const& who) {
    pem_text text;
    write_pem(who, text);
    return {reinterpret_cast<char const*>(text.data()), pem_size};
}

std::string refusal(std::string_view text) {
    try {
        (void)read(text);
    } catch (environment_error const& error) {
        CHECK(error.code() == errc::bad_data);
        return error.what();
    }
    FAIL("a key came from " << text);
    return {};
}

constexpr std::string_view foreign =
    "the key file 'peer.key' does not hold an Ed25519 key as 'openssl genpkey -algorithm ed25519' writes it";

} // namespace

TEST_CASE("pem: the example of RFC 8410 is read, and written to the byte") {
    auto const who = read(example);
    secret<32> seed;
    who.copy_seed(seed);
    CHECK(hex_of(seed.bytes()) == "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842");
    CHECK(hex_of(who.key().bytes) == "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
    CHECK(written(who) == example);
}

TEST_CASE("pem: OpenSSL reads what we write, and we what it writes") {
    for (int i = 0; i < 20; ++i) {
        auto const who = identity::generate();
        auto const text = written(who);
        std::unique_ptr<::BIO, decltype([](::BIO* p) { ::BIO_free(p); })> const in(
            ::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
        detail::owned<::EVP_PKEY> const theirs(
            ::PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
        REQUIRE(theirs);
        public_key key;
        std::size_t size = 32;
        ::EVP_PKEY_get_raw_public_key(theirs.get(), reinterpret_cast<unsigned char*>(key.bytes.data()),
                                      &size);
        CHECK(key == who.key());

        std::unique_ptr<::BIO, decltype([](::BIO* p) { ::BIO_free(p); })> const out(::BIO_new(::BIO_s_mem()));
        REQUIRE(::PEM_write_bio_PrivateKey(out.get(), theirs.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
                1);
        char* data = nullptr;
        auto const length = ::BIO_get_mem_data(out.get(), &data);
        CHECK(read({data, static_cast<std::size_t>(length)}).key() == who.key());
    }
}

TEST_CASE("pem: cut off after any byte, it is refused, and so is one with something behind it") {
    CHECK(refusal("") == "the key file 'peer.key' is empty");
    for (std::size_t size = 1; size < example.size(); ++size)
        CHECK(refusal(example.substr(0, size)) ==
              "the key file 'peer.key' is cut off: it has " + std::to_string(size) + " bytes of 119");
    CHECK(refusal(std::string(example) + "\n") == foreign);
    CHECK(refusal(std::string(example) + std::string(example)) == foreign);
}

TEST_CASE("pem: any other letter in it is refused, or is another key, which is written in the same way") {
    std::size_t keys = 0;
    for (std::size_t i = 0; i < example.size(); ++i) {
        for (int letter = 0; letter < 256; ++letter) {
            std::string text(example);
            if (text[i] == static_cast<char>(letter)) continue;
            text[i] = static_cast<char>(letter);
            try {
                auto const who = read(text);
                ++keys;
                REQUIRE(written(who) == text);
            } catch (environment_error const& error) {
                REQUIRE(error.what() == foreign);
            }
        }
    }
    // 42 whole letters and 4 bits of another are secret: 63 other letters in each, and 15 in that one.
    CHECK(keys == 42 * 63 + 15);
}

TEST_CASE("pem: other keys are named, where people are likely to have them") {
    CHECK(refusal("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAc\n") ==
          "the key file 'peer.key' is locked with a passphrase; 'openssl pkey -in FILE -out NEW' writes it "
          "without");
    CHECK(
        refusal("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n") ==
        "the key file 'peer.key' is one of OpenSSH, which has a form of its own; 'openssl genpkey -algorithm "
        "ed25519' makes one of ours");
    CHECK(refusal("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                  "-----END PUBLIC KEY-----\n") ==
          "the key file 'peer.key' holds the public half of a key only");
    // An X25519 key has the same size; only its algorithm, 1.3.101.110, differs.
    std::string x25519(example);
    x25519.replace(x25519.find("K2Vw"), 4, "K2Vu");
    CHECK(refusal(x25519) == foreign);
    CHECK(refusal("{\"key\": 1}") == foreign);
    std::string windows(example);
    for (std::size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2)
        windows.insert(at, "\r");
    CHECK(refusal(windows) == foreign);
}
