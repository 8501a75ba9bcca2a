# SPDX-License-Identifier: Apache-2.0
# A layer of the library: an interface target, its headers, and an export set of its own, so that an installed
# layer asks for no library but those that it links itself.
include(GNUInstallDirs)
set(btard_package_dir ${CMAKE_INSTALL_DATADIR}/cmake/btard)

# btard_layer(<name> [LINKS <layer or library>...] [SYSTEM <header>...] HEADERS <path below include/btard>...)
# SYSTEM names the headers of the operating system that the layer opens beside the standard library.
function(btard_layer name)
    cmake_parse_arguments(PARSE_ARGV 1 layer "" "" "LINKS;SYSTEM;HEADERS")
    set(targets ${layer_LINKS})
    list(TRANSFORM targets PREPEND btard:: REGEX "^[a-z_]+$") # a library of others has its own namespace
    list(TRANSFORM layer_HEADERS PREPEND include/btard/)

    add_library(btard_${name} INTERFACE)
    add_library(btard::${name} ALIAS btard_${name})
    target_compile_features(btard_${name} INTERFACE cxx_std_20)
    target_link_libraries(btard_${name} INTERFACE ${targets})
    target_sources(btard_${name} INTERFACE FILE_SET HEADERS BASE_DIRS include FILES ${layer_HEADERS})
    set_target_properties(btard_${name} PROPERTIES EXPORT_NAME ${name})
    if(PROJECT_IS_TOP_LEVEL AND (BTARD_WITH_TORCH OR NOT "libtorch" IN_LIST layer_LINKS)
        AND (BTARD_WITH_THRUST OR NOT "libthrust" IN_LIST layer_LINKS))
        set_target_properties(btard_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    endif()

    install(TARGETS btard_${name} EXPORT btard_${name} FILE_SET HEADERS)
    install(EXPORT btard_${name} NAMESPACE btard:: DESTINATION ${btard_package_dir})
    set_property(GLOBAL APPEND PROPERTY btard_layers ${name})
    set_property(GLOBAL PROPERTY btard_${name}_headers ${layer_HEADERS})
    set_property(GLOBAL PROPERTY btard_${name}_links ${layer_LINKS})
    set_property(GLOBAL PROPERTY btard_${name}_system ${layer_SYSTEM})
endfunction()

# Refuses a header that no layer lists, or two.
function(btard_check_headers)
    if(NOT PROJECT_IS_TOP_LEVEL)
        return()
    endif()
    get_property(layers GLOBAL PROPERTY btard_layers)
    foreach(layer IN LISTS layers)
        get_property(headers GLOBAL PROPERTY btard_${layer}_headers)
        list(APPEND listed ${headers})
    endforeach()
    file(GLOB_RECURSE present CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} include/btard/*.hpp)
    foreach(header IN LISTS present)
        list(FIND listed ${header} place)
        if(place EQUAL -1)
            list(APPEND missing ${header})
        else()
            list(REMOVE_AT listed ${place})
        endif()
    endforeach()
    if(missing OR listed)
        message(FATAL_ERROR "Each header is listed in one layer of CMakeLists.txt; "
            "not listed: [${missing}]; listed twice, or not there: [${listed}]")
    endif()
endfunction()
