// SPDX-License-Identifier: Apache-2.0
#include "../../apps/simulate/data_path.hpp"

#include "../data/sample_files.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace btard;
using namespace btard::apps;

namespace data_path_tests { // other tests of its batch have helpers of the same names

namespace {

/// BTARD_DATA as a test wants it, and as it was at the end.
class data_sets {
public:
    explicit data_sets(char const* folder) {
        if (char const* const before = std::getenv("BTARD_DATA")) before_ = before;
        if (folder) ::setenv("BTARD_DATA", folder, 1);
        else ::unsetenv("BTARD_DATA");
    }
    data_sets(data_sets const&) = delete;
    data_sets& operator=(data_sets const&) = delete;
    ~data_sets() {
        if (before_.empty()) ::unsetenv("BTARD_DATA");
        else ::setenv("BTARD_DATA", before_.c_str(), 1);
    }

private:
    std::string before_;
};

std::string refusal(std::string const& path) {
    try {
        return "found: " + find_data(path);
    } catch (contract_violation const& wrong) {
        return wrong.what();
    }
}

} // namespace

TEST_CASE(
    "find_data: a path that is there is taken as it is, a relative one is also looked for in BTARD_DATA") {
    sample_folder const folder;
    folder.file("a.txt", "a");
    std::string const sets = folder.path.string();
    data_sets const given(sets.c_str());
    CHECK(find_data(sets + "/a.txt") == sets + "/a.txt");
    CHECK(find_data("a.txt") == sets + "/a.txt");
    CHECK(find_data(sets) == sets);
}

TEST_CASE("find_data: what is nowhere is refused with the places where it was looked for") {
    {
        data_sets const given("/no/sets");
        CHECK(refusal("x/y") ==
              "--data: there is neither 'x/y' nor '/no/sets/x/y', in the folder of BTARD_DATA");
        CHECK(refusal("/x/y") == "--data: there is no '/x/y'");
    }
    for (char const* const unset : {static_cast<char const*>(nullptr), ""}) {
        data_sets const given(unset);
        CHECK(refusal("x") ==
              "--data: there is no 'x' in the working directory, and BTARD_DATA, which names the "
              "folder of data sets, is not set");
    }
}

} // namespace data_path_tests
