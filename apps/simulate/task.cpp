// SPDX-License-Identifier: Apache-2.0
#include "task.hpp"

#include <btard/core/random.hpp>

#include <variant>

namespace btard::apps {

any_learnable make_task(settings const& what) {
    auto const model = what.model_or_default();
    if (auto const* const text = what.data.as_text()) return make_text_task(*text, *model->as_albert());
    if (what.data.as_images())
        return make_image_task(what.data, *model, what.swarm.peers, derive({what.swarm.seed, 0}, "split"));
    return std::get<quadratic>(what.data.value);
}

} // namespace btard::apps
