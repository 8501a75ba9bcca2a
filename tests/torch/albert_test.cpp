// tests/torch/albert_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/torch/models/albert.hpp>
#include <btard/torch/one_thread.hpp>

#include <doctest/doctest.h>
#include <torch/torch.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

using namespace btard;

namespace {

albert_config const tiny{.vocabulary = 20,
                         .embedding = 8,
                         .hidden = 12,
                         .layers = 3,
                         .heads = 2,
                         .feed_forward = 16,
                         .positions = 10,
                         .sentence_order = true};

/// Two sequences of seven tokens, with two holes each.
masked_batch two_sequences() {
    return {.sequences = 2,
            .length = 7,
            .ids = {2, 7, 4, 9, 3, 4, 3, 2, 4, 19, 3, 6, 4, 3},
            .segments = {0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1},
            .masked = {2, 5, 8, 12},
            .labels = {8, 11, 5, 17},
            .order = {0, 1}};
}

/// Parameter k of all is 0.5 sin(k), plus one in the weights of a LayerNorm (tests/interop/albert_golden.py).
void fill_with_sines(flat_module const& view) {
    for (auto const& tensor : view.layout()) {
        double const base = tensor.name.find("orm.weight") != std::string::npos ? 1 : 0;
        for (std::size_t k = tensor.offset; k < tensor.offset + tensor.size; ++k) {
            view.parameters()[k] = static_cast<float>(base + 0.5 * std::sin(static_cast<double>(k)));
        }
    }
}

std::int64_t parameters_of(albert_config const& sizes) {
    std::int64_t count = 0;
    for (auto const& tensor : albert(sizes).parameters()) count += tensor.numel();
    return count;
}

} // namespace

TEST_CASE("albert: names, shapes and order are those of Hugging Face's AlbertForPreTraining") {
    std::string const layer = "albert.encoder.albert_layer_groups.0.albert_layers.0.";
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> const expected{
        {"albert.embeddings.word_embeddings.weight", {20, 8}},
        {"albert.embeddings.position_embeddings.weight", {10, 8}},
        {"albert.embeddings.token_type_embeddings.weight", {2, 8}},
        {"albert.embeddings.LayerNorm.weight", {8}},
        {"albert.embeddings.LayerNorm.bias", {8}},
        {"albert.encoder.embedding_hidden_mapping_in.weight", {12, 8}},
        {"albert.encoder.embedding_hidden_mapping_in.bias", {12}},
        {layer + "full_layer_layer_norm.weight", {12}},
        {layer + "full_layer_layer_norm.bias", {12}},
        {layer + "attention.query.weight", {12, 12}},
        {layer + "attention.query.bias", {12}},
        {layer + "attention.key.weight", {12, 12}},
        {layer + "attention.key.bias", {12}},
        {layer + "attention.value.weight", {12, 12}},
        {layer + "attention.value.bias", {12}},
        {layer + "attention.dense.weight", {12, 12}},
        {layer + "attention.dense.bias", {12}},
        {layer + "attention.LayerNorm.weight", {12}},
        {layer + "attention.LayerNorm.bias", {12}},
        {layer + "ffn.weight", {16, 12}},
        {layer + "ffn.bias", {16}},
        {layer + "ffn_output.weight", {12, 16}},
        {layer + "ffn_output.bias", {12}},
        {"albert.pooler.weight", {12, 12}},
        {"albert.pooler.bias", {12}},
        {"predictions.bias", {20}},
        {"predictions.LayerNorm.weight", {8}},
        {"predictions.LayerNorm.bias", {8}},
        {"predictions.dense.weight", {8, 12}},
        {"predictions.dense.bias", {8}},
        {"sop_classifier.classifier.weight", {2, 12}},
        {"sop_classifier.classifier.bias", {2}}};
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> all, without;
    for (auto const& item : albert(tiny).named_parameters())
        all.emplace_back(item.key(), item.value().sizes().vec());
    CHECK(all == expected);

    auto sizes = tiny;
    sizes.sentence_order = false;
    for (auto const& item : albert(sizes).named_parameters()) {
        without.emplace_back(item.key(), item.value().sizes().vec());
    }
    std::erase_if(
        all, [](auto const& item) { return item.first.find("pooler") + 1 || item.first.starts_with("sop"); });
    CHECK(all.size() == expected.size() - 4);
    CHECK(without == all);
}

