// tests/docs/crypto_snippets_test.cpp: the examples of docs/reference/crypto.md, each a region.
// SPDX-License-Identifier: Apache-2.0
#include <btard/crypto/identity.hpp>
#include <btard/crypto/key_file.hpp>
#include <btard/crypto/merkle.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/crypto/text.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

using namespace btard;

TEST_CASE("crypto.md: a hash of several pieces") {
    std::vector<float> const gradient{1, 2, 3};
    std::vector<std::byte> const header(8);
    // [hash]
    sha256 hash;
    hash.update("my protocol, part");              // a tag: what kind of thing is hashed
    hash.update(header);                           // bytes
    hash.update(std::span<float const>(gradient)); // floats, 4 bytes each, the lowest first
    digest const commitment = hash.finish();       // and begins anew
    digest const of_header = sha256_of(header);    // what lies in one piece
    // [hash]
    CHECK(commitment != of_header);
}

TEST_CASE("crypto.md: a tree and a branch") {
    std::vector<std::vector<std::byte>> const entries(5);
    // [tree]
    std::vector<leaf_hash> leaves;
    for (auto const& entry : entries) leaves.push_back(leaf_hash::of(entry));
    merkle_tree const tree(leaves);
    digest const root = tree.root();                   // goes to everybody
    std::vector<digest> const branch = tree.branch(3); // goes along with entry 3
    bool const there = on_branch(root, leaf_hash::of(entries[3]), 3, entries.size(), branch);
    // [tree]
    CHECK(there);
}

TEST_CASE("crypto.md: a key, its file and its fingerprint") {
    auto const path = (std::filesystem::temp_directory_path() /
                       ("btard_crypto_snippets_" + std::to_string(::getpid()) + ".key"))
                          .string();
    std::vector<std::byte> const statement(100);
    // [key]
    auto const me = identity::generate();
    write_key_file(path, me); // refused where a file is there already; existing_key::replace
    auto const later = read_key_file(path);
    signature const by = later.sign(statement);
    bool const mine = verify_signature(me.key(), statement, by);
    std::printf("I am %s\n", to_text(fingerprint::of(me.key())).c_str());
    // [key]
    std::filesystem::remove(path);
    CHECK(mine);
    // [read]
    auto const friend_key =
        read_public_key("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    bool const known =
        fingerprint::of(friend_key) == read_fingerprint("9826-d66d-ae0b-ed3f-f2e6-f3bf-c9f0-e098");
    // [read]
    CHECK(known);
}
