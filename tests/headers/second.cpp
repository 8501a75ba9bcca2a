// tests/headers/second.cpp: the other unit.
// SPDX-License-Identifier: Apache-2.0
#include <every_header.hpp>

std::error_category const* category_in_second() {
    return &btard::category();
}
