# tests/headers/dependencies.cmake: a header includes nothing of a layer or library that its own layer does not link.
# SPDX-License-Identifier: Apache-2.0
# All layers share include/, and distributions put LibTorch into /usr/include, so a wrong include may well compile.
# This reads what the compiler opened for the check of each header.
#     cmake -D SOURCE=<project> -D BINARY=<its build> -D NINJA=<ninja> -D CXX=<compiler> -P dependencies.cmake
include(${BINARY}/tests/headers/layers.cmake) # layers, and for each <layer>_headers, <layer>_links, <layer>_system

set(libtorch_opens "/(torch|ATen|c10|caffe2|gflags|glog|gcc|clang|c\\+\\+)/")
set(ZLIB::ZLIB_opens "/(zlib|zconf)\\.h$")
set(OpenSSL::Crypto_opens "/(openssl/[a-z0-9_]+|stdlib)\\.h$")
set(OpenSSL::SSL_opens "/openssl/[a-z0-9_]+\\.h$")
set(nlohmann_json::nlohmann_json_opens "/nlohmann/[a-z0-9_/]+\\.hpp$")
set(libasio_opens "/(asio/.+|asio)\\.(hpp|ipp)$")
set(libthrust_opens "/(thrust|cub|cccl|tbb|gcc|clang|c\\+\\+)/")
execute_process(COMMAND ${NINJA} -C ${BINARY} -t deps OUTPUT_VARIABLE recorded COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n\n" ";" recorded "${recorded}")
foreach(unit IN LISTS recorded) # a few megabytes: they are searched once
    if(unit MATCHES "^[^:]*/(btard_[a-z_]+_verify_interface_header_sets/[^:]+)\\.cxx\\.")
        set(opened_by_${CMAKE_MATCH_1} "${unit}")
    endif()
endforeach()

file(RELATIVE_PATH to_source ${BINARY} ${SOURCE}) # what paths begin with where ccache has a base_dir
string(REGEX REPLACE "/$" "" to_source ${to_source})

foreach(layer IN LISTS layers)
    # Headers of ours, of other libraries, and of the system that this layer may open, by itself or by those it links.
    set(ours "")
    set(theirs "_ignorelist\\.txt$") # which clang opens for a sanitizer
    set(system "#include <bits/stdc++.h>\n")
    set(linked ${layer})
    while(linked)
        list(POP_FRONT linked next)
        list(APPEND linked ${${next}_links})
        list(APPEND ours ${${next}_headers})
        if(DEFINED ${next}_opens)
            string(APPEND theirs "|${${next}_opens}")
        endif()
        foreach(header IN LISTS ${next}_system)
            string(APPEND system "#include <${header}>\n")
        endforeach()
    endwhile()
    list(TRANSFORM ours PREPEND ${SOURCE}/)
    file(WRITE ${BINARY}/tests/headers/system.cpp "${system}")
    execute_process(COMMAND ${CXX} -std=c++20 -O2 -M ${BINARY}/tests/headers/system.cpp
        OUTPUT_VARIABLE opened COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "/[^ \n]+" opened "${opened}")
    set(system "")
    foreach(path IN LISTS opened)
        cmake_path(NORMAL_PATH path)
        list(APPEND system ${path})
    endforeach()

    foreach(header IN LISTS ${layer}_headers)
        string(REPLACE include/ btard_${layer}_verify_interface_header_sets/ check ${header})
        if(NOT DEFINED opened_by_${check})
            message(SEND_ERROR "${header} was not compiled alone: build the target all_verify_interface_header_sets")
        endif()
        string(REGEX MATCHALL "\n +[^\n]+" opened "${opened_by_${check}}")
        list(TRANSFORM opened STRIP)
        list(TRANSFORM opened REPLACE "^${to_source}/" "${SOURCE}/")
        if(header STREQUAL include/btard/btard.hpp)
            set(left_out ${ours})
            list(REMOVE_ITEM left_out ${opened})
            if(left_out)
                message(SEND_ERROR "${header} leaves out ${left_out}")
            endif()
        endif()
        list(REMOVE_ITEM opened ${ours} ${system})
        list(FILTER opened EXCLUDE REGEX "${check}\\.cxx$|${theirs}")
        if(opened)
            list(GET opened 0 first)
            message(SEND_ERROR "${header} opens what ${layer} does not link: ${first}")
        endif()
    endforeach()
endforeach()
