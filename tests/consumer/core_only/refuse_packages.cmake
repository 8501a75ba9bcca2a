# SPDX-License-Identifier: Apache-2.0
macro(refuse_package method name)
    if(NOT "${name}" STREQUAL "btard")
        message(FATAL_ERROR "the core asks for ${name}")
    endif()
endmacro()
cmake_language(SET_DEPENDENCY_PROVIDER refuse_package SUPPORTED_METHODS FIND_PACKAGE)
