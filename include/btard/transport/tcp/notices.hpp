// btard/transport/tcp/notices.hpp: one sentence about many refused connections.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/core/types.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

namespace btard {

/// Whoever knocks at a port must not be able to fill a log.
class refusal_notices {
public:
    explicit refusal_notices(std::chrono::milliseconds every) : every_(every) {}

    /// @param address of the socket, as the system gives it
    /// @return a sentence, at most one in each interval; the next one counts those that had none
    [[nodiscard]] std::optional<std::string> refused(std::string const& address, std::error_code why,
                                                     time_point now) {
        if (now < next_) {
            ++untold_;
            return {};
        }
        next_ = now + every_;
        std::string text = concat("refused a connection from ", address, ": ", why.message());
        if (untold_ > 0) text += concat("; and ", untold_, " more since the last such line");
        untold_ = 0;
        return text;
    }

private:
    std::chrono::milliseconds every_;
    time_point next_{};
    std::uint64_t untold_ = 0;
};

} // namespace btard
