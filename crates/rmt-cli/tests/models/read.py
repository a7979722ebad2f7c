"""Reads a checkpoint without torch or Keras: `read.py FILE` prints, for each tensor of floating point by its path, its shape, the sum
of its squares, and of a matrix its singular values.

A reader of its own, so that the program is held against another one.
"""
import json
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict

import numpy as np

DTYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4", "BoolStorage": "?", "ByteStorage": "u1"}


class Anything:
    """An object of whatever class."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __setstate__(self, state):
        self.state = state

    def append(self, item):
        pass

    extend = append


class Storage:
    def __init__(self, identifier):
        _, kind, self.key, _, _ = identifier[:5]
        self.dtype = np.dtype(DTYPES[kind])


class Lazy:
    def __init__(self, storage, offset, size, stride, *_):
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def array(self, storages):
        flat = np.frombuffer(storages[self.storage.key], self.storage.dtype)[self.offset :]
        strides = [step * flat.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(flat, self.size, strides)


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if name in ("_rebuild_tensor_v2", "_rebuild_tensor"):
            return Lazy
        if name == "_rebuild_parameter":
            return lambda tensor, *_: tensor
        return name if name.endswith("Storage") else Anything

    def persistent_load(self, identifier):
        return Storage(identifier)


def tensors(value, path=""):
    if isinstance(value, Lazy):
        yield path, value
        return
    state = getattr(value, "state", None)
    if state is not None:
        value = state
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, below in pairs:
        yield from tensors(below, f"{path}.{key}" if path else str(key))


def datasets(path):
    import h5py

    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, value: found.update({name: value[()]}) if isinstance(value, h5py.Dataset) else None)
    return found


def constants(graph):
    from onnx.numpy_helper import to_array

    for tensor in graph.initializer:
        yield tensor.name, to_array(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from constants(attribute.g)
            elif node.op_type == "Constant" and attribute.HasField("t") and len(attribute.t.dims) > 1:
                yield node.output[0], to_array(attribute.t)


def read(path):
    if path.endswith(".safetensors"):
        from safetensors.numpy import load_file

        return load_file(path)
    if path.endswith(".h5"):
        return datasets(path)
    if path.endswith(".gguf"):
        import gguf

        return {tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type) for tensor in gguf.GGUFReader(path).tensors}
    if path.endswith(".onnx"):
        import onnx

        return dict(constants(onnx.load(path).graph))
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            tree = min((name for name in archive.namelist() if name.endswith("data.pkl")), key=len)
            root = tree[: -len("data.pkl")] + "data/"
            with archive.open(tree) as file:
                value = Reader(file).load()
            storages = {name[len(root) :]: archive.read(name) for name in archive.namelist() if name.startswith(root)}
    else:
        with open(path, "rb") as file:
            for _ in range(3):
                pickle.load(file)
            reader = Reader(file)
            value = reader.load()
            kinds = {tensor.storage.key: tensor.storage.dtype for _, tensor in tensors(value)}
            storages = {}
            for key in pickle.load(file):
                (count,) = struct.unpack("<q", file.read(8))
                storages[key] = file.read(count * kinds[key].itemsize)
    return {path: tensor.array(storages) for path, tensor in tensors(value)}


def main():
    found = {}
    for name, array in read(sys.argv[1]).items():
        if array.dtype.kind != "f":
            continue
        wide = array.astype("f8")
        found[name] = {"shape": array.shape, "squares": float((wide**2).sum())}
        if array.ndim == 2 and min(array.shape) > 1 and array.size < 1 << 18:
            found[name]["singular"] = np.linalg.svd(wide, compute_uv=False).tolist()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
