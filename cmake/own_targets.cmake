# SPDX-License-Identifier: Apache-2.0
# How our own tests, programs, examples and benchmarks are built; nothing of this reaches a user of the library.
if(PROJECT_IS_TOP_LEVEL)
    if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
        set(CMAKE_BUILD_TYPE RelWithDebInfo)
    endif()
    set(CMAKE_CXX_EXTENSIONS OFF)
    find_program(BTARD_CCACHE ccache)
    if(BTARD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
        set(CMAKE_CXX_COMPILER_LAUNCHER ${BTARD_CCACHE})
    endif()
endif()

add_library(btard_dev INTERFACE)
target_compile_options(btard_dev INTERFACE
    -Wall -Wextra -Wpedantic -Wcast-qual -Wold-style-cast -Wextra-semi -Wnon-virtual-dtor
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow> # files of one batch do not know each other's names
    $<$<CXX_COMPILER_ID:GNU>:-Wconversion>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> # GCC 12 prints it falsely for a std::variant of vectors
)

# The kernels are half of what is compiled where something is aggregated; our own programs share one copy.
add_library(btard_kernels STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/kernels.cpp)
target_link_libraries(btard_kernels PRIVATE btard_dev btard::core)
target_compile_definitions(btard_kernels INTERFACE BTARD_COMPILED_KERNELS)

# What includes torch/torch.h shares one precompiled copy of it, and is built by the target with_torch.
add_custom_target(with_torch)
if(BTARD_WITH_TORCH)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "")
    add_library(btard_precompiled OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/precompiled.cpp)
    target_link_libraries(btard_precompiled PRIVATE btard_dev btard_kernels btard::torch)
    target_precompile_headers(btard_precompiled PRIVATE <torch/torch.h>)
endif()

# btard_executable(<name> [NO_KERNELS] SOURCES <file>... LINKS <target>...): NO_KERNELS where nothing is aggregated
function(btard_executable name)
    cmake_parse_arguments(PARSE_ARGV 1 own "NO_KERNELS" "" "SOURCES;LINKS")
    add_executable(${name} ${own_SOURCES})
    target_link_libraries(${name} PRIVATE btard_dev ${own_LINKS})
    if(NOT own_NO_KERNELS)
        target_link_libraries(${name} PRIVATE btard_kernels)
    endif()
    if("btard::torch" IN_LIST own_LINKS)
        target_precompile_headers(${name} REUSE_FROM btard_precompiled)
        add_dependencies(with_torch ${name})
    endif()
endfunction()
