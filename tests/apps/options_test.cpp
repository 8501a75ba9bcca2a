// SPDX-License-Identifier: Apache-2.0
#include "../../apps/simulate/curves.hpp"
#include "../../apps/simulate/options.hpp"

#include <btard/core/error.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace btard;
using namespace btard::apps;

namespace options_tests { // other tests of its batch have helpers of the same names

namespace {

using words = std::vector<std::string>;

settings only(words const& given_words) {
    auto const wanted = read_request(given_words);
    REQUIRE(wanted.curves.size() == 1);
    return wanted.curves[0].what;
}

std::string refusal(words const& given_words) {
    try {
        (void)read_request(given_words);
    } catch (environment_error const& error) {
        return error.what();
    } catch (contract_violation const& error) {
        return error.what();
    }
    return "nothing refused";
}

struct config_file {
    std::string path = std::filesystem::temp_directory_path() / "btard_options_test.toml";
    explicit config_file(std::string const& text) { std::ofstream(path) << text; }
    config_file(config_file const&) = delete;
    config_file& operator=(config_file const&) = delete;
    ~config_file() { std::filesystem::remove(path); }
};

} // namespace

TEST_CASE("simulate: without a word, one curve that is named after its rule") {
    auto const wanted = read_request({});
    CHECK(wanted.print == "");
    REQUIRE(wanted.curves.size() == 1);
    CHECK(wanted.curves[0].name == "mean");
    CHECK(wanted.curves[0].file == "mean.jsonl");
    settings usual;
    usual.bans = bans::validators; // the mean can be verified
    CHECK(wanted.curves[0].what == usual);
    CHECK(wanted.note == "");
    CHECK(wanted.out.starts_with("runs/20"));
}

TEST_CASE("simulate: the words of the documentation") {
    auto const what = only({"--data",          "text:/a b/c.txt",
                            "--model",         "albert:nano{.hidden = 96}",
                            "--rule",          "mixed{nnm{.byzantine = 7}, centered_clip{.tau = 1}}",
                            "--attack",        "scheduled{sign_flip{.scale = 10}, {.start = 100}}",
                            "--peers",         "16",
                            "--byzantine",     "7",
                            "--bans",          "simulated",
                            "--seed",          "3",
                            "--optimizer",     "lamb{.learning_rate = 0.02}",
                            "--schedule",      "cosine_decay{.total = 500}",
                            "--clip-gradient", "1",
                            "--parts",         "16",
                            "--threads",       "2",
                            "--steps",         "300",
                            "--data.sequence", "32"});
    auto const& text = std::get<text_file>(what.data.value);
    CHECK(text.file == "/a b/c.txt");
    CHECK(text.samples.sequence == 32);
    CHECK(what.model->as_albert()->hidden == 96);
    CHECK(what.model->as_albert()->vocabulary == 261);
    CHECK(to_text(what.rule).starts_with("mixed{nnm{.byzantine = 7}, centered_clip{.tau = 1,"));
    CHECK(first_step(what.attack) == 100);
    CHECK(what.options().byzantine == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6});
    CHECK(what.bans == bans::simulated);
    CHECK(what.swarm.optimizer == optimizer{lamb{.learning_rate = 0.02f}});
    CHECK(what.swarm.clip_gradient == 1.0f);
    CHECK(what.swarm.parts == 16);
    CHECK(what.steps == 300);
}

