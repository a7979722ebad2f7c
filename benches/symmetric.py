#!/usr/bin/env python3
"""Symmetric eigenproblems by rmt-core and by LAPACK, in turns, on one thread.

    python3 benches/symmetric.py [--rounds 3] [N …]

Gram matrices of square Gaussian ones. LAPACK is the OpenBLAS that numpy comes with, called directly:
`dsyevd` and `dsyevd_2stage` without vectors, `dsyevd` with them (its two-stage driver has none). rmt-core
is `--example symmetric`; both take the least of three runs in a process, and the rounds go in turns. Needs
the virtual environment of `benches/peers.py`, and makes it. Prints Markdown: medians, least and most.
"""

import argparse
import ctypes
import glob
import os
import pathlib
import statistics
import subprocess
import sys
import time

import peers

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
RUNS = 3


def lapack(n, vectors):
    """Seconds of LAPACK's drivers, in a process of its own."""
    import numpy as np

    library, = glob.glob(os.path.join(os.path.dirname(np.__file__), "..", "numpy.libs", "libscipy_openblas64*"))
    library = ctypes.CDLL(library)
    g = np.random.default_rng(1).normal(size=(n, n))
    g = np.asfortranarray(g @ g.T)

    def integer(x):
        return ctypes.byref(ctypes.c_int64(x))

    def pointer(a):
        return a.ctypes.data_as(ctypes.c_void_p)

    def call(driver, job, a, work, lwork, iwork, liwork):
        values, info = np.zeros(n), ctypes.c_int64(0)
        getattr(library, f"scipy_{driver}_64_")(
            ctypes.c_char_p(job), ctypes.c_char_p(b"L"), integer(n), pointer(a), integer(n), pointer(values),
            pointer(work), integer(lwork), pointer(iwork), integer(liwork), ctypes.byref(info), 1, 1)
        assert info.value == 0, f"{driver}: {info.value}"
        return values

    def seconds(driver, job):
        asked = np.zeros(1), np.zeros(1, np.int64)
        call(driver, job, g.copy(order="F"), asked[0], -1, asked[1], -1)
        work, iwork = np.zeros(int(asked[0][0])), np.zeros(int(asked[1][0]), np.int64)
        least = float("inf")
        for _ in range(RUNS):
            a = g.copy(order="F")
            start = time.perf_counter()
            values = call(driver, job, a, work, len(work), iwork, len(iwork))
            least = min(least, time.perf_counter() - start)
        assert values[0] < values[-1]
        return least

    if vectors:
        return [seconds("dsyevd", b"V")]
    return [seconds("dsyevd", b"N"), seconds("dsyevd_2stage", b"N")]


def run(*command):
    one = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    said = subprocess.run(command, env={**os.environ, **one}, stdout=subprocess.PIPE, text=True, check=True)
    return [float(x) for x in said.stdout.split()[1:]]


def main():
    parser = argparse.ArgumentParser(description="Symmetric eigenproblems by rmt-core and by LAPACK.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("sizes", type=int, nargs="*", default=[256, 512, 768, 1024, 2048, 4096], metavar="N")
    options = parser.parse_args()
    python = peers.environment()
    build = ["cargo", "build", "--release", "--workspace", "--examples", "--quiet"]
    subprocess.run(build, cwd=REPOSITORY, check=True)
    ours = str(REPOSITORY / "target" / "release" / "examples" / "symmetric")
    for vectors in (False, True):
        stages = ["one stage"] if vectors else ["one stage", "two stages"]
        heads = ["n", *stages, "LAPACK dsyevd"] + ([] if vectors else ["dsyevd_2stage"])
        print("\n" + ("Values and vectors" if vectors else "Values alone") + ", seconds:\n")
        print("| " + " | ".join(heads) + " | ours over the best of LAPACK |")
        print("|---" * (len(heads) + 1) + "|")
        for n in options.sizes:
            rounds = []
            for _ in range(options.rounds):
                flags = ["--vectors"] if vectors else []
                rounds.append(run(ours, *flags, str(n))
                              + run(python, __file__, "--lapack", str(n), *flags))
            columns = list(zip(*rounds))
            medians = [statistics.median(column) for column in columns]
            spread = [f"{m:.4f} ({min(c):.4f}–{max(c):.4f})" for m, c in zip(medians, columns)]
            print(f"| {n} | " + " | ".join(spread) + f" | {min(medians[:len(stages)]) / min(medians[len(stages):]):.2f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--lapack"]:
        print(sys.argv[2], *lapack(int(sys.argv[2]), "--vectors" in sys.argv))
    else:
        main()
