#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens a checkpoint with the library of Hugging Face, and has one of its files read: checkpoint.py TEST_CHECKPOINT

The numbers are those of tests/checkpoint/sample.hpp.
"""
import hashlib
import math
import os
import subprocess
import sys
import tempfile

try:
    import numpy
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing}")
    raise SystemExit(0)


def in_our_program(case, folder):
    subprocess.run([sys.argv[1], "--test-suite=interop", f"--test-case={case}", "--no-skip"], check=True,
                   env=dict(os.environ, BTARD_INTEROP=folder))


with tempfile.TemporaryDirectory() as folder:
    in_our_program("write", folder)
    path = folder + "/ours.safetensors"
    tensors = load_file(path)
    model = {name: tensor for name, tensor in tensors.items() if not name.startswith(("btard.", "optimizer."))}
    assert sorted(model) == ["albert.word.bias", "albert.word.weight"], model
    assert model["albert.word.weight"].shape == (3, 2) and model["albert.word.weight"].dtype == numpy.float32
    assert model["albert.word.weight"][1, 0] == 0.5 and model["albert.word.bias"][1] == math.inf
    assert tensors["optimizer.means"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert tensors["optimizer.square_weight"] == 1 / 3 and tensors["optimizer.square_weight"].shape == ()
    assert tensors["btard.roster"].shape == (3, 48) and tensors["btard.ban.11"].tolist() == [11] * 11
    with safe_open(path, framework="numpy") as file:
        said = file.metadata()
    assert said["format"] == "pt" and said["btard.step"] == "450" and said["btard.optimizer"] == "lamb", said
    assert said["btard.configuration"] == '[run]\nname = "a \\ b"\t# \xe4\n', said
    assert said["btard.seed.gradient"] == "18446744073709551615 0", said
    content = open(path, "rb").read()
    zeros = content.replace(said["btard.sha256"].encode(), b"0" * 64)
    assert hashlib.sha256(zeros).hexdigest() == said["btard.sha256"]
    try:
        from safetensors.torch import load_file as load_for_torch
    except ImportError as missing:
        print(f"without torch: {missing}")
    else:
        assert load_for_torch(path)["albert.word.weight"].tolist()[1] == [0.5, model["albert.word.weight"][1, 1]]

    save_file({"albert.word.weight": numpy.arange(6, dtype=numpy.float32).reshape(3, 2),
               "albert.word.bias": numpy.array([6, 7, 8], dtype=numpy.float32),
               "albert.position_ids": numpy.arange(5), "mask": numpy.zeros((0, 3), dtype=numpy.uint8)},
              folder + "/theirs.safetensors", metadata={"format": "pt"})
    in_our_program("read", folder)
print("both libraries read the files of the other")