TEST_CASE("simulate: peers check each other, unless one of the runs without --bans cannot be checked") {
    auto const bans_of = [](words const& given_words) {
        std::vector<bans> all;
        auto const wanted = read_request(given_words);
        for (auto const& one : wanted.curves) all.push_back(one.what.bans.value());
        return std::pair(all, wanted.note);
    };
    using list = std::vector<bans>;
    constexpr auto none = bans::none, simulated = bans::simulated, validators = bans::validators;
    CHECK(bans_of({"--curve", "a:", "--curve", "b: --rule centered_clip{}"}) == std::pair(list{validators, validators}, std::string{}));
    CHECK(bans_of({"--rule", "mean{}", "--rule", "krum{.byzantine = 1}"}) ==
          std::pair(list{none, none}, std::string{"nobody is banned, where --bans is not given: krum, no attack, seed 0: peers cannot check "
                                                  "krum: it has no residual that sums to zero, as mean and centered_clip have"}));
    CHECK(bans_of({"--curve", "a: --bans validators", "--curve", "b: --rule krum{}", "--curve", "c: --bans simulated"}).first ==
          list{validators, none, simulated});
    auto const sentence = [&](words const& given_words) {
        auto const [all, note] = bans_of(given_words);
        CHECK(all == list{none});
        std::string const head = "nobody is banned, where --bans is not given: ";
        REQUIRE(note.starts_with(head));
        return note.substr(head.size());
    };
    CHECK(sentence({"--worker-momentum", "worker_momentum{}"}) ==
          "nobody can recompute a worker momentum, a running mean of gradients, from one step");
    CHECK(sentence({"--parts", "16"}) == "with validators each peer that works owns one part; leave --parts out");
    CHECK(sentence({"--attack", "delayed_gradient{.replay = true}"}).starts_with("an attack with replay"));
    CHECK(sentence({"--rule", "mixed{nnm{.byzantine = 1}, mean{}}"}).starts_with("peers cannot check a rule behind a mixing"));
    CHECK(sentence({"--rule", "centered_clip{.iterations = 3}"}).starts_with("centered_clip with iterations ends before"));
    CHECK(sentence({"--rule", "centered_clip{.rtol = 0.001}"}).starts_with("centered_clip: rtol is 0.001"));
    CHECK(sentence({"--byzantine", "8"}) == "8 of 16 peers are Byzantine, with 1 validators the others can judge at most 7");
    CHECK(sentence({"--peers", "1"}).starts_with("1 peers are too few"));
    CHECK(refusal({"--bans", "validators", "--worker-momentum", "worker_momentum{}"}) ==
          "--bans validators: nobody can recompute a worker momentum, a running mean of gradients, from one step; right "
          "would be --bans simulated or none");
    CHECK(refusal({"--bans", "validators", "--rule", "krum{.byzantine = 1}"}).starts_with("--bans validators: peers cannot check krum"));
    CHECK(refusal({"--bans", "validators", "--byzantine", "8"}) == "nothing refused"); // who asks for it may see what happens
}

TEST_CASE("simulate: what the protocol bears with is an option for each number") {
    auto const what = only({"--validators", "2", "--faults", "3", "--far", "0.5", "--tolerance", "1e-5", "--state-every", "8",
                            "--standing.first_wait", "5", "--network.loss", "0.1", "--keys", "real"});
    CHECK(what.checks.validators == 2);
    CHECK(what.checks.faults == std::size_t{3});
    CHECK(what.checks.far == 0.5);
    CHECK(what.checks.tolerance == 1e-5);
    CHECK(what.checks.state_every == 8);
    CHECK(what.checks.standing.first_wait == 5);
    CHECK(what.checks.network.loss == 0.1);
    CHECK(what.keys == signing_keys::real);
    CHECK(refusal({"--tolerance", "1"}) == "--tolerance is 1, it must be in [0, 1)");
    CHECK(refusal({"--tolerance", "-0.1"}) == "--tolerance is -0.1, it must be in [0, 1)");
    CHECK(refusal({"--tolerance", "1e-5", "--probation.admits", "anybody"}) ==
          "--tolerance is 1e-05, and newcomers are let in (--probation.admits): theirs must be right to the last bit; leave "
          "one of them out");
    CHECK(refusal({"--standing.window", "0"}).starts_with("--standing: a rule of 0 steps"));
}

TEST_CASE("simulate: a text without a model has the smallest one, a quadratic none") {
    CHECK(only({"--data", "text:x"}).model == any_model{albert_model{}});
    CHECK(!only({"--data", "quadratic{.dimension = 3}"}).model);
    CHECK(refusal({"--model", "albert:nano"})
              .starts_with("--model is for a text or images, the data is quadratic{"));
}

