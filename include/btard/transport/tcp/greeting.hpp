// btard/transport/tcp/greeting.hpp: the words of `hello.hpp` over a connection whose ends know their keys.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/transport/tcp/connection.hpp>
#include <btard/transport/tcp/hello.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

namespace btard::detail {

inline task<std::error_code> exchange_hello(connection& over, hello const& mine, hello& theirs) {
    auto const said = encode(mine);
    std::error_code failed = co_await over.write(said);
    if (failed) co_return failed;
    std::vector<std::byte> bytes(hello::fixed);
    failed = co_await over.read(bytes);
    if (failed) co_return failed;
    std::size_t const more = host_length(std::span(bytes).first<hello::fixed>(), failed);
    if (failed) co_return failed;
    bytes.resize(hello::fixed + more);
    failed = co_await over.read(std::span(bytes).subspan(hello::fixed));
    if (failed) co_return failed;
    auto const read = decode_hello(bytes);
    if (!read) co_return tcp_errc::not_our_protocol;
    theirs = *read;
    co_return failed;
}

/// The end that decides.  On a plain link this is its last word over TLS: it says nothing more until the answer,
/// which is plain, has come, so no plain byte ever waits where TLS is expected.
inline task<std::error_code> give_verdict(connection& over, link_verdict const& say, bool plain) {
    auto const said = encode(say);
    std::error_code failed = co_await over.write(said);
    if (failed || say.link == 0) co_return failed;
    if (plain) over.go_plain();
    std::array<std::byte, 1> answer{};
    failed = co_await over.read(answer);
    if (!failed && answer[0] != std::byte{}) failed = tcp_errc::refused_there;
    co_return failed;
}

/// The other end.
inline task<std::error_code> await_verdict(connection& over, link_verdict& said) {
    std::array<std::byte, link_verdict::size> bytes{};
    std::error_code const failed = co_await over.read(bytes);
    if (failed) co_return failed;
    said = decode_link_verdict(bytes);
    if (said.link != 0) co_return failed;
    auto const why = static_cast<tcp_errc>(said.why);
    if (why == tcp_errc::other_stands || why == tcp_errc::other_link) co_return why;
    co_return why == tcp_errc::closed_here ? tcp_errc::closed_there : tcp_errc::refused_there;
}
inline task<std::error_code> answer_verdict(connection& over, std::error_code objection, bool plain) {
    if (plain) over.go_plain();
    std::array<std::byte, 1> const answer{static_cast<std::byte>(objection.value())};
    std::error_code const failed = co_await over.write(answer);
    co_return objection ? objection : failed;
}

} // namespace btard::detail
