// SPDX-License-Identifier: Apache-2.0
#include "task.hpp"

namespace btard::apps {

any_learnable make_text_task(text_file const&, albert_model const&) {
    throw contract_violation("--data: this program was built without LibTorch, which a text needs; "
                             "configure it with -D BTARD_WITH_TORCH=ON");
}

} // namespace btard::apps
