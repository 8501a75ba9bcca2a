// cmake/kernels.cpp: the kernels that our own programs share.
// SPDX-License-Identifier: Apache-2.0
#include <btard/aggregate/host.hpp>
BTARD_HOST_KERNELS()
