// btard/torch/one_thread.hpp: one thread for LibTorch's work in the calling thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Parallel.h>

#include <dlfcn.h>

#include <cstddef>
#include <mutex>

namespace btard {

/// While it lives, ATen and BLAS use no other thread for the work of this one; before and after, they are as
/// the program set them.
///
/// Peers in one process run one per thread, so more threads inside would only fight (2.5 times slower on 2
/// cores), and sums cut over another number of threads have other bits.  Here: the OpenMP and MKL settings,
/// which belong to the calling thread, are set directly, since `at::set_num_threads` would change what new
/// threads begin with. OpenBLAS has one number for the whole process: the first such object sets it, the last
/// one puts it back.
class one_thread {
public:
    one_thread()
        : aten_(at::get_num_threads()) { // this call also lets ATen set up the thread: do not move it down
        if (calls().omp_set) calls().omp_set(1);
        if (calls().mkl_set) mkl_ = calls().mkl_set(1);
        std::lock_guard const lock(blas().mutex);
        if (blas().users++ == 0 && calls().openblas_set) {
            blas().before = calls().openblas_get();
            calls().openblas_set(1);
        }
    }
    ~one_thread() {
        if (calls().omp_set) calls().omp_set(aten_);
        if (calls().mkl_set) calls().mkl_set(mkl_);
        std::lock_guard const lock(blas().mutex);
        if (--blas().users == 0 && calls().openblas_set) calls().openblas_set(blas().before);
    }
    one_thread(one_thread const&) = delete;
    one_thread& operator=(one_thread const&) = delete;

private:
    /// What the LibTorch of this process was linked with, found by name: none of these is in all builds.
    struct functions {
        void (*omp_set)(int) = find<void (*)(int)>("omp_set_num_threads");
        int (*mkl_set)(int) = find<int (*)(int)>("MKL_Set_Num_Threads_Local"); // lower case: Fortran
        void (*openblas_set)(int) = find<void (*)(int)>("openblas_set_num_threads");
        int (*openblas_get)() = find<int (*)()>("openblas_get_num_threads");

        template <class F>
        static F find(char const* name) {
            return reinterpret_cast<F>(::dlsym(RTLD_DEFAULT, name));
        }
    };
    static functions const& calls() {
        static functions const found;
        return found;
    }

    struct shared_setting {
        std::mutex mutex;
        std::size_t users = 0;
        int before = 0;
    };
    static shared_setting& blas() {
        static shared_setting setting;
        return setting;
    }

    int aten_;
    int mkl_ = 0;
};

} // namespace btard
