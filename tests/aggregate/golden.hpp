// tests/aggregate/golden.hpp: the input on which results of public systems are known, and the file of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/testing/plain_rows.hpp>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// 11 rows, two of them of attackers; no two distances are equal.
inline btard::testing::plain_rows golden_rows() {
    btard::testing::plain_rows rows{std::vector(11, std::vector<double>(5)), std::vector<double>(11, 1.0)};
    for (std::size_t i = 0; i < 11; ++i)
        for (std::size_t k = 0; k < 5; ++k)
            rows.x[i][k] = double((i * i * (k + 3) + 7 * i + 11 * k) % 97) / 16 - 3 +
                           (i == 9    ? 2.5
                            : i == 10 ? -3
                                      : 0);
    return rows;
}

/// The text of $BTARD_DATA/golden/aggregation.json; "" where there is none.
inline std::string golden_file() {
    char const* const folder = std::getenv("BTARD_DATA");
    std::ifstream file(std::string(folder ? folder : "/nonexistent") + "/golden/aggregation.json");
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The numbers after `"value": [` that follow the id of a result.
inline std::vector<double> golden_value(std::string const& file, std::string const& id) {
    std::vector<double> numbers;
    std::size_t at = file.find("\"id\": \"" + id + "\"");
    if (at != std::string::npos) at = file.find("\"value\": [", at);
    if (at == std::string::npos) return numbers;
    char const* text = file.c_str() + at + std::string("\"value\": [").size();
    for (char* end = nullptr;; text = end + 1) {
        numbers.push_back(std::strtod(text, &end));
        if (*end != ',') return numbers;
    }
}
