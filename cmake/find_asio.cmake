# SPDX-License-Identifier: Apache-2.0
# Finds standalone asio, which is headers alone, and offers it as btard::libasio.  Looks where the user points
# (Asio_INCLUDE_DIR, Asio_ROOT, CMAKE_PREFIX_PATH), then where the distribution has it.
# Installed beside btardConfig.cmake, so that a user's project finds it by the same rules.
find_package(Threads QUIET)
find_path(Asio_INCLUDE_DIR asio.hpp)
set(Asio_FOUND OFF)
if(Asio_INCLUDE_DIR AND EXISTS "${Asio_INCLUDE_DIR}/asio/version.hpp")
    file(STRINGS "${Asio_INCLUDE_DIR}/asio/version.hpp" Asio_VERSION REGEX "#define ASIO_VERSION ")
    string(REGEX REPLACE ".*// *" "" Asio_VERSION "${Asio_VERSION}")
    string(REGEX REPLACE "[^0-9.]" "" Asio_VERSION "${Asio_VERSION}")
    if(Asio_VERSION VERSION_GREATER_EQUAL 1.22 AND Threads_FOUND)
        set(Asio_FOUND ON)
    endif()
    if(Asio_FOUND AND NOT TARGET btard::libasio)
        add_library(btard::libasio INTERFACE IMPORTED GLOBAL)
        target_include_directories(btard::libasio SYSTEM INTERFACE "${Asio_INCLUDE_DIR}")
        target_compile_definitions(btard::libasio INTERFACE ASIO_STANDALONE)
        target_link_libraries(btard::libasio INTERFACE Threads::Threads)
    endif()
endif()
