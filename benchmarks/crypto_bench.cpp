// benchmarks/crypto_bench.cpp: hashes beside a bare loop over OpenSSL, trees, signatures made and checked.
// SPDX-License-Identifier: Apache-2.0
#include <btard/crypto/identity.hpp>
#include <btard/crypto/merkle.hpp>
#include <btard/crypto/sha256.hpp>
#include <btard/testing/counting_signer.hpp>

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace btard;

namespace {

void bytes_done(benchmark::State& state) {
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}

/// What `openssl speed -evp sha256` times: no more than three calls for each block.
void openssl_alone(benchmark::State& state) {
    std::vector<std::byte> const block(static_cast<std::size_t>(state.range(0)), std::byte{1});
    std::array<unsigned char, 32> out{};
    auto* const algorithm = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
    auto* const context = ::EVP_MD_CTX_new();
    ::EVP_DigestInit_ex2(context, algorithm, nullptr);
    for (auto _ : state) {
        ::EVP_DigestUpdate(context, block.data(), block.size());
        ::EVP_DigestFinal_ex(context, out.data(), nullptr);
        ::EVP_DigestInit_ex2(context, nullptr, nullptr);
        benchmark::DoNotOptimize(out);
    }
    ::EVP_MD_CTX_free(context);
    ::EVP_MD_free(algorithm);
    bytes_done(state);
}
BENCHMARK(openssl_alone)->Arg(64)->Arg(1024)->Arg(65536)->Arg(1 << 20);

void sha256_of_bytes(benchmark::State& state) {
    std::vector<std::byte> const block(static_cast<std::size_t>(state.range(0)), std::byte{1});
    for (auto _ : state) benchmark::DoNotOptimize(sha256_of(block));
    bytes_done(state);
}
BENCHMARK(sha256_of_bytes)->Arg(64)->Arg(1024)->Arg(65536)->Arg(1 << 20);

/// A new hash for each, of floats in pieces of 64 KiB.
void sha256_of_floats(benchmark::State& state) {
    std::vector<float> const values(static_cast<std::size_t>(state.range(0)) / 4, 1.5f);
    for (auto _ : state) {
        sha256 hash;
        for (std::size_t i = 0; i < values.size(); i += 16384)
            hash.update(std::span<float const>(values).subspan(i).first(
                std::min<std::size_t>(16384, values.size() - i)));
        benchmark::DoNotOptimize(hash.finish());
    }
    bytes_done(state);
}
BENCHMARK(sha256_of_floats)->Arg(65536)->Arg(1 << 20);

void merkle_tree_of(benchmark::State& state) {
    std::vector<leaf_hash> leaves;
    for (std::int64_t i = 0; i < state.range(0); ++i)
        leaves.push_back(leaf_hash::of(std::as_bytes(std::span(&i, 1))));
    for (auto _ : state) benchmark::DoNotOptimize(merkle_tree(leaves).root());
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(merkle_tree_of)->Arg(16)->Arg(4096);

template <class Signer>
void sign(benchmark::State& state, Signer const& who) {
    std::vector<std::byte> const text(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(who.sign(text));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
template <class Signer>
void verify(benchmark::State& state, Signer const& who) {
    std::vector<std::byte> const text(static_cast<std::size_t>(state.range(0)));
    auto const by = who.sign(text);
    for (auto _ : state) benchmark::DoNotOptimize(who.verify(who.key(), text, by));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(sign, identity, identity::generate())->Arg(128);
BENCHMARK_CAPTURE(verify, identity, identity::generate())->Arg(128);
BENCHMARK_CAPTURE(sign, counting_signer, testing::counting_signer(1))->Arg(128);
BENCHMARK_CAPTURE(verify, counting_signer, testing::counting_signer(1))->Arg(128);

} // namespace

BENCHMARK_MAIN();
