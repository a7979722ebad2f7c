#!/usr/bin/env python3
"""A whole model's matrices by rmt and by its peers, one after the other in turns, on the same file.

    python3 benches/peers.py [--rounds 3] [--jobs 2] [--weightwatcher-part 12]

72 Gaussian matrices in the shapes of BERT-base (48 of 768×768, 12 of 3072×768, 12 of 768×3072, single
precision). Peers, in double precision as rmt is:

- numpy's SVD with vectors and without, a matrix after the other, on one thread;
- the symmetric eigenproblem of the smaller product W·Wᵀ by OpenBLAS and LAPACK (numpy's `eigh`, and the
  other side's vectors by one product; `eigvalsh`), two matrices at a time on one thread each;
- WeightWatcher's `analyze()`, and with `mp_fit=True, randomize=True` on one part of the file, its time
  taken as many times.

rmt is `rmt inspect`, which reads the file, decomposes, tests, and prints: all statistics with vectors and
the permuted matrix, `--no-vectors`, and both with `--no-traps`, which decomposes each matrix once as the
peers do. Makes its own virtual environment under target/ and builds rmt.
Prints Markdown: median and spread of the rounds, wall time.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PINNED = (
    "weightwatcher==0.7.7 numpy==2.4.6 scipy==1.17.1 powerlaw==2.0.0 pandas==3.1.1 scikit-learn==1.9.1 "
    "matplotlib==3.11.2 safetensors==0.8.0 tqdm==4.70.1"
).split()
HIDDEN, INNER, BLOCKS = 768, 3072, 12
NAMES = {
    "attention.self.query": (HIDDEN, HIDDEN),
    "attention.self.key": (HIDDEN, HIDDEN),
    "attention.self.value": (HIDDEN, HIDDEN),
    "attention.output.dense": (HIDDEN, HIDDEN),
    "intermediate.dense": (INNER, HIDDEN),
    "output.dense": (HIDDEN, INNER),
}


def environment():
    """The peers' Python, made where there is none."""
    venv = REPOSITORY / "target" / "peers-venv"
    python = str(venv / "bin" / "python")
    if not (venv / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
        (venv / "made").touch()
    return python


def write(path, blocks):
    import numpy as np
    from safetensors.numpy import save_file

    rng = np.random.default_rng(1)
    tensors = {}
    for block in range(blocks):
        for name, shape in NAMES.items():
            values = rng.normal(0, 0.02, shape).astype(np.float32)
            tensors[f"bert.encoder.layer.{block}.{name}.weight"] = values
    save_file(tensors, path)


def work(kind, path):
    """One peer's work, in a process of its own."""
    import numpy as np
    from safetensors.numpy import load_file

    tensors = load_file(path)
    if kind.startswith("weightwatcher"):
        return watched(tensors, all_of_it=kind.endswith("mp_fit"))
    start = time.perf_counter()
    for w in tensors.values():
        w = w.astype(np.float64)
        if kind == "svd":
            np.linalg.svd(w, full_matrices=False)
        elif kind == "svd_values":
            np.linalg.svd(w, compute_uv=False)
        else:
            w = w if w.shape[0] <= w.shape[1] else w.T
            gram = w @ w.T
            if kind == "gram_values":
                np.linalg.eigvalsh(gram)
            else:
                _, u = np.linalg.eigh(gram)
                v = w.T @ u
                v /= np.linalg.norm(v, axis=0)
    return time.perf_counter() - start


def watched(tensors, all_of_it):
    """WeightWatcher imports PyTorch only to ask for a GPU and to know its tensors: a stand-in says that
    there is none."""
    import logging
    import types

    torch = types.ModuleType("torch")
    torch.__version__ = "a stand-in without a GPU"
    torch.Tensor = type("Tensor", (), {})
    torch.cuda = types.SimpleNamespace(is_available=lambda: False)
    sys.modules["torch"] = torch
    logging.disable(logging.CRITICAL)
    import weightwatcher

    state = {name.removesuffix(".weight") + ".weight": w for name, w in tensors.items()}
    with tempfile.TemporaryDirectory() as place:
        watcher = weightwatcher.WeightWatcher(model=state)
        start = time.perf_counter()
        options = {"mp_fit": True, "randomize": True, "plot": False, "savefig": place} if all_of_it else {}
        details = watcher.analyze(**options)
        taken = time.perf_counter() - start
    assert len(details) == len(tensors), f"{len(details)} of {len(tensors)}"
    return taken


def process(python, kind, path, **environment):
    one = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [python, __file__, "--work", kind, str(path)]
    return subprocess.Popen(
        command, env={**os.environ, **one, **environment}, stdout=subprocess.PIPE, text=True)


def seconds(*processes):
    """Of all of them, which run side by side: the longest."""
    ended = [p.communicate()[0] for p in processes]
    if any(p.returncode for p in processes):
        sys.exit("peers.py: a peer failed")
    return max(float(said.splitlines()[-1]) for said in ended)


def main():
    parser = argparse.ArgumentParser(description="A whole model's matrices by rmt and by its peers.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--weightwatcher-part", type=int, default=12)
    options = parser.parse_args()
    python = environment()
    subprocess.run(["cargo", "build", "--release", "--workspace", "--bin", "rmt", "--quiet"],
                   cwd=REPOSITORY, check=True)
    rmt = str(REPOSITORY / "target" / "release" / "rmt")
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        make = f"import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r}); import peers; peers.write"
        files = {"whole": BLOCKS, "half": BLOCKS // 2, "part": BLOCKS // options.weightwatcher_part}
        for name, blocks in files.items():
            subprocess.run([python, "-c", f"{make}({str(place / name)!r} + '.safetensors', {blocks})"],
                           check=True)
        whole, half, part = (place / f"{name}.safetensors" for name in files)

        def inspect(*more):
            start = time.perf_counter()
            command = [rmt, "inspect", whole, "--format", "jsonl", "--jobs", str(options.jobs), *more]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            return time.perf_counter() - start

        halves = lambda kind: seconds(process(python, kind, half), process(python, kind, half))
        runs = {
            "rmt, all statistics": inspect,
            "rmt, values only": lambda: inspect("--no-vectors"),
            "rmt, all but the permuted matrix": lambda: inspect("--no-traps"),
            "rmt, values only, without the permuted matrix": lambda: inspect("--no-vectors", "--no-traps"),
            "numpy svd with vectors": lambda: seconds(process(python, "svd", whole)),
            "numpy svd, values": lambda: seconds(process(python, "svd_values", whole)),
            "OpenBLAS Gram with vectors, two at a time": lambda: halves("gram"),
            "OpenBLAS Gram, values, two at a time": lambda: halves("gram_values"),
            "WeightWatcher analyze()": lambda: seconds(process(python, "weightwatcher", whole)),
        }
        times = {name: [] for name in runs}
        for _ in range(options.rounds):
            for name, run in runs.items():
                times[name].append(run())
                print(f"{name}: {times[name][-1]:.2f} s", file=sys.stderr, flush=True)
        name = "WeightWatcher analyze(mp_fit=True, randomize=True)"
        once = seconds(process(python, "weightwatcher_mp_fit", part))
        times[f"{name}, of 1/{options.weightwatcher_part}"] = [once * options.weightwatcher_part]
    with_vectors, values = (statistics.median(times[f"rmt, {what}"])
                            for what in ("all statistics", "values only"))
    print("| | seconds, median (least–most) | over rmt, all statistics | over rmt, values only |")
    print("|---|---|---|---|")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"| {name} | {median:.1f} ({min(taken):.1f}–{max(taken):.1f}) "
              f"| {median / with_vectors:.2f} | {median / values:.2f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        print(work(*sys.argv[2:]))
    else:
        main()
