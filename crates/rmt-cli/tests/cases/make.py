"""Writes checkpoints as people have them into a directory: `make.py DIRECTORY`, with NumPy and safetensors.

Printed is a JSON object: for each file whose values are compared, the singular values of a matrix by its name.
"""
import json
import os
import sys
from collections import OrderedDict, defaultdict

import numpy as np
from safetensors.numpy import save_file

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from torch_archive import Call, Storage, T, V3, dtype, glob, mod, save  # noqa: E402

out = sys.argv[1]
rng = np.random.default_rng(1)
expected = {}


def path(name):
    return os.path.join(out, name)


def normal(*shape, sd=0.02):
    return (rng.standard_normal(shape) * sd).astype("f4")


def spiked(rows, columns, strength=3.0):
    u, v = rng.standard_normal(rows), rng.standard_normal(columns)
    outer = np.outer(u / np.linalg.norm(u), v / np.linalg.norm(v))
    return (normal(rows, columns) + 0.02 * np.sqrt(max(rows, columns)) * strength * outer).astype("f4")


def known(file, name, matrix):
    expected.setdefault(file, {})[name] = np.linalg.svd(matrix.astype("f8"), compute_uv=False).tolist()
    return matrix


def model():
    return OrderedDict([("fc1.weight", T(normal(64, 96))), ("fc1.bias", T(normal(64))), ("fc2.weight", T(normal(48, 64)))])


def attribute(module, name, base):
    kind = type(name, (base,), {"__module__": module})
    setattr(mod(module), name, kind)
    return kind


# What has a shape and is no tensor of the usual kind.
device = known("device_tensor.pt", "fc1.weight", spiked(64, 96))
save(OrderedDict([("fc1.weight", Call("torch._utils", "_rebuild_device_tensor_from_numpy", device, "float32", "xla:0", False)), ("fc2.weight", T(normal(48, 64)))]), path("device_tensor.pt"))
arrays = {"latin": normal(32, 48), "fortran": np.asfortranarray(normal(32, 48)), "wide": rng.standard_normal((32, 48))}
for protocol in (2, 4):
    file = f"arrays{protocol}.pt"
    save({name: known(file, name, array) for name, array in arrays.items()}, path(file), proto=protocol)
float32 = dtype("float32")
sparse = Call("torch._utils", "_rebuild_sparse_tensor", "layout", (T(np.zeros((2, 3), "i8")), T(normal(3)), (64, 96), True))
quantized = Call("torch._utils", "_rebuild_qtensor", Storage(bytes(48 * 64), "QInt8Storage", 48 * 64), 0, (48, 64), (64, 1), (1, 0.1, 0), False, OrderedDict())
save({
    **model(),
    "meta.weight": Call("torch._utils", "_rebuild_meta_tensor_no_storage", float32, (64, 96), (96, 1), False),
    "sparse.weight": sparse,
    "quantized.weight": quantized,
    "wrapped.weight": Call("torch._utils", "_rebuild_wrapper_subclass", float32, (48, 64), (64, 1), 0),
    "complex.weight": T(normal(48, 64).astype("c8")),
    "eight.weight": V3(bytes(128 * 64), 128 * 64, (128, 64), dtype("float8_e4m3fnuz")),
}, path("unread.pt"))
inner = T(known("subclass.pt", "fc.weight", normal(48, 64)))
save({"fc.weight": Call("torch._tensor", "_rebuild_from_type_v2", glob("torch._utils", "_rebuild_tensor_v2"), glob("my.tensors", "Mine", True), inner.__reduce__()[1], {"note": 1})}, path("subclass.pt"))

# State of optimizers under keys of all kinds.
state = {"state": {0: {"step": 3, "square_avg": T(normal(64, 96) ** 2), "GG": [T(normal(64, 64)), T(normal(96, 96))]}}, "param_groups": [{"lr": 1e-3, "params": [0]}]}
save({"model": model(), "opt": state, "g_optim": state, "optimizer_muon": [state]}, path("optimizers.pt"))

