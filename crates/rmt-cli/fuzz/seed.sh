#!/usr/bin/env bash
# Makes the first inputs of each target, in corpus/: the small files of the tests, and what Python's standard
# library can write.
set -euo pipefail
cd "$(dirname "$0")"
files=../tests/files
for target in npy_header safetensors_header shard_index open_safetensors open_burnpack open_gguf open_onnx open_hdf5 adapter_config open_zip open_pickle open_anything; do
    mkdir -p corpus/$target
done
cp $files/burn.bpk corpus/open_burnpack/
cp $files/keras.h5 corpus/open_hdf5/
cp $files/model.keras corpus/open_zip/
cp $files/{types,training,views,module,hostile}.pt corpus/open_zip/
cp $files/{legacy.pt,hostile.pkl} corpus/open_pickle/
python3 - <<'PYTHON'
import json, struct, zipfile

def write(target, name, content):
    with open(f"corpus/{target}/{name}", "wb") as file:
        file.write(content)

dicts = {
    "c": b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }",
    "f": b"{'descr': '>f8', 'fortran_order': True, 'shape': (2, 3), }",
    "structured": b"{'descr': [('a', '<f4', (2,))], 'fortran_order': False, 'shape': (1,)}",
    "object": b"{'descr': '|O', 'fortran_order': False, 'shape': (3L, )}",
}
arrays = {}
for name, text in dicts.items():
    write("npy_header", name, text)
    arrays[name] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + b"A" * 48
    write("open_anything", name + ".npy", arrays[name])
for name, method in [("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)]:
    with zipfile.ZipFile(f"corpus/open_zip/{name}.npz", "w", method) as archive:
        for array, content in arrays.items():
            archive.writestr(array + ".npy", content)
header = {
    "__metadata__": {"format": "pt"},
    "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
    "b": {"dtype": "BF16", "shape": [3], "data_offsets": [16, 22]},
    "c": {"dtype": "I64", "shape": [1], "data_offsets": [22, 30]},
}
text = json.dumps(header).encode()
write("safetensors_header", "three", bytes([30]) + text)
write("open_safetensors", "three", struct.pack("<Q", len(text)) + text + bytes(30))
write("open_anything", "three.safetensors", struct.pack("<Q", len(text)) + text + bytes(30))

def text8(content):
    return struct.pack("<Q", len(content)) + content

gguf = b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + text8(b"general.alignment") + struct.pack("<II", 4, 32)
gguf += text8(b"a") + struct.pack("<IQQIQ", 2, 2, 2, 0, 0) + text8(b"b") + struct.pack("<IQIQ", 1, 32, 2, 32)
write("open_gguf", "two", gguf + bytes(-len(gguf) % 32) + bytes(32) + bytes(18))
def field(number, content):
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content

tensor = field(1, 2) + field(1, 2) + field(2, 1) + field(8, b"onnx::MatMul_1") + field(9, bytes(16))
halves = field(1, bytes([2, 1])) + field(2, 10) + field(8, b"b") + field(5, bytes([1, 2]))
outside = field(1, 1) + field(2, 1) + field(8, b"c") + field(13, field(1, b"location") + field(2, b"d"))
node = field(1, b"x") + field(1, b"onnx::MatMul_1") + field(2, b"y") + field(3, b"/h.0/MatMul") + field(4, b"MatMul")
branch = field(1, b"else_branch") + field(6, field(1, field(4, b"Constant") + field(2, b"z") + field(5, field(1, b"value") + field(5, tensor))))
graph = field(1, node) + field(1, field(4, b"If") + field(5, branch)) + b"".join(field(5, t) for t in (tensor, halves, outside))
write("open_onnx", "graph", field(1, 8) + field(2, b"pytorch") + b"\x3a" + bytes([len(graph) & 127 | 128, len(graph) >> 7]) + graph)
write("adapter_config", "plain", b'{"peft_type": "LORA", "r": 2, "lora_alpha": 8, "fan_in_fan_out": false}')
write("adapter_config", "patterns", b'{"r": 8, "lora_alpha": 8, "use_rslora": true, "rank_pattern": {"h.0.fc": 2}, "alpha_pattern": {"f[a-c]$": 1.5}}')
write("shard_index", "one", b'{"metadata":{"total_size":4},"weight_map":{"a":"s"}}')
write("shard_index", "outside", b'{"weight_map":{"a":"../s","b":"/s"}}')
PYTHON
cp corpus/open_{safetensors,burnpack,gguf,onnx,hdf5,zip,pickle}/* corpus/open_anything/
