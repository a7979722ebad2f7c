"""Writes matrices in every format of NumPy and safetensors, each with its own writer, into a directory.

Printed is a JSON list: for each matrix its file, its name, its shape, its first and last entry, and its singular
values in double precision, as NumPy finds them in the values after rounding to the type.
"""

import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

directory = Path(sys.argv[1])
random = np.random.default_rng(0)
expected = []


def matrix(rows, columns, condition):
    """Singular values from 1 down to 1/condition, evenly in the logarithm."""
    small = min(rows, columns)
    left, _ = np.linalg.qr(random.standard_normal((rows, small)))
    right, _ = np.linalg.qr(random.standard_normal((columns, small)))
    return (left * np.logspace(0, -np.log10(condition), small)) @ right.T


def note(file, name, array):
    wide = array.astype(np.float64)
    expected.append(
        {
            "file": file,
            "name": name,
            "shape": list(array.shape),
            "ends": [wide.flat[0], wide.flat[-1]],
            "singular": np.linalg.svd(wide, compute_uv=False).tolist(),
        }
    )


SHAPES = {"wide": (24, 56, 1e6), "tall": (40, 16, 1e6), "square": (32, 32, 1e6), "row": (1, 9, 1.0)}
TYPES = {"f16": np.float16, "f32": np.float32, "f64": np.float64}

# safetensors, in one file and in two shards.
tensors = {
    f"{shape}.{name}": matrix(*sides).astype(kind)
    for shape, sides in SHAPES.items()
    for name, kind in {**TYPES, "bf16": ml_dtypes.bfloat16}.items()
}
for name, array in tensors.items():
    note("model.safetensors", name, array)
    note("sharded/model.safetensors.index.json", name, array)
save_file(tensors, directory / "model.safetensors", metadata={"format": "np"})
(directory / "sharded").mkdir()
names, weight_map = sorted(tensors), {}
for number, part in enumerate([names[::2], names[1::2]], start=1):
    shard = f"model-{number:05}-of-00002.safetensors"
    save_file({name: tensors[name] for name in part}, directory / "sharded" / shard)
    weight_map |= {name: shard for name in part}
index = {"metadata": {"total_size": sum(a.nbytes for a in tensors.values())}, "weight_map": weight_map}
(directory / "sharded/model.safetensors.index.json").write_text(json.dumps(index))

# NumPy, in both orders of the sides and of the bytes.
arrays = {}
for shape, sides in SHAPES.items():
    for name, kind in TYPES.items():
        for order in "CF":
            for endian in "<>":
                label = f"{shape}_{name}_{order}_{'little' if endian == '<' else 'big'}"
                kept = np.dtype(kind).newbyteorder(endian)
                arrays[label] = np.asarray(matrix(*sides), order=order).astype(kept, order=order)
for name, array in arrays.items():
    np.save(directory / f"{name}.npy", array)
    note(f"{name}.npy", name, array)
    note("stored.npz", name, array)
    note("deflated.npz", name, array)
others = {
    "objects": np.array([{"a": 1}], dtype=object),
    "brain": tensors["wide.bf16"],
    "whole": np.arange(6).reshape(2, 3),
}
np.savez(directory / "stored.npz", **arrays, **others)
np.savez_compressed(directory / "deflated.npz", **arrays, **others)

# Later versions of the header.
for version in [(2, 0), (3, 0)]:
    name = f"version{version[0]}"
    with open(directory / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, arrays["wide_f64_F_big"], version=version)
    note(f"{name}.npy", name, arrays["wide_f64_F_big"])

json.dump(expected, sys.stdout)
