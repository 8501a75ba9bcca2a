// tests/consumer/crypto_program.cpp: what a user of the crypto, checkpoint and protocol layers might write.
// SPDX-License-Identifier: Apache-2.0
#include <btard/checkpoint/checkpoint_file.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/testing/counting_signer.hpp>

int main() {
    auto const who = btard::identity::generate();
    auto const hash = btard::sha256_of({});
    btard::testing::counting_signer const fake(1);
    bool const good = who.verify(who.key(), hash.bytes, who.sign(hash.bytes)) &&
                      fake.verify(fake.key(), hash.bytes, fake.sign(hash.bytes));
    return good && btard::checkpoint{} == btard::checkpoint{} ? 0 : 1;
}
