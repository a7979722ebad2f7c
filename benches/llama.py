#!/usr/bin/env python3
"""Writes a checkpoint in the shapes of a Llama of 8 thousand million parameters, 16 GB of bf16 in
safetensors, as a sparse file: what is not named by --real is a hole and reads as zeros. Then what an
inspection of it takes can be measured with little disk:

    python3 benches/llama.py /tmp/llama.safetensors
    rmt inspect /tmp/llama.safetensors --shard 10/64 --jobs 1 --dry-run
    python3 benches/llama.py /tmp/llama.safetensors --real NAME NAME…
    /usr/bin/time -v rmt inspect /tmp/llama.safetensors --shard 10/64 --jobs 1 --format jsonl -o part.jsonl

A matrix of zeros takes almost no time, so all of a part must be real for its time to mean something.
Real ones are Gaussian of standard deviation 0.02, as a Llama is initialized. Standard library only.
"""

import argparse
import array
import fnmatch
import json
import os
import random
import statistics
import struct
import sys

LAYERS, HIDDEN, INNER, KEYS, VOCABULARY = 32, 4096, 14336, 1024, 128256
DEVIATION = 0.02
# Values that are written at a time.
PIECE = 1 << 22


def tensors():
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    for layer in range(LAYERS):
        block = f"model.layers.{layer}"
        for name, rows in [("q", HIDDEN), ("k", KEYS), ("v", KEYS), ("o", HIDDEN)]:
            yield f"{block}.self_attn.{name}_proj.weight", (rows, HIDDEN)
        for name, shape in [("gate", (INNER, HIDDEN)), ("up", (INNER, HIDDEN)), ("down", (HIDDEN, INNER))]:
            yield f"{block}.mlp.{name}_proj.weight", shape
        for name in ["input", "post_attention"]:
            yield f"{block}.{name}_layernorm.weight", (HIDDEN,)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCABULARY, HIDDEN)


def quantiles():
    """The 65,536 quantiles of a Gaussian as bf16, rounded to the nearest: a draw is one of them."""
    law = statistics.NormalDist(0.0, DEVIATION)
    values = (law.inv_cdf((i + 0.5) / 65536) for i in range(65536))
    bits = (struct.unpack("<I", struct.pack("<f", value))[0] for value in values)
    return [(b + 0x7FFF + (b >> 16 & 1)) >> 16 for b in bits]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--real", nargs="+", default=[], metavar="GLOB", help="tensors that are no holes")
    options = parser.parse_args()
    if sys.byteorder != "little":
        sys.exit("only for little-endian machines")

    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors():
        begin, size = end, 2
        for side in shape:
            size *= side
        end += size
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    real = [name for name, _ in tensors() if any(fnmatch.fnmatchcase(name, glob) for glob in options.real)]
    table = quantiles()
    with open(options.file, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in real:
            begin, stop = header[name]["data_offsets"]
            file.seek(8 + len(text) + begin)
            rng, left = random.Random(name), (stop - begin) // 2
            while left > 0:
                draws = array.array("H", rng.randbytes(2 * min(left, PIECE)))
                file.write(array.array("H", map(table.__getitem__, draws)).tobytes())
                left -= len(draws)
        file.truncate(8 + len(text) + end)
    kept = os.stat(options.file).st_blocks * 512
    print(f"{end / 1e9:.2f} GB of tensors, {kept / 1e9:.2f} GB on disk, {len(real)} tensors real")


if __name__ == "__main__":
    main()
