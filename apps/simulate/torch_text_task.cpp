// SPDX-License-Identifier: Apache-2.0
// One of the two files of this program that include LibTorch.
#include "data_path.hpp"
#include "task.hpp"
#include "torch_failure.hpp"

#include <btard/torch/models/albert.hpp>

namespace btard::apps {

any_learnable make_text_task(text_file const& text, albert_model const& model) {
    masked_text const samples{byte_text::from_file(find_data(text.file)), text.samples};
    return made_by_torch([&] { return albert_learner{model, samples}; });
}

} // namespace btard::apps
