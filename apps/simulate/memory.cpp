// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"
#include "images.hpp"
#include "task.hpp"

#include <btard/attack/needs.hpp>
#include <btard/core/parallel.hpp>
#include <btard/train/optimizer.hpp>

#include <algorithm>
#include <cstdio>
#include <variant>

namespace btard::apps {

namespace {

constexpr std::size_t number = sizeof(float);

/// What a peer that checks others holds, in vectors as long as the parameters.  Of this step and of the one before:
/// its gradient, the rows of its part, all parts of the aggregate, the aggregate before; and what is on its way.
constexpr std::size_t vectors_of_peer = 2 * 4 + 2;

/// Numbers that the layers of a model make of one image.  A gradient needs about all of them, an evaluation
/// those of a few layers, and LibTorch's copies in its own order; how many was measured with wide models.
struct layer_outputs {
    std::size_t at_work;          ///< largest ones that an evaluation has at the same time
    std::size_t images_at_a_time; ///< of an evaluation
    std::size_t all = 0, largest = 0;
    void add(std::size_t count, std::size_t times = 1) {
        all += count * times;
        largest = std::max(largest, count);
    }
};

std::size_t unsigned_size(std::int64_t size) { return static_cast<std::size_t>(size); }

layer_outputs outputs_of(mlp_config const& sizes, image_sampling const&, image_shape const&) {
    layer_outputs made{4, 100};
    made.add(unsigned_size(sizes.inputs));
    for (auto const width : sizes.hidden) made.add(unsigned_size(width), 2);
    return made;
}

layer_outputs outputs_of(cnn_config const& sizes, image_sampling const&, image_shape const& shape) {
    layer_outputs made{5, 100};
    made.add(shape.size());
    std::size_t pixels = shape.height * shape.width;
    for (auto const filters : sizes.filters) {
        made.add(unsigned_size(filters) * pixels, 5); // convolution, relu, their gradients, pooling
        pixels /= 4;
    }
    made.add(unsigned_size(sizes.hidden), 2);
    return made;
}

layer_outputs outputs_of(resnet18_config const& sizes, image_sampling const& samples,
                         image_shape const& shape) {
    layer_outputs made{8, std::max<std::size_t>(samples.calibration, 100)};
    std::size_t maps = unsigned_size(sizes.width) * shape.height * shape.width;
    made.add(maps, 3); // convolution, normalisation, relu
    for (int stage = 0; stage < 4; ++stage, maps /= 2) made.add(maps, 10 + (stage > 0 ? 2 : 0));
    return made;
}

std::size_t bytes_of_batch(settings const& what) {
    auto const model = what.model_or_default();
    if (auto const* const text = what.data.as_text()) {
        auto const& albert = *model->as_albert();
        std::size_t const length = text->samples.sequence;
        std::size_t const of_layer = 12 * unsigned_size(albert.hidden) +
                                     2 * unsigned_size(albert.feed_forward) +
                                     2 * unsigned_size(albert.heads) * length;
        std::size_t const of_head = 2 * unsigned_size(albert.vocabulary);
        return number * text->samples.batch * length * (unsigned_size(albert.layers) * of_layer + of_head);
    }
    if (!what.data.as_images()) return 0;
    auto const images = load_images(what.data, 1, {});
    auto const& samples = images.settings();
    return std::visit(
        [&]<class M>(M const& one) -> std::size_t {
            if constexpr (requires { one.sizes(sizes_of(images)); }) {
                auto const made = outputs_of(one.sizes(sizes_of(images)), samples, images.training().shape());
                std::size_t const evaluated = what.evaluate_every ? made.images_at_a_time * made.at_work : 0;
                return number * std::max(samples.batch * made.all, evaluated * made.largest);
            }
            return 0;
        },
        model->value);
}

std::size_t state_size(optimizer const& method) { // vectors as long as the parameters
    return std::visit(
        []<class Method>(Method const& one) -> std::size_t {
            if constexpr (requires { one.momentum; }) return one.momentum > 0 ? 1 : 0;
            return 2; // means and squares
        },
        method);
}

} // namespace

memory_use memory_of(settings const& what, std::size_t parameters, std::size_t batch) {
    std::size_t const vector = parameters * number, peers = what.swarm.peers,
                      attackers = what.byzantine.peers.size();
    std::size_t const wanted = what.swarm.threads > 0 ? what.swarm.threads : parallel::hardware();
    std::size_t const threads = std::min(wanted, peers);
    bool const learns_by_module = what.data.as_text() || what.data.as_images();
    memory_use use;
    use.rows = peers * vector * (what.swarm.worker_momentum ? 2 : 1);
    use.vectors = vector * (2 + state_size(what.swarm.optimizer));
    use.learners = learns_by_module ? threads * (3 * vector + batch) : 0;
    if (what.has_validators()) use.protocol = peers * vector * vectors_of_peer;
    use.attackers =
        attackers * (memory_of(what.attack, parameters) + (reads_accomplices(what.attack) ? vector : 0));
    if (std::size_t const back = steps_back(what.attack); back > 0 && attackers > 0) {
        std::size_t const first = std::min(first_step(what.attack), what.steps);
        std::size_t const copies =
            (what.steps - first + back - 1) / back; // swarms that are `back` steps behind another
        use.attackers += copies * (use.rows + use.vectors + use.learners);
    }
    return use;
}

memory_use memory_of(settings const& what, std::size_t parameters) {
    return memory_of(what, parameters, bytes_of_batch(what));
}

memory_use memory_of(settings const& what) { return memory_of(what, make_task(what).size()); }

std::string bytes_text(std::size_t bytes) {
    char text[40];
    double const mega = double(bytes) / (1 << 20);
    std::snprintf(text, sizeof text, mega < 1'000 ? "%.1f MiB" : "%.1f GiB",
                  mega < 1'000 ? mega : mega / 1'024);
    return text;
}

std::string memory_note(settings const& what) {
    constexpr std::size_t worth_a_word = std::size_t{256} << 20;
    if (what.byzantine.peers.empty() || memory_of(what.attack, 1) == 0) return {};
    std::size_t const remembered = memory_of(what).attackers;
    if (remembered <= worth_a_word) return {};
    return concat("the ", what.byzantine.peers.size(), " attackers remember ", bytes_text(remembered),
                  " of gradients");
}

} // namespace btard::apps
