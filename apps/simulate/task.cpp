// SPDX-License-Identifier: Apache-2.0
#include "task.hpp"

#include <variant>

namespace btard::apps {

any_learnable make_task(any_data const& data, std::optional<albert_model> const& model) {
    if (auto const* const text = std::get_if<text_file>(&data.value))
        return make_text_task(*text, model.value_or(albert_model{}));
    return std::get<quadratic>(data.value);
}

} // namespace btard::apps
