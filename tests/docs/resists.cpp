// tests/docs/resists.cpp: the tables "Resists" of the reference pages: every rule under every attack.
// SPDX-License-Identifier: Apache-2.0
#include <btard/btard.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <vector>

using namespace btard;

namespace {

/// Ten overlapping clouds of points, a linear classifier, cross-entropy: something with labels to flip.
struct ten_clouds {
    static constexpr std::size_t classes = 10, width = 32, batch = 8;

    static std::size_t size() { return classes * width; }
    static std::vector<tensor_layout> layout() { return {{"weight", 0, {classes, width}, size(), true}}; }
    static bool labelled() { return true; }
    static void initialize(seed, std::span<float> out) { std::fill(out.begin(), out.end(), 0.0f); }

    static double gradient(std::span<float const> weights, seed from, labels_hook flip,
                           std::span<float> out) {
        std::fill(out.begin(), out.end(), 0.0f);
        return loss(weights, from, flip, batch, [&](std::size_t y, std::span<double const> x, double error) {
            for (std::size_t k = 0; k < width; ++k) out[y * width + k] += float(error * x[k] / batch);
        });
    }
    static double evaluate(std::span<float const> weights) {
        return loss(weights, derive({}, "held out"), {}, 1'000, [](auto&&...) {});
    }

private:
    static double loss(std::span<float const> weights, seed from, labels_hook flip, std::size_t points,
                       auto&& learn) {
        random_stream middle(derive({}, "clouds")), draw(from);
        std::vector<double> centres(size()), x(points * width);
        for (double& c : centres) c = middle.normal() / 2;
        std::vector<std::int64_t> y(points);
        for (std::size_t p = 0; p < points; ++p) {
            y[p] = draw.below(classes);
            for (std::size_t k = 0; k < width; ++k)
                x[p * width + k] = centres[std::size_t(y[p]) * width + k] + draw.normal();
        }
        flip(y, classes);
        double sum = 0;
        for (std::size_t p = 0; p < points; ++p) {
            auto const point = std::span<double const>(x).subspan(p * width, width);
            std::vector<double> score(classes);
            for (std::size_t j = 0; j < classes; ++j)
                for (std::size_t k = 0; k < width; ++k) score[j] += weights[j * width + k] * point[k];
            double const top = *std::max_element(score.begin(), score.end());
            double const right = score[std::size_t(y[p])];
            double total = 0;
            for (double& s : score) total += s = std::exp(s - top);
            sum += std::log(total) + top - right;
            for (std::size_t j = 0; j < classes; ++j)
                learn(j, point, score[j] / total - (j == std::size_t(y[p]) ? 1 : 0));
        }
        return sum / double(points);
    }
};

/// One column: an attack, and what is trained under it.
struct column {
    std::string title, attack;
    bool labelled = false;
    bool with_rules = true; ///< also a column of the tables of the rules
};
std::vector<column> const columns{
    {"no attack", "honest{}"},
    {"`sign_flip{.scale = 1000}`", "sign_flip{.scale = 1000}"},
    {"`sign_flip{.scale = 1}`", "sign_flip{.scale = 1}"},
    {"`constant_direction{.scale = 1000}`", "constant_direction{.scale = 1000}"},
    {"`constant_direction{.scale = 1}`", "constant_direction{.scale = 1}"},
    {"clouds, no attack", "honest{}", true},
    {"clouds, `label_flip{}`", "label_flip{}", true},
    {"`delayed_gradient{.delay = 20}`", "delayed_gradient{.delay = 20}", false, false},
    {"`inner_product{.epsilon = 10}`", "inner_product{.epsilon = 10}", false, false},
    {"`inner_product{.epsilon = 0.1}`", "inner_product{.epsilon = 0.1}", false, false},
    {"`little_is_enough{}`", "little_is_enough{}", false, false},
    {"`little_is_enough{.z = 1.5}`", "little_is_enough{.z = 1.5}", false, false},
    {"`gaussian{.deviation = 100}`", "gaussian{.deviation = 100}", false, false},
    {"`not_finite{}`", "not_finite{}", false, false},
};
constexpr std::size_t attackers[] = {3, 7};

/// The rules of a section; `f` stands for the number of attackers.
struct section {
    std::string title;
    std::vector<std::string> rules;
};
std::vector<section> const sections{
    {"mean", {"mean{}"}},
    {"centered_clip", {"centered_clip{.tau = 1}", "centered_clip{.tau = 4}"}},
    {"geometric_median", {"geometric_median{}"}},
    {"krum", {"krum{.byzantine = f}"}},
    {"multi_krum", {"multi_krum{.byzantine = f}"}},
    {"coordinate_median", {"coordinate_median{}"}},
    {"trimmed_mean", {"trimmed_mean{.byzantine = f}"}},
    {"nnm",
     {"mixed{nnm{.byzantine = f}, centered_clip{.tau = 1}}",
      "mixed{nnm{.byzantine = f}, krum{.byzantine = f}}",
      "mixed{nnm{.byzantine = f}, trimmed_mean{.byzantine = f}}"}},
    {"bucketing",
     {"mixed{bucketing{.bucket = 2}, centered_clip{.tau = 1}}",
      "mixed{bucketing{.bucket = 2}, krum{.byzantine = 3}}"}},
    {"clipping",
     {"mixed{clipping{.radius = 4}, mean{}}", "mixed{clipping{.radius = 4}, trimmed_mean{.byzantine = f}}"}},
};

/// The loss after 200 steps, or "lost" where it is higher than at the start.
std::string final_loss(std::string rule, column const& under, std::size_t liars) {
    for (std::size_t at; (at = rule.find("= f")) != rule.npos;) rule.replace(at, 3, concat("= ", liars));
    auto const train = [&](auto task, float rate) -> std::string {
        swarm_options options{.peers = 16, .optimizer = sgd{rate}};
        for (std::size_t k = 0; k < liars; ++k) options.byzantine.push_back(2 * k + 1);
        swarm run{task, parse<any_aggregator>(rule), parse<any_attack>(under.attack), options};
        double const start = run.evaluate();
        run.train(200);
        double const end = run.evaluate();
        char text[16];
        std::snprintf(text, sizeof text, end < 10 ? "%.2g" : "%.0f", std::min(end, start));
        return end < start ? text : "lost";
    };
    return under.labelled ? train(ten_clouds{}, 0.5f) : train(quadratic{}, 0.1f);
}

std::string table(std::vector<std::vector<std::string>> rows) {
    rows.insert(rows.begin() + 1, std::vector<std::string>(rows.front().size(), "---"));
    std::string text;
    for (auto const& row : rows) {
        for (auto const& cell : row) text += concat("| ", cell, " ");
        text += "|\n";
    }
    return text;
}

} // namespace

int main() {
    std::map<std::string, std::string> loss;
    auto const key = [](std::string const& rule, column const& c, std::size_t liars) {
        return concat(rule, c.title, liars);
    };
    for (auto const& [title, rules] : sections) { // for each rule all attacks, then the reverse
        std::vector<std::vector<std::string>> rows{{"rule", "attackers"}};
        for (auto const& c : columns)
            if (c.with_rules) rows[0].push_back(c.title);
        for (auto const& rule : rules)
            for (std::size_t const liars : attackers) {
                rows.push_back({concat("`", rule, "`"), concat(liars, " of 16")});
                for (auto const& c : columns) {
                    auto const& cell = loss[key(rule, c, liars)] = final_loss(rule, c, liars);
                    if (c.with_rules) rows.back().push_back(cell);
                }
            }
        std::printf("<!-- resists %s -->\n%s\n", title.c_str(), table(rows).c_str());
    }
    for (std::string const attack : {"honest", "sign_flip", "constant_direction", "label_flip", "delayed_gradient",
                                     "inner_product", "little_is_enough", "gaussian", "not_finite"}) {
        std::vector<std::vector<std::string>> rows{{"rule"}};
        for (auto const& c : columns)
            for (std::size_t const liars : attackers)
                if (c.attack.starts_with(attack)) rows[0].push_back(concat(c.title, ", ", liars, " of 16"));
        for (auto const& [title, rules] : sections)
            for (auto const& rule : rules) {
                rows.push_back({concat("`", rule, "`")});
                for (auto const& c : columns)
                    for (std::size_t const liars : attackers)
                        if (c.attack.starts_with(attack)) rows.back().push_back(loss[key(rule, c, liars)]);
            }
        std::printf("<!-- resists %s -->\n%s\n", attack.c_str(), table(rows).c_str());
    }
}