TEST_CASE("simulate: images from a folder, by a short form or by fields") {
    auto const what = only({"--data", "fashion_mnist:/a b/{c}", "--data.batch", "32", "--data.flip", "true",
                            "--data.split", "dirichlet{.alpha = 0.1}", "--model", "cnn{.kernel = 3}"});
    auto const& images = std::get<fashion_mnist>(what.data.value);
    CHECK(images.folder == "/a b/{c}");
    CHECK(images.samples == image_sampling{.batch = 32, .flip = true});
    CHECK(images.split == sample_split{dirichlet{.alpha = 0.1}});
    CHECK(what.model == any_model{cnn_model{.kernel = 3}});
    CHECK(any_data::from_text(what.data.text()) == what.data);

    auto const shards = only({"--data", "cifar10", "--data.split", "by_label{.shards = 3}"});
    auto const& usual = std::get<cifar10>(shards.data.value);
    CHECK(usual.folder == "cifar-10");
    CHECK(usual.samples == cifar10_sampling);
    CHECK(usual.split == sample_split{by_label{.shards = 3}});
    CHECK(only({"--data", "idx:x"}).data.as_images()->folder == "x");
    CHECK(refusal({"--data", "idx"}) ==
          "--data: the path of the folder is missing; right would be idx:FOLDER");
    CHECK(refusal({"--data", "idx:x", "--data.batch", "0"}) == "--data: a batch of no images");
    CHECK(refusal({"--data", "idx:x", "--data.split", "dirichlet{.alpha = 0}"}) ==
          "--data: alpha is 0, it must be in (0, 1e9]");
}

TEST_CASE("simulate: the usual model of images, and its fields without its name") {
    CHECK(only({"--data", "fashion_mnist"}).model == any_model{mlp_model{}});
    CHECK(only({"--data", "idx:x"}).model == any_model{mlp_model{}});
    CHECK(only({"--data", "cifar10"}).model == any_model{resnet18_model{}});
    CHECK(only({"--model.width", "8", "--data", "cifar10"}).model == any_model{resnet18_model{.width = 8}});
    CHECK(only({"--model.hidden", "{}", "--data", "fashion_mnist"}).model ==
          any_model{mlp_model{.hidden = {}}});
    CHECK(only({"--model.hidden", "32", "--data", "text:x"}).model->as_albert()->hidden == 32);

    config_file const file("data = 'fashion_mnist'\nmodel.hidden = '{64, 32}'\n");
    CHECK(only({"--config", file.path, "--model.classes", "10"}).model ==
          any_model{mlp_model{.hidden = {64, 32}, .classes = 10}});
    auto const curves = read_request({"--data", "fashion_mnist", "--curve", "a:", "--curve",
                                      "b: --data cifar10 --model.width 16"})
                            .curves;
    CHECK(curves[0].what.model == any_model{mlp_model{}});
    CHECK(curves[1].what.model == any_model{resnet18_model{.width = 16}});
}

TEST_CASE("simulate: a model that does not fit the data is refused before any file is opened") {
    CHECK(refusal({"--data", "text:x", "--model", "mlp"}) ==
          "--model: mlp{.hidden = {128}} is for images, the data is " +
              to_text(any_data{text_file{"x", {}}}));
    CHECK(refusal({"--data", "cifar10", "--model", "albert:nano"})
              .starts_with("--model: an ALBERT is for a text, the data is cifar10{"));
    CHECK(refusal({"--data", "idx:x", "--model", "mlp{.hidden = {0}}"}) ==
          "--model: hidden = 0; every size of a model is positive");
    CHECK(refusal({"--data", "idx:x", "--model", "mlp{.inputs = -1}"}) ==
          "--model: inputs = -1; every size of a model is positive");
    CHECK(refusal({"--data", "idx:x", "--model", "cnn{.kernel = 4}"}) ==
          "--model: kernel = 4; only an odd one has a middle");
    CHECK(refusal({"--data", "idx:x", "--model", "cnn{.filters = {1, 1, 1}, .height = 7}"})
              .starts_with("--model: nothing is left of 7 x "));
    CHECK(refusal({"--data", "idx:x", "--model", "resnet18{.width = 0}"})
              .starts_with("--model: a ResNet with"));
    CHECK(refusal({"--data", "idx:x", "--attack", "label_flip{}", "--byzantine", "3"}) == "nothing refused");
}

