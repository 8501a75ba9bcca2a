// SPDX-License-Identifier: Apache-2.0
// The only file of this program that includes LibTorch.
#include "task.hpp"

#include <btard/torch/models/albert.hpp>

#include <c10/util/Exception.h>

namespace btard::apps {

any_learnable make_text_task(text_file const& text, albert_model const& model) {
    masked_text samples{byte_text::from_file(text.file), text.samples};
    try {
        return albert_learner{model, std::move(samples)};
    } catch (c10::Error const& error) { // its what() is a stack trace
        throw environment_error(std::make_error_code(std::errc::not_enough_memory),
                                concat("LibTorch cannot make this model: ", error.what_without_backtrace()));
    }
}

} // namespace btard::apps
