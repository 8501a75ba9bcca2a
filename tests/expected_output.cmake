# tests/expected_output.cmake: a program prints, to the letter, what a file holds.
# SPDX-License-Identifier: Apache-2.0
#     cmake -D PROGRAM=<program> -D EXPECTED=<file> -P expected_output.cmake
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(READ ${EXPECTED} expected)
if(NOT printed STREQUAL expected)
    message(FATAL_ERROR "${PROGRAM} prints:\n${printed}expected:\n${expected}")
endif()
