// apps/simulate/torch_failure.hpp: what LibTorch throws, as a sentence.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/error.hpp>
#include <btard/train/any_learnable.hpp>

#include <c10/util/Exception.h>

#include <system_error>

namespace btard::apps {

/// Makes a learner.  @throws environment_error where LibTorch fails: the what() of its own is a stack trace.
template <class Make>
[[nodiscard]] any_learnable made_by_torch(Make&& make) {
    try {
        return make();
    } catch (c10::Error const& error) {
        throw environment_error(std::make_error_code(std::errc::not_enough_memory),
                                concat("LibTorch cannot make this model: ", error.what_without_backtrace()));
    }
}

} // namespace btard::apps