TEST_CASE("simulate: attackers by number or by name") {
    CHECK(only({"--byzantine", "{11, 3}"}).options().byzantine == std::vector<std::size_t>{11, 3});
    CHECK(only({"--byzantine", "1"}).options().byzantine == std::vector<std::size_t>{0});
    CHECK(refusal({"--byzantine", "16"}) == "all 16 peers are byzantine, one must be honest");
    CHECK(refusal({"--byzantine", "{16}"}) == "byzantine names peer 16, the last one is 15");
    CHECK(refusal({"--byzantine", "seven"})
              .starts_with("--byzantine: 'seven', column 1: 'seven' is not a whole number"));
}

TEST_CASE("simulate: the fields of the rule itself, also behind a mixing") {
    CHECK(to_text(only({"--rule", "mixed{clipping{}, krum{}}", "--rule.byzantine", "3"}).rule) ==
          "mixed{clipping{.radius = 2}, krum{.byzantine = 3, .besides = 2}}");
    CHECK(refusal({"--rule", "krum{}", "--rule.tau", "1"}) ==
          "--rule.tau: there is no field 'tau' (known: byzantine, besides), in krum{.byzantine = 0, .besides "
          "= 2}");
}

TEST_CASE("simulate: file, then command line, then each curve") {
    config_file const file(
        "peers = 8\nseed = 5\nrule = 'centered_clip{.tau = 4}'\nout = 'here'\noverwrite = true\n"
        "curve = ['a: --steps 7', 'B b: --rule mean{} --peers 9']\n");
    auto const wanted = read_request({"--peers", "12", "--config", file.path, "--rule.tau", "2"});
    CHECK(wanted.out == "here");
    CHECK(wanted.overwrite);
    REQUIRE(wanted.curves.size() == 2);
    auto const& [a, b] = std::tie(wanted.curves[0], wanted.curves[1]);
    CHECK(a.name == "a");
    CHECK(a.what.swarm.peers == 12);
    CHECK(a.what.swarm.seed == 5);
    CHECK(a.what.steps == 7);
    CHECK(to_text(a.what.rule).starts_with("centered_clip{.tau = 2,"));
    CHECK(b.name == "B b");
    CHECK(b.file == "b_b.jsonl");
    CHECK(b.what.swarm.peers == 9);
    CHECK(to_text(b.what.rule) == "mean{}");

    auto const other = read_request({"--config", file.path, "--curve", "c:"});
    REQUIRE(other.curves.size() == 1);
    CHECK(other.curves[0].name == "c");
}

TEST_CASE("simulate: --print-config says where each value came from, and can be read back") {
    config_file const file(
        "# first\npeers = 8\nrule = 'centered_clip{}'\ncurve = [\n'a: --rule \"mean{}\"',\n]\n");
    auto const printed =
        read_request({"--config", file.path, "--rule.tau", "2", "--seed", "9", "--print-config"});
    for (auto const& line :
         words{"peers = 8   ", "# " + file.path + ":2\n", "seed = 9   ", "# command line\n",
               "# " + file.path + ":3; .tau: command line\n", "steps = 200   ", "# default\n",
               "# " + file.path + ":5\n", "# model is absent"})
        CHECK_MESSAGE(printed.print.find(line) != std::string::npos, line);

    config_file const again(printed.print);
    auto const same = read_request({"--config", again.path});
    CHECK(same.out == printed.out);
    REQUIRE(same.curves.size() == 1);
    CHECK(same.curves[0].what == printed.curves[0].what);
}