TEST_CASE("albert: the published sizes have the published numbers of parameters") {
    auto large = albert_by_name("large"), base = albert_by_name("base");
    std::int64_t const large_pooler = 1'024 * 1'024 + 1'024, base_pooler = 768 * 768 + 768;
    CHECK(parameters_of(large) == 17'683'968 - large_pooler + 161'456);
    CHECK(parameters_of(base) == 11'683'584 - base_pooler + 128'688);
    large.sentence_order = true;
    CHECK(parameters_of(large) == 17'847'474);
    CHECK(parameters_of(albert_by_name("nano")) == 108'421);
}

TEST_CASE("albert: loss, gradient and logits are those of Hugging Face's model") {
    albert model(tiny);
    flat_module const view(model);
    fill_with_sines(view);
    auto const batch = two_sequences();
    auto const loss = model.loss(batch);
    loss.backward();
    // Printed by tests/interop/albert_golden.py.
    CHECK(loss.item<double>() == doctest::Approx(4.479013400138).epsilon(2e-6));
    double squares = 0;
    for (float const g : view.gradients()) squares += double(g) * g;
    CHECK(std::sqrt(squares) == doctest::Approx(2.529689210140).epsilon(2e-6));

    auto const x =
        model.states(batch, torch::tensor({0, 2, 7, 8}, torch::kLong).view({2, 2})).view({2, 2, 12});
    auto const logits = model.logits(x.select(1, 1));
    double const expected[] = {1.439693399, 0.268015850, -1.560047978, 0.739050742, 1.985020526};
    for (int k = 0; k < 5; ++k)
        CHECK(logits[0][k].item<double>() == doctest::Approx(expected[k]).epsilon(1e-5));
    auto const order = model.order_logits(x.select(1, 0));
    CHECK(order[0][0].item<double>() == doctest::Approx(0.058851138).epsilon(1e-5));
    CHECK(order[1][1].item<double>() == doctest::Approx(0.203136846).epsilon(1e-5));
}

TEST_CASE("albert: the gradient is the slope of the loss, in every coordinate") {
    one_thread const alone; // 7,000 tiny passes
    for (bool const sentence_order : {false, true}) {
        auto sizes = tiny;
        sizes.sentence_order = sentence_order;
        albert model(sizes);
        flat_module const view(model);
        fill_with_sines(view);
        auto const batch = two_sequences();
        model.loss(batch).backward();
        std::vector<float> const gradient(view.gradients().begin(), view.gradients().end());
        torch::NoGradGuard const constants;
        for (std::size_t k = 0; k < view.size(); ++k) {
            CAPTURE(k);
            float& parameter = view.parameters()[k];
            float const before = parameter;
            float const above = before + 0x1p-7f, below = before - 0x1p-7f;
            parameter = above;
            double const high = model.loss(batch).item<double>();
            parameter = below;
            double const low = model.loss(batch).item<double>();
            parameter = before;
            // Rounding: a few times 2^-24 * 4.5 / 2^-6;  the third derivative gives at most 9e-5.
            CHECK(std::abs((high - low) / (double(above) - below) - gradient[k]) < 2.5e-4);
        }
    }
}

TEST_CASE("albert: states and logits at the masked tokens are those of the full forward pass") {
    auto sizes = albert_by_name("nano");
    sizes.deviation = 0.2; // so that tokens differ by more than rounding
    albert model(sizes);
    model.initialize(seed{1, 2});
    masked_text const samples(byte_text::from_string(std::string(500, 'x') + std::string(500, 'y')));
    auto const batch = samples.draw(seed{3, 4});
    torch::NoGradGuard const constants;
    auto const all = model.states(batch, torch::arange(8 * 64, torch::kLong).view({8, 64}));
    auto const masked = tensor_of(batch.masked);
    auto const some = model.states(batch, masked.view({8, -1}));
    CHECK(all.size(0) == 512);
    CHECK(some.size(0) == 72);
    CHECK(torch::allclose(some, all.index_select(0, masked), 1e-4, 1e-5));
    CHECK(torch::allclose(model.logits(some), model.logits(all).index_select(0, masked), 1e-4, 1e-4));
    auto const direct =
        torch::cross_entropy_loss(model.logits(all).index_select(0, masked), tensor_of(batch.labels));
    CHECK(model.loss(batch).item<double>() == doctest::Approx(direct.item<double>()).epsilon(1e-5));
}

TEST_CASE("albert: a fresh model knows nothing: its loss is the logarithm of the vocabulary") {
    albert model(
        {.vocabulary = 261, .embedding = 32, .hidden = 64, .layers = 2, .heads = 2, .feed_forward = 256});
    model.initialize(seed{5, 0});
    masked_text const samples(byte_text::from_string(std::string(400, 'a') + std::string(100, 'b')));
    CHECK(model.loss(samples.draw(seed{3, 4})).item<double>() ==
          doctest::Approx(std::log(261)).epsilon(0.02));
}

TEST_CASE(
    "albert: initial weights are N(0, deviation) from the seed, and LibTorch's generator is not asked") {
    auto const generator = at::detail::getDefaultCPUGenerator();
    torch::manual_seed(1);
    auto const before = generator.get_state().clone();
    auto sizes = tiny;
    sizes.vocabulary = 5'000;
    sizes.deviation = 0.05;
    albert first(sizes), second(sizes);
    first.initialize(seed{1, 2});
    CHECK(torch::equal(generator.get_state(), before));
    torch::manual_seed(2);
    second.initialize(seed{1, 2});
    auto const ours = first.named_parameters(), theirs = second.named_parameters();
    for (auto const& item : ours) CHECK(torch::equal(item.value(), theirs[item.key()]));

    auto const word = ours["albert.embeddings.word_embeddings.weight"];
    CHECK(word[0].abs().sum().item<float>() == 0); // the padding token
    auto const rest = word.narrow(0, 1, 4'999);
    CHECK(std::abs(rest.mean().item<double>()) < 5 * 0.05 / std::sqrt(4 * 4'999));
    CHECK(rest.std().item<double>() == doctest::Approx(0.05).epsilon(0.03));
    for (auto const& item : ours) {
        if (item.value().dim() == 1) {
            bool const scale = item.key().find("orm.weight") != std::string::npos;
            CHECK(torch::all(item.value() == (scale ? 1 : 0)).item<bool>());
        }
    }
    second.initialize(seed{1, 3});
    CHECK(!torch::equal(word, theirs["albert.embeddings.word_embeddings.weight"]));
}

TEST_CASE("albert: the head has its own LayerNorm eps") {
    auto other = tiny;
    other.head_layer_norm_eps = 0.1;
    albert model(tiny), changed(other);
    flat_module const view(model), changed_view(changed);
    fill_with_sines(view);
    fill_with_sines(changed_view);
    auto const batch = two_sequences();
    auto const places = torch::tensor({2, 8}, torch::kLong).view({2, 1});
    auto const x = model.states(batch, places);
    CHECK(torch::equal(x, changed.states(batch, places)));
    CHECK(!torch::allclose(model.logits(x), changed.logits(x)));
}

TEST_CASE("albert: sizes and batches that do not fit are mistakes, told with their numbers") {
    auto odd = tiny;
    odd.heads = 5;
    CHECK_THROWS_WITH_AS(albert{odd}, "hidden = 12 is no multiple of heads = 5", contract_violation);
    auto none = tiny;
    none.layers = 0;
    CHECK_THROWS_WITH_AS(albert{none}, "layers = 0; every size of a model is positive", contract_violation);

    albert model(tiny);
    auto batch = two_sequences();
    batch.ids[3] = 20;
    CHECK_THROWS_WITH_AS((void)model.loss(batch), "token 20 in a batch, a model of 20 tokens",
                         contract_violation);
    batch = two_sequences();
    batch.order.clear();
    CHECK_THROWS_AS((void)model.loss(batch), contract_violation);
    batch.sequences = 1;
    batch.length = 14;
    CHECK_THROWS_WITH_AS((void)model.states(batch, torch::zeros({1, 1}, torch::kLong)),
                         "sequences of 14 tokens, a model of 10 positions", contract_violation);
    CHECK_THROWS_AS((void)albert(albert_by_name("nano")).order_logits(torch::zeros({1, 64})),
                    contract_violation);
}

TEST_CASE("albert_by_name: knows three sizes, and says which when asked for another") {
    CHECK(albert_by_name("large") == albert_config{});
    CHECK(albert_by_name("base").hidden == 768);
    CHECK(albert_by_name("nano").vocabulary == byte_vocabulary::size);
    CHECK_THROWS_WITH_AS((void)albert_by_name("huge"),
                         "there is no ALBERT called 'huge', only nano, base, large", environment_error);
}
