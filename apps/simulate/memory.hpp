// apps/simulate/memory.hpp: the memory that a run will need, before it begins.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <cstddef>
#include <string>

namespace btard::apps {

/// Bytes, by what they are for.  Data sets are not among them: runs share those.
struct memory_use {
    std::size_t rows = 0;      ///< what each peer sends, and its worker momentum
    std::size_t vectors = 0;   ///< parameters, aggregate, state of the optimizer
    std::size_t learners = 0;  ///< for each thread: parameters, gradients and new ones, outputs of layers
    std::size_t protocol = 0;  ///< what peers that check each other hold of each other's gradients
    std::size_t attackers = 0; ///< what they remember and show each other

    [[nodiscard]] std::size_t total() const { return rows + vectors + learners + protocol + attackers; }
    friend bool operator==(memory_use const&, memory_use const&) = default;
};

/// An estimate, within a third for models larger than a few MiB.  Reads the data and makes the model once.
///
/// @throws as `make_task`.
[[nodiscard]] memory_use memory_of(settings const& what);

/// The same where the number of parameters is known: makes no model.
[[nodiscard]] memory_use memory_of(settings const& what, std::size_t parameters);

/// The same where it is known too how many bytes the layers make of a batch: reads no data.
[[nodiscard]] memory_use memory_of(settings const& what, std::size_t parameters, std::size_t batch);

/// "0.1 MiB", "1.5 GiB"
[[nodiscard]] std::string bytes_text(std::size_t bytes);

/// What the attackers remember, if that is more than 256 MiB; else "".
[[nodiscard]] std::string memory_note(settings const& what);

} // namespace btard::apps
