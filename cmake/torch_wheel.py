# SPDX-License-Identifier: Apache-2.0
"""Prints the prefix of the Python wheel `torch` if this project can be built with it; does not import it (seconds)."""

import importlib.metadata
import importlib.util
import pathlib
import shutil
import sys

spec = importlib.util.find_spec("torch")
if spec is None or not spec.submodule_search_locations:
    sys.exit("no wheel")
prefix = pathlib.Path(spec.submodule_search_locations[0])
if tuple(map(int, importlib.metadata.version("torch").split(".")[:2])) < (2, 7):
    sys.exit("older wheels were built with the old C++ ABI of GCC")
if (prefix / "lib/libtorch_cuda.so").exists() and not shutil.which("nvcc"):
    sys.exit("a wheel with CUDA stops every configuration without the CUDA toolkit")
print(prefix)
