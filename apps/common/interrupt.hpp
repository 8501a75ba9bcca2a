// apps/common/interrupt.hpp: Ctrl-C as a question: may we end now?
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace btard::apps {

/// While it lives, the first SIGINT or SIGTERM is noted, and a line on standard error says so; a second one
/// ends the program at once, as if there were no such object.
class interrupt {
public:
    interrupt();
    ~interrupt();
    interrupt(interrupt const&) = delete;
    interrupt& operator=(interrupt const&) = delete;

    [[nodiscard]] static int signal(); ///< the one that was noted, or 0
};

} // namespace btard::apps
