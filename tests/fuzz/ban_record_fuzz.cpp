// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes: no throw, a record of a ban or the state of a member that is read is written as it was, and is
// verified, or checked, without harm.
#include <btard/aggregate/centered_clip.hpp>
#include <btard/aggregate/host.hpp>
#include <btard/protocol/ban/ban_check.hpp>
#include <btard/protocol/member_state.hpp>
#include <btard/testing/counting_signer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

namespace {

/// Takes all signatures, so that what is behind them is reached.
struct believer {
    btard::signature sign(std::span<std::byte const>) const { return {}; }
    bool verify(btard::public_key const&, std::span<std::byte const>,
                btard::signature const&) const noexcept {
        return true;
    }
};

/// A state is checked up to its floats, which are none.
void check_state(std::span<std::byte const> bytes) {
    auto const read = btard::decode<btard::member_state>(bytes);
    if (!read) return;
    if (!std::ranges::equal(btard::encode(*read), bytes)) std::abort();
    auto const& [run, roster] = std::pair(read->context.run, read->context.roster);
    btard::court<btard::host, btard::centered_clip> const bench{
        {.threads = 1}, {.tau = 1, .start_at = btard::start_point::given}, 37};
    btard::run_rules rules;
    rules.faults = 2;
    auto const self = roster.empty() ? btard::public_key{} : roster.front().key;
    (void)btard::check_state(*read, {}, believer{}, bench, rules, run, self);
    (void)hash_of(*read);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const bytes = std::as_bytes(std::span(data, size));
    check_state(bytes);
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
