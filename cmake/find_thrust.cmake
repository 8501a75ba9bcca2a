# SPDX-License-Identifier: Apache-2.0
# Finds Thrust and offers it as btard::libthrust_cpp, btard::libthrust_tbb and btard::libthrust_omp, as far as TBB and
# OpenMP are there, and the best of them as btard::libthrust.  Looks where the user points (Thrust_DIR, Thrust_ROOT,
# CMAKE_PREFIX_PATH), then in the CUDA toolkit, whose version is the newer one, then where the distribution has it.
# Installed beside btardConfig.cmake, so that a user's project finds it by the same rules.
set(BTARD_THRUST_SYSTEM "" CACHE STRING "Device system of Thrust: TBB, OMP or CPP; empty: the first of these that is there")
block(PROPAGATE Thrust_FOUND btard_thrust_systems)
cmake_policy(VERSION 3.25)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

if(NOT Thrust_FOUND)
    find_package(Thrust QUIET CONFIG
        HINTS ${CUDAToolkit_ROOT} $ENV{CUDAToolkit_ROOT} $ENV{CUDA_HOME} $ENV{CUDA_PATH} /usr/local/cuda
        PATH_SUFFIXES lib64/cmake lib/cmake)
endif()

if(Thrust_FOUND AND NOT TARGET btard::libthrust)
    find_package(TBB QUIET CONFIG)
    find_package(OpenMP QUIET COMPONENTS CXX)
    set(btard_thrust_systems "")
    if(TARGET TBB::tbb)
        thrust_set_TBB_target(TBB::tbb)
        list(APPEND btard_thrust_systems TBB)
    endif()
    if(TARGET OpenMP::OpenMP_CXX)
        thrust_set_OMP_target(OpenMP::OpenMP_CXX)
        list(APPEND btard_thrust_systems OMP)
    endif()
    list(APPEND btard_thrust_systems CPP)
    foreach(system IN LISTS btard_thrust_systems)
        string(TOLOWER ${system} lower)
        thrust_create_target(btard_thrust_${lower} HOST CPP DEVICE ${system})
        add_library(btard::libthrust_${lower} INTERFACE IMPORTED GLOBAL)
        target_link_libraries(btard::libthrust_${lower} INTERFACE btard_thrust_${lower})
    endforeach()
    string(TOUPPER "${BTARD_THRUST_SYSTEM}" chosen)
    if(chosen STREQUAL "")
        list(GET btard_thrust_systems 0 chosen)
    elseif(NOT chosen IN_LIST btard_thrust_systems)
        message(FATAL_ERROR "BTARD_THRUST_SYSTEM is '${BTARD_THRUST_SYSTEM}'; there are: ${btard_thrust_systems}")
    endif()
    string(TOLOWER ${chosen} lower)
    add_library(btard::libthrust INTERFACE IMPORTED GLOBAL)
    target_link_libraries(btard::libthrust INTERFACE btard::libthrust_${lower})
    cmake_path(GET Thrust_DIR PARENT_PATH place)
    message(STATUS "Thrust ${Thrust_VERSION} of ${place}, device systems ${btard_thrust_systems}, taken: ${chosen}")
endif()
endblock()
