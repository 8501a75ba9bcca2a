# tests/consumer/mixed_torch/TorchConfig.cmake: a LibTorch whose package file found the library of another one.
# SPDX-License-Identifier: Apache-2.0
set(TORCH_INCLUDE_DIRS ${CMAKE_CURRENT_LIST_DIR}/include)
set(TORCH_LIBRARY /usr/lib/libtorch.so)