# Metadata of all kinds.
AttributeDict = attribute("lightning_fabric.utilities.data", "AttributeDict", dict)
CfgNode = attribute("yacs.config", "CfgNode", dict)
Names = attribute("my.lists", "Names", list)
config = CfgNode(a=1)
config.__dict__["frozen"] = True
save({"state_dict": model(), "hyper_parameters": AttributeDict(lr=1e-3), "cfg": config, "counts": defaultdict(int, a=1), "names": Names(["a"]), "by": {(1, "a"): 2, 0.5: 3, None: 4}, "set": {1, 2}, "frozen": frozenset([1]), "big": 1 << 100}, path("metadata.ckpt"))
save([T(normal(64, 96)), T(normal(48, 64))], path("list.pt"))
save((T(normal(64, 96)), {"a": T(normal(48, 64))}), path("tuple.pt"))
save(T(normal(64, 96)), path("tensor.pt"))
save({("a", 1): T(normal(64, 96)), 0.5: T(normal(48, 64))}, path("keys.pt"))
save({**model(), "alibi": T(st=Storage(np.arange(4, dtype="f4").tobytes(), "FloatStorage", 4), size=(1024, 1024), stride=(0, 0))}, path("expanded.pt"))

# Matrices that cannot be judged.
bad = normal(48, 64)
bad[3, 5] = np.nan
save_file({"a.weight": normal(48, 64), "b.weight": bad}, path("nan.safetensors"))
save_file({"a.weight": normal(48, 64), "b.weight": np.zeros((48, 64), "f4")}, path("zero.safetensors"))
save_file({"a.weight": normal(48, 64), "tiny.weight": normal(2, 64)}, path("tiny.safetensors"))
for step, loss in enumerate((0.93, 0.51, 0.47)):
    save_file({"a.weight": normal(48, 64)}, path(f"epoch={step:02d}-val_loss={loss}.safetensors"))

os.makedirs(path("grouped"))
save_file({"model.layers.0.self_attn.qkv_proj.weight": normal(128, 48)}, path("grouped/model.safetensors"))
with open(path("grouped/config.json"), "w") as file:
    file.write('{"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "hidden_size": 48}')

# Weight norms: a gain a row, and another.
v, g = normal(48, 64), normal(48, 1, sd=1)
known("weight_norm.safetensors", "old.weight", g * v / np.linalg.norm(v, axis=1, keepdims=True))
w, h = normal(32, 16, 3), normal(32, 1, 1, sd=1)
known("weight_norm.safetensors", "new.weight", (h * w / np.linalg.norm(w.reshape(32, -1), axis=1).reshape(32, 1, 1)).reshape(32, -1))
save_file({"old.weight_v": v, "old.weight_g": g, "new.parametrizations.weight.original1": w, "new.parametrizations.weight.original0": h, "odd.weight_v": normal(48, 64), "odd.weight_g": normal(1, 64)}, path("weight_norm.safetensors"))

# One matrix under two names.
tied = T(normal(96, 48))
save(OrderedDict([("transformer.wte.weight", tied), ("lm_head.weight", T(st=tied.st, size=(96, 48), stride=(48, 1)))]), path("tied.pt"))
embedding = normal(96, 48)
save_file({"lm_head.weight": embedding, "model.embed_tokens.weight": embedding.copy(), "zero.a": np.zeros((96, 48), "f4"), "zero.b": np.zeros((96, 48), "f4"), "other.weight": normal(96, 48)}, path("tied.safetensors"))

stacks = {}
for stack in ("encoder", "decoder"):
    for block in range(2):
        stacks[f"{stack}.layers.{block}.linear1.weight"] = normal(48, 32)
save_file(stacks, path("stacks.safetensors"))

# Pruned: nine entries of ten are zero.
pruned = normal(96, 128) * (rng.random((96, 128)) < 0.03)
save_file({"a.weight": pruned.astype("f4")}, path("pruned.safetensors"))
padded = normal(256, 64)
padded[-56:] = 0
save_file({"model.embed_tokens.weight": padded}, path("padded.safetensors"))

# Names that differ by what is put around them.
a, b = normal(64, 96), normal(48, 64)
save(OrderedDict([("module.encoder._orig_mod.fc1.weight", T(a)), ("module.head.weight", T(b))]), path("compiled.pt"))
save(OrderedDict([("encoder.fc1.weight", T(spiked(64, 96))), ("head.weight", T(b))]), path("plain.pt"))
base, tuned = {}, {}
for block in range(2):
    for name in ("query", "key"):
        base[f"encoder.layer.{block}.attention.self.{name}.weight"] = normal(48, 48)
        tuned[f"bert.encoder.layer.{block}.attention.self.{name}.weight"] = normal(48, 48)
base["embeddings.word_embeddings.weight"] = normal(100, 48)
tuned["bert.embeddings.word_embeddings.weight"] = normal(104, 48)
tuned["classifier.weight"] = normal(32, 48)
save_file(base, path("base.safetensors"))
save_file(tuned, path("tuned.safetensors"))
save_file({"alpha.beta.weight": normal(48, 48)}, path("foreign.safetensors"))

