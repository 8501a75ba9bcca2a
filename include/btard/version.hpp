// btard/version.hpp: the version of the library, for the preprocessor; CMake reads it from here.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#define BTARD_VERSION_MAJOR 0
#define BTARD_VERSION_MINOR 1
#define BTARD_VERSION_PATCH 0
