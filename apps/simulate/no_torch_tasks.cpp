// SPDX-License-Identifier: Apache-2.0
#include "task.hpp"

namespace btard::apps {

namespace {

[[noreturn]] void refuse(std::string_view what) {
    throw contract_violation(concat("--data: this program was built without LibTorch, which ", what,
                                    "; configure it with -D BTARD_WITH_TORCH=ON"));
}

} // namespace

any_learnable make_text_task(text_file const&, albert_model const&) { refuse("a text needs"); }

any_learnable make_image_task(any_data const&, any_model const&, std::size_t, seed) { refuse("images need"); }

} // namespace btard::apps
