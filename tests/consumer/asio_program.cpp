// tests/consumer/asio_program.cpp: a user of the layers asio and node; a whole trainer would take long to compile.
// SPDX-License-Identifier: Apache-2.0
#include <btard/node/address_book.hpp>
#include <btard/transport/tcp.hpp>

int main() {
    bool const read = btard::read_address("127.0.0.1:4000").has_value();
    return read && btard::local_address_towards("127.0.0.1") == "127.0.0.1" ? 0 : 1;
}
