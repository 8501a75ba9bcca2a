# SPDX-License-Identifier: Apache-2.0
# Finds LibTorch and offers it as btard::libtorch.  Looks, in this order, where the user points (Torch_DIR, Torch_ROOT,
# CMAKE_PREFIX_PATH), at the Python wheel that python3 would import, and where the distribution has it.
# Installed beside btardConfig.cmake, so that a user's project finds it by the same rules.
block(PROPAGATE Torch_FOUND)
cmake_policy(VERSION 3.25)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

if(NOT TARGET torch)
    if(Torch_DIR AND NOT Torch_ROOT) # else the package file looks for its library in the system first
        string(REGEX REPLACE "/(share|lib(/[^/]+)?)/cmake/Torch/?$" "" Torch_ROOT "${Torch_DIR}")
    endif()
    find_package(Torch QUIET NO_SYSTEM_ENVIRONMENT_PATH NO_CMAKE_SYSTEM_PATH
        NO_CMAKE_PACKAGE_REGISTRY NO_CMAKE_SYSTEM_PACKAGE_REGISTRY)
    if(NOT Torch_FOUND AND NOT Torch_ROOT)
        execute_process(COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/torch_wheel.py
            OUTPUT_VARIABLE Torch_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
        find_package(Torch QUIET)
    endif()
endif()

if(Torch_FOUND AND NOT TARGET btard::libtorch)
    # With two installed, the package file of one may find the library of the other: that links, and aborts at start.
    list(GET TORCH_INCLUDE_DIRS 0 headers)
    file(REAL_PATH "${headers}/.." prefix)
    file(REAL_PATH "${TORCH_LIBRARY}" library)
    string(REGEX REPLACE "/lib(64|/[^/]+-linux-gnu)?/[^/]+$" "" library_prefix "${library}")
    if(NOT library_prefix STREQUAL prefix)
        message(FATAL_ERROR "Two LibTorch are mixed: the headers are those of ${prefix}, the library is ${library}.  "
            "Configure an empty build folder with the prefix of one of them, as in -D Torch_ROOT=${prefix}")
    endif()
    if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
        message(FATAL_ERROR "The LibTorch of ${prefix} was built with the old C++ ABI of GCC; "
            "the Python wheels have the present one from 2.7 on.")
    endif()
    message(STATUS "LibTorch ${Torch_VERSION} of ${prefix}")
    add_library(btard::libtorch INTERFACE IMPORTED GLOBAL)
    target_link_libraries(btard::libtorch INTERFACE ${TORCH_LIBRARIES})
endif()
endblock()
