// tests/headers/first.cpp: one of two units that include every header, so that what is not inline breaks the link.
// SPDX-License-Identifier: Apache-2.0
#include <every_header.hpp>

std::error_category const* category_in_second();

int main() {
    return category_in_second() == &btard::category() ? 0 : 1;
}
