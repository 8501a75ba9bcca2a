// apps/common/exit_status.hpp: every failure is one sentence and a status.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>

#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

namespace btard::apps {

inline constexpr int failed_around_us = 1;
inline constexpr int told_nonsense = 2;

/// Runs a program: what `body` returns, or 1 for a failure around us, 2 for what the user should change.
template <class Body>
[[nodiscard]] int exit_status(char const* program, Body&& body) {
    auto const complain = [program](char const* sentence, int status) {
        std::fprintf(stderr, "%s: %s\n", program, sentence);
        return status;
    };
    try {
        return body();
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
