// tests/consumer/asio_program.cpp: a user of the asio layer; the whole mesh would take long to compile.
// SPDX-License-Identifier: Apache-2.0
#include <btard/transport/tcp.hpp>

int main() { return btard::local_address_towards("127.0.0.1") == "127.0.0.1" ? 0 : 1; }
