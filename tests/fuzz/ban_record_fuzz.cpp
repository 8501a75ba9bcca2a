// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes: no throw, a record that is read is written as it was, and none but a right one is verified.
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/protocol/ban/ban_check.hpp>
#include <btard/testing/counting_signer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

/// Takes all signatures, so that what is behind them is reached.
struct believer {
    btard::signature sign(std::span<std::byte const>) const { return {}; }
    bool verify(btard::public_key const&, std::span<std::byte const>,
                btard::signature const&) const noexcept {
        return true;
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const bytes = std::as_bytes(std::span(data, size));
    auto const read = btard::decode_record(bytes);
    if (!read) return 0;
    if (!std::ranges::equal(btard::encode_record(*read), bytes)) std::abort();
    btard::trust_root root;
    if (read->twice) root.run = read->twice->in.run;
    if (!read->steps.empty()) root = {read->steps.front().context.run, read->steps.front().context.roster};
    btard::court<btard::host, btard::centered_clip> const bench{
        {.threads = 1}, {.tau = 1, .start_at = btard::start_point::given}, 150};
    btard::run_rules rules;
    rules.faults = 2;
    (void)btard::verify_ban(*read, believer{}, bench, rules, root);
    return 0;
}
