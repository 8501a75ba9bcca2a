// apps/common/exit_status.hpp: every failure is one sentence and a status.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>

namespace btard::apps {

inline constexpr int failed_around_us = 1;
inline constexpr int told_nonsense = 2;

/// Writes out what was printed.  @throws environment_error: it did not arrive, as on a full disk.
inline void finish_output() {
    errno = 0;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
    bool const known = errno != 0; // not where an earlier piece was lost
    std::error_code const code(known ? errno : EIO, std::generic_category());
    throw environment_error(code, "cannot write the standard output" + (known ? ": " + code.message() : ""));
}

/// Runs a program: what `body` returns, or 1 for a failure around us, 2 for what the user should change.
template <class Body>
[[nodiscard]] int exit_status(char const* program, Body&& body) {
    auto const complain = [program](char const* sentence, int status) {
        std::fprintf(stderr, "%s: %s\n", program, sentence);
        return status;
    };
    try {
        int const status = body();
        finish_output();
        return status;
    } catch (environment_error const& error) {
        return complain(error.what(), error.code() == errc::bad_text ? told_nonsense : failed_around_us);
    } catch (contract_violation const& error) {
        return complain(error.what(), told_nonsense);
    } catch (std::bad_alloc const&) {
        return complain("there is not enough memory for this", failed_around_us);
    } catch (std::length_error const&) {
        return complain("there is not enough memory for this", failed_around_us);
    } catch (std::exception const& error) {
        return complain(error.what(), failed_around_us);
    }
}

} // namespace btard::apps
