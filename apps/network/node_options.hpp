// apps/network/node_options.hpp: what each process of a run is given by its own operator: addresses, keys, a folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/crypto/identity.hpp>
#include <btard/node/run_node.hpp>
#include <btard/transport/tcp/options.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace btard::apps {

struct node_options {
    std::string key = {}, token = {}, listen = {}, announce = {}, out = {}, port_file = {};
    std::uint64_t checkpoint_every = 0;
    std::size_t keep = 3;
    link_kind link = link_kind::tls;

    static constexpr auto name = "process";
    static constexpr void describe(auto& self, auto&& field) {
        field("key", self.key,
              "file of the key by which others know this process; made if it is not there; absent: a key for "
              "this "
              "time only");
        field("token", self.token, "what the processes of this run must know; absent: nothing");
        field("listen", self.listen,
              "HOST:PORT, or PORT, to listen at; absent: all addresses, a port that is free");
        field("announce", self.announce,
              "HOST or HOST:PORT at which others can reach this process; absent: the address from which "
              "packets to the "
              "others set out");
        field("link", self.link,
              "tls: encrypted; plain: signed and checked, but not encrypted; the same in all processes");
        field("out", self.out, "folder for checkpoints, metrics and bans; absent: nothing is written");
        field("checkpoint_every", self.checkpoint_every,
              "steps between two checkpoints; 0: none but the last");
        field("keep", self.keep, "checkpoints that are kept, the newest");
        field("port_file", self.port_file,
              "file into which the port is written once it is known; for scripts");
    }
    friend bool operator==(node_options const&, node_options const&) = default;

    void validate() const {
        expects(keep > 0, "--keep is 0, it must be 1 or more");
        expects(checkpoint_every == 0 || !out.empty(), "--checkpoint-every needs a folder: --out");
    }
};

/// The key of the file; a new one where there is none.
///
/// @throws environment_error: it cannot be read or written, or others may read it.
[[nodiscard]] identity load_key(std::string const& path);

/// @param contacts the addresses of others: the route to the first says what to announce
/// @throws environment_error with `errc::bad_text`: not an address
[[nodiscard]] node_setup setup_of(node_options const& all, std::vector<std::string> const& contacts,
                                  char const* program);

/// Writes the number of a port into a file, whole.
void write_port(std::string const& path, std::uint16_t port);

} // namespace btard::apps