TEST_CASE("simulate: bad settings are refused with their name and place") {
    config_file const file("peers = 8\n\npeer = 3\n");
    CHECK(refusal({"--config", file.path})
              .starts_with(file.path + ":3: peer: there is no setting 'peer'; did you mean 'peers'?"));
    config_file const wrong("steps = 'many'\n");
    CHECK(refusal({"--config", wrong.path})
              .starts_with(wrong.path + ":1: steps: 'many', column 1: 'many' is not a whole number"));
    config_file const several("byzantine = [1, 3]\n");
    CHECK(refusal({"--config", several.path}) ==
          several.path +
              ":1: byzantine: it takes one value, and no array; right would be byzantine = '{1, 3}'");
    config_file const none("steps = []\n");
    CHECK(refusal({"--config", none.path}).find("the array of 'steps' is empty") != std::string::npos);
    CHECK(refusal({"--steps", "0"}) == "--steps is 0, it must be 1 or more");
    CHECK(refusal({"--rule", "centered_clip{.tau = 0}"}) == "--rule: tau is 0, it must be positive");
    CHECK(refusal({"--attack", "scheduled{sign_flip{}, {.every = 0}}"}) ==
          "--attack: every is 0, it must be 1 or more");
    CHECK(refusal({"--attack", "label_flip{}"}).starts_with("--attack: it changes labels, and quadratic{"));
    CHECK(refusal({"--rule", "krum{.byzantine = 8}", "--peers", "16"}).find("8") != std::string::npos);
    CHECK(refusal({"--out", ""}) == "--out: the name of the folder is empty");
    CHECK(refusal({"--data", "text:"}) ==
          "--data: the path of the text is missing; right would be text:FILE");
    CHECK(refusal({"--data", "text:x", "--data.sequence", "1000"}) ==
          "--data: sequences of 1000 tokens, but the model has 512 positions");
    CHECK(refusal({"--data", "text:x", "--model.hidden", "65"}) ==
          "--model: hidden = 65 is no multiple of heads = 4");
    CHECK(refusal({"--data", "text:x", "--model", "bert"})
              .find("unknown name 'bert'; did you mean 'albert'?") != std::string::npos);
    CHECK(refusal({"--data", "text:x", "--model", "albert:huge"}).find("only nano, base, large") !=
          std::string::npos);
}

TEST_CASE("simulate: a bad curve is named") {
    CHECK(refusal({"--curve", "x --rule mean{}"}) ==
          "--curve: 'x --rule mean{}' has no colon; right would be 'NAME: --rule mean{}'");
    CHECK(refusal({"--curve", ": --peers 3"}).starts_with("--curve: '' is no name for a curve"));
    CHECK(refusal({"--curve", "\xc3\xa9: --peers 3"}).find("letters of ASCII") != std::string::npos);
    CHECK(refusal({"--curve", "a: --peers 'x"}) == "curve 'a': the quote ' does not end");
    CHECK(refusal({"--curve", "a: --out x"}).starts_with("curve 'a': there is no option '--out'"));
    CHECK(refusal({"--curve", "a: --rule.tau 1"})
              .starts_with("curve 'a': --rule.tau: there is no field 'tau'"));
    CHECK(refusal({"--curve", "a: --steps 0"}) == "curve 'a': --steps is 0, it must be 1 or more");
    CHECK(refusal({"--curve", "A b:", "--curve", "a_b:"}) ==
          "the curves 'A b' and 'a_b' would both be written to a_b.jsonl");
}

TEST_CASE("file_stem: lower-case letters, digits, dots and dashes, and nothing that a shell minds") {
    CHECK(file_stem("mean") == "mean");
    CHECK(file_stem("CenteredClip, tau 0.5") == "centeredclip_tau_0.5");
    CHECK(file_stem("../x") == "x");
    CHECK(file_stem("***") == "curve");
}

} // namespace options_tests
