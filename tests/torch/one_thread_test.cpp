// tests/torch/one_thread_test.cpp
// SPDX-License-Identifier: Apache-2.0
#include <btard/torch/one_thread.hpp>

#include <doctest/doctest.h>
#include <torch/torch.h>

#include <dlfcn.h>

#include <optional>
#include <thread>

using namespace btard;

namespace {

/// The threads of OpenBLAS, or -1 where LibTorch has another BLAS.
int openblas_threads() {
    auto const get = reinterpret_cast<int (*)()>(::dlsym(RTLD_DEFAULT, "openblas_get_num_threads"));
    return get ? get() : -1;
}

} // namespace

TEST_CASE("one_thread: ATen and BLAS have one thread while it lives, and their own number afterwards") {
    std::thread([] { // a thread of its own, so that no other test sees the change
        at::set_num_threads(3);
        int const blas = openblas_threads();
        {
            one_thread const alone;
            CHECK(at::get_num_threads() == 1);
            if (blas > 0) CHECK(openblas_threads() == 1);
            {
                one_thread const nested;
                CHECK(at::get_num_threads() == 1);
            }
            CHECK(at::get_num_threads() == 1);
            if (blas > 0) CHECK(openblas_threads() == 1);
        }
        CHECK(at::get_num_threads() == 3);
        CHECK(openblas_threads() == blas);
        at::set_num_threads(1);
    })
        .join();
}

TEST_CASE("one_thread: other threads, and those that begin meanwhile, keep their numbers") {
    std::thread([] {
        at::set_num_threads(3);
        std::optional<one_thread> alone(std::in_place);
        int seen = 0;
        std::thread([&] { seen = at::get_num_threads(); }).join();
        CHECK(seen == 3);
        std::thread([&] {
            one_thread const theirs;
            alone.reset(); // the last of the two puts BLAS back, whichever it is
            if (openblas_threads() > 0) CHECK(openblas_threads() == 1);
        }).join();
        CHECK(at::get_num_threads() == 1); // set in the other thread, where `alone` ended
        at::set_num_threads(1);
    }).join();
}
