// apps/simulate/data.hpp: what the peers learn from: `quadratic{...}`, `text:FILE`, `cifar10:FOLDER`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <btard/core/describe.hpp>
#include <btard/core/error.hpp>
#include <btard/core/fields.hpp>
#include <btard/core/policy_text.hpp>
#include <btard/data/image_sampling.hpp>
#include <btard/data/masked_text.hpp>
#include <btard/data/split.hpp>
#include <btard/train/quadratic.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <variant>

namespace btard::apps {

/// Bytes to guess in a text file.
struct text_file {
    std::string file;
    masking samples;

    static constexpr auto name = "text";
    static constexpr auto summary = masking::summary;
    static constexpr auto path = &text_file::file;
    static constexpr void describe(auto& self, auto&& field) {
        field("file", self.file, "path of the text");
        masking::describe(self.samples, field);
    }
    friend bool operator==(text_file const&, text_file const&) = default;

    void validate() const {
        expects(!file.empty(), "the path of the text is missing; right would be text:FILE");
        samples.validate();
    }
};

/// What data sets of labelled images have in common.
struct image_folder {
    std::string folder;
    image_sampling samples;
    sample_split split;

    static constexpr auto path = &image_folder::folder;
    static constexpr void describe(auto& self, auto&& field) {
        field("folder", self.folder, "path of the folder with the files");
        image_sampling::describe(self.samples, field);
        field("split", self.split,
              "whose images each peer draws from: all of them, or its own, dirichlet{...} or by_label{...}");
    }
    friend bool operator==(image_folder const&, image_folder const&) = default;

    void validate() const {
        expects(!folder.empty(), "the path of the folder is missing; right would be idx:FOLDER");
        samples.validate();
    }
};

struct idx_folder : image_folder {
    static constexpr auto name = "idx";
    static constexpr auto summary = "labelled images of one channel: the four idx files of MNIST and its kin";
    friend bool operator==(idx_folder const&, idx_folder const&) = default;
};

struct fashion_mnist : image_folder {
    fashion_mnist() : image_folder{"fashion-mnist", {}, {}} {}

    static constexpr auto name = "fashion_mnist";
    static constexpr auto summary = "the same, from the folder fashion-mnist if no other one is given";
    friend bool operator==(fashion_mnist const&, fashion_mnist const&) = default;
};

/// Drawn as in the published experiments.
struct cifar10 : image_folder {
    cifar10() : image_folder{"cifar-10", cifar10_sampling, {}} {}

    static constexpr auto name = "cifar10";
    static constexpr auto summary = "labelled images of three channels: CIFAR-10's binary files";
    friend bool operator==(cifar10 const&, cifar10 const&) = default;
};

/// One of them, chosen at run time.
struct any_data {
    using choice = std::variant<quadratic, text_file, idx_folder, fashion_mnist, cifar10>;
    choice value{};

    static constexpr auto name = "data";
    static constexpr void describe(auto& self, auto&& field) { field("", self.value); }
    friend bool operator==(any_data const&, any_data const&) = default;

    [[nodiscard]] std::string text() const { return to_text(value); }
    /// After `text:`, `idx:` and their like all letters are the path, whatever they are.
    [[nodiscard]] static any_data from_text(std::string_view letters) {
        any_data read;
        bool found = false;
        for_each_choice<choice>([&]<class D>(D made) {
            if constexpr (requires { D::path; }) {
                std::string const short_form = concat(D::name, ":");
                if (!letters.starts_with(short_form)) return;
                made.*D::path = letters.substr(short_form.size());
                read.value = std::move(made);
                found = true;
            }
        });
        return found ? read : any_data{parse<choice>(letters)};
    }

    [[nodiscard]] text_file const* as_text() const { return std::get_if<text_file>(&value); }
    [[nodiscard]] image_folder const* as_images() const {
        return std::visit(
            []<class D>(D const& one) -> image_folder const* {
                if constexpr (std::derived_from<D, image_folder>) return &one;
                else return nullptr;
            },
            value);
    }
};

} // namespace btard::apps
