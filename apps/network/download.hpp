// apps/network/download.hpp: what an http or https address holds, and a checkpoint from a file or from there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/checkpoint/checkpoint.hpp>
#include <btard/core/types.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace btard::apps {

struct downloaded {
    std::vector<std::byte> bytes;
    digest hash; ///< SHA-256 of them
};

/// Asks for it with the program `curl`, which knows proxies, certificates and redirections, and so need not be linked.
/// Redirections stay within http and https, and those of https within https.  It ends when nearly nothing has come for
/// 30 s.
///
/// @param url  `https://host/path`; behind it may stand `#sha256=` and 64 hexadecimal digits: then it must have that hash
/// @param most bytes; beyond, it is refused
/// @throws environment_error: `bad_text`, it is no such address; `bad_data`, another hash, or too many bytes; a
/// `std::errc`, it cannot be had
[[nodiscard]] downloaded download(std::string const& url, std::size_t most);

/// @param from a path, or an address as above
/// @param say  told of the hash of what was fetched
[[nodiscard]] checkpoint read_start(std::string const& from,
                                    std::function<void(std::string const&)> const& say);

} // namespace btard::apps
