// tests/apps/web_server.hpp: one file, for whoever asks for it over HTTP.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

#include <atomic>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace btard::testing {

/// At `/file`; all other paths have none.  One after the other, on a thread of its own.
class web_server {
public:
    explicit web_server(std::string body) : body_(std::move(body)), thread_([this] { serve(); }) {}
    ~web_server() {
        ended_ = true;
        std::error_code ignored;
        asio::ip::tcp::socket last(io_); // wakes it
        last.connect(listens_.local_endpoint(), ignored);
        thread_.join();
    }
    [[nodiscard]] std::string address() const {
        return "http://127.0.0.1:" + std::to_string(listens_.local_endpoint().port());
    }

private:
    void serve() {
        while (!ended_) {
            std::error_code failed;
            asio::ip::tcp::socket one(io_);
            listens_.accept(one, failed);
            std::string asked;
            if (!failed && !ended_) asio::read_until(one, asio::dynamic_buffer(asked), "\r\n\r\n", failed);
            bool const here = asked.starts_with("GET /file ");
            std::string const head = here ? "HTTP/1.1 200 OK" : "HTTP/1.1 404 Not Found";
            auto const& body = here ? body_ : asked;
            asio::write(one,
                        asio::buffer(head + "\r\nConnection: close\r\nContent-Length: " +
                                     std::to_string(body.size()) + "\r\n\r\n" + body),
                        failed);
        }
    }

    std::string body_;
    asio::io_context io_;
    asio::ip::tcp::acceptor listens_{io_, {asio::ip::make_address("127.0.0.1"), 0}};
    std::atomic<bool> ended_ = false;
    std::thread thread_; // last
};

} // namespace btard::testing