# GGUF: every type that is read, with blocks of random bits around scales that are finite.
import gguf  # noqa: E402
import ml_dtypes  # noqa: E402
from gguf import GGMLQuantizationType as G  # noqa: E402

SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0]}
writer = gguf.GGUFWriter(path("quantized.gguf"), "llama")
writer.add_string("general.name", "a name")
writer.add_array("tokenizer.ggml.tokens", ["a", "bc", ""])
writer.add_array("tokenizer.ggml.scores", [1.0, 2.0])
for name, places in SCALES.items():
    kind = G[name]
    values, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (48, 256 // values, size), dtype="u1")
    for place in places:
        scale = (rng.standard_normal(raw.shape[:2]) * 0.01).astype("<f2")
        raw[:, :, place : place + 2] = scale[:, :, None].view("u1").reshape(48, -1, 2)
    raw = raw.reshape(48, -1)
    known("quantized.gguf", f"{name}.weight", gguf.quants.dequantize(raw, kind))
    writer.add_tensor(f"{name}.weight", raw, raw_dtype=kind)
raw = rng.integers(0, 256, (48, 66), dtype="u1")
writer.add_tensor("IQ2_XXS.weight", raw, raw_dtype=G.IQ2_XXS)
writer.add_tensor("blk.0.attn_q.weight", known("quantized.gguf", "blk.0.attn_q.weight", normal(48, 64)))
writer.add_tensor("half.weight", known("quantized.gguf", "half.weight", normal(48, 64).astype("f2")))
brain = normal(48, 64).astype(ml_dtypes.bfloat16)
writer.add_tensor("brain.weight", brain.view("u1").reshape(48, 128), raw_dtype=G.BF16)
known("quantized.gguf", "brain.weight", brain)
writer.add_tensor("output_norm.weight", normal(64))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
np.save(path("brain.npy"), known("brain.npy", "brain", brain))

# What is no checkpoint, or none that is read.
for name, content in {
    "pointer.safetensors": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 90868376\n",
    "page.bin": b"\n<!DOCTYPE html><html><body>Log in</body></html>",
    "keras.h5": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "lite.tflite": b"\x1c\0\0\0TFL3" + bytes(100),
    "packed.pt": b"\x1f\x8b\x08" + bytes(100),
    "flax.msgpack": b"\x82\xa6params" + bytes(100),
    "model.bin": b"\x06\0\0\0\x10\0TransformerSpec\0" + bytes(100),
    "text.safetensors": b"this is no checkpoint at all",
}.items():
    with open(path(name), "wb") as file:
        file.write(content)
whole = open(path("list.pt"), "rb").read()
with open(path("cut.pt"), "wb") as file:
    file.write(whole[: len(whole) // 2])
for folder, names in {"distributed": ["__0_0.distcp", ".metadata"], "zero": ["zero_to_fp32.py", "zero_pp_rank_0_mp_rank_00_model_states.pkl"], "saved": ["saved_model.pb"], "orbax": ["_METADATA"]}.items():
    os.makedirs(path(folder))
    for name in names:
        open(path(f"{folder}/{name}"), "wb").write(b"x")

# Directories: shards of pickles, and one model in two formats and a variant.
os.makedirs(path("shards"))
first, second = {"a.weight": T(normal(48, 64))}, {"b.weight": T(normal(48, 64))}
save(first, path("shards/pytorch_model-00001-of-00002.bin"))
save(second, path("shards/pytorch_model-00002-of-00002.bin"))
with open(path("shards/pytorch_model.bin.index.json"), "w") as file:
    json.dump({"weight_map": {"a.weight": "pytorch_model-00001-of-00002.bin", "b.weight": "pytorch_model-00002-of-00002.bin"}}, file)
os.makedirs(path("formats"))
save_file({"a.weight": normal(48, 64)}, path("formats/model.safetensors"))
save_file({"a.weight": normal(48, 64).astype("f2")}, path("formats/model.fp16.safetensors"))
save({"a.weight": T(normal(48, 64))}, path("formats/pytorch_model.bin"))
os.makedirs(path("tar"))
save(model(), path("tar/best.pth.tar"))
save({"model": model(), "ema": model(), "epoch": 3}, path("ema.pt"))
save({"state_dict.fc.weight": T(normal(48, 64)), "state_dict.fc.bias": T(normal(48))}, path("flat.pt"))
save({"a.bias": T(normal(48)), "b.bias": T(normal(48)), "c.weight": V3(bytes(64 * 64), 64 * 64, (64, 64), dtype("float8_e4m3fnuz"))}, path("nothing.pt"))
print(json.dumps(expected))
