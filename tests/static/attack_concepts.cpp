// tests/static/attack_concepts.cpp: what is an attack, and what is none.
// SPDX-License-Identifier: Apache-2.0
#include <btard/attack/any_attack.hpp>
#include <btard/attack/concept.hpp>
#include <btard/attack/constant_direction.hpp>
#include <btard/attack/label_flip.hpp>
#include <btard/attack/scheduled.hpp>
#include <btard/attack/sign_flip.hpp>

#include <cstdint>
#include <mutex>
#include <span>

using namespace btard;

static_assert(attack<honest> && !corrupts_gradient<honest> && !corrupts_labels<honest>);
static_assert(attack<sign_flip> && corrupts_gradient<sign_flip> && !corrupts_labels<sign_flip>);
static_assert(attack<constant_direction> && corrupts_gradient<constant_direction> &&
              !corrupts_labels<constant_direction>);
static_assert(attack<label_flip> && corrupts_labels<label_flip> && !corrupts_gradient<label_flip>);
static_assert(attack<any_attack> && corrupts_labels<any_attack> && corrupts_gradient<any_attack>);

// A wrapper has the hooks of what it wraps, and no others.
static_assert(corrupts_gradient<scheduled<sign_flip>> && !corrupts_labels<scheduled<sign_flip>>);
static_assert(corrupts_labels<scheduled<label_flip>> && !corrupts_gradient<scheduled<label_flip>>);
static_assert(attack<scheduled<scheduled<sign_flip>>> && !attack<scheduled<honest>>);

struct misspelled {
    void corrupt_gradients(attack_context const&, std::span<float>);
};
static_assert(!attack<misspelled> && !attack<int>);
struct labels_of_a_wrong_type {
    void corrupt_labels(attack_context const&, std::span<std::int32_t>, std::int64_t);
};
static_assert(!corrupts_labels<labels_of_a_wrong_type> && !attack<labels_of_a_wrong_type>);
struct never_moves {
    std::mutex state;
    void corrupt_gradient(attack_context const&, std::span<float>);
};
static_assert(corrupts_gradient<never_moves> && !attack<never_moves>);
struct remembers { // a hook may change the attack
    int calls = 0;
    void corrupt_gradient(attack_context const&, std::span<float>) { ++calls; }
};
static_assert(attack<remembers> && !corrupts_gradient<remembers const>);
