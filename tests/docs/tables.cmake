# tests/docs/tables.cmake: the generated tables of the reference pages are what a program prints.
# SPDX-License-Identifier: Apache-2.0
#     cmake -D PROGRAM=<program> -D KIND=<fields or resists> -D PAGES=<folder> -P tables.cmake
# A table begins with a line such as  <!-- fields krum -->  and ends with an empty line.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(GLOB pages ${PAGES}/*.md)
set(text "")
foreach(page IN LISTS pages)
    file(READ ${page} page)
    string(APPEND text "${page}")
endforeach()

string(REGEX MATCHALL "<!-- ${KIND} [a-z0-9_]+ -->" wanted "${printed}")
string(REGEX MATCHALL "<!-- ${KIND} [a-z0-9_]+ -->" found "${text}")
list(SORT wanted)
list(SORT found)
if(NOT wanted STREQUAL found)
    message(SEND_ERROR "the pages have the tables\n${found}\nthe program prints\n${wanted}")
endif()

while(NOT printed STREQUAL "")
    string(FIND "${printed}" "\n\n" length)
    math(EXPR length "${length} + 2")
    string(SUBSTRING "${printed}" 0 ${length} table)
    string(SUBSTRING "${printed}" ${length} -1 printed)
    string(FIND "${text}" "${table}" place)
    if(place EQUAL -1)
        message(SEND_ERROR "no page of ${PAGES} has this table:\n${table}")
    endif()
endwhile()
