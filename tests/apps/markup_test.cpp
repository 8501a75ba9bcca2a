// SPDX-License-Identifier: Apache-2.0
#include "../../apps/common/columns.hpp"
#include "../../apps/common/markup.hpp"

#include <doctest/doctest.h>

using namespace btard::apps;

TEST_CASE("html_text: no letter of a name is read as HTML") {
    CHECK(html_text("a<b> & \"c\" 'd'") == "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
}

TEST_CASE("csv_cell: quotes where they are needed, and only there") {
    CHECK(csv_cell("krum{.byzantine = 3}") == "krum{.byzantine = 3}");
    CHECK(csv_cell("mixed{nnm{}, mean{}}") == "\"mixed{nnm{}, mean{}}\"");
    CHECK(csv_cell("a \"b\"") == "\"a \"\"b\"\"\"");
    CHECK(csv_cell("a\nb") == "\"a\nb\"");
}

TEST_CASE("shell_text: words that a shell reads back as they are") {
    CHECK(shell_text({"simulate", "--seeds", "0..4", "--rule", "krum{.byzantine = 3}", "it's", ""}) ==
          "simulate --seeds 0..4 --rule 'krum{.byzantine = 3}' 'it'\\''s' ''");
}

TEST_CASE("aligned: texts begin below each other, numbers end so") {
    CHECK(aligned({{"rule", "loss", "who"}, {"a", "12.5", "x"}}, "lrl") ==
          "rule   loss   who\na      12.5   x\n");
}
