#!/usr/bin/env python3
"""What analysing costs, against the size and the number of the matrices, as tables and as a plot.

    python3 benches/growth.py [--largest 4096] [--plot benches/record/growth.svg]

Runs rmt-core's `--example costs` and draws what it prints, with the fitted exponents. Needs the virtual
environment of `benches/peers.py`, and makes it.
"""

import argparse
import os
import pathlib
import subprocess
import sys

import peers

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent


def tables(text):
    """Heads and rows of each Markdown table."""
    found, rows = [], []
    for line in text.splitlines() + [""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            found.append((rows[0], rows[2:]))
            rows = []
    return found


def draw(text, path):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "growth"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for axis, (heads, rows), label in zip(axes, tables(text), ["side n", "matrices"]):
        *points, growth = rows
        x = [float(row[0]) for row in points]
        for k in range(1, len(heads)):
            if growth[k]:
                y = [float(row[k].split()[0]) / 1e3 for row in points]
                axis.loglog(x, y, "o-", label=f"{heads[k]}: {growth[k]}")
        axis.set_xlabel(f"{label} ({heads[0]})" if label != "side n" else label)
        axis.set_xticks(x, [f"{v:.0f}" for v in x], minor=False)
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend()
    axes[0].set_ylabel("seconds, one thread")
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description="What analysing costs, by size and number.")
    parser.add_argument("--largest", type=int, default=4096)
    parser.add_argument("--plot", default=str(REPOSITORY / "benches" / "record" / "growth.svg"))
    options = parser.parse_args()
    python = peers.environment()
    build = ["cargo", "build", "--release", "--workspace", "--examples", "--quiet"]
    subprocess.run(build, cwd=REPOSITORY, check=True)
    costs = REPOSITORY / "target" / "release" / "examples" / "costs"
    said = subprocess.run([costs, str(options.largest)], stdout=subprocess.PIPE, text=True, check=True).stdout
    print(said, end="")
    subprocess.run([python, __file__, "--draw", options.plot], input=said, text=True, check=True,
                   env={**os.environ, "MPLBACKEND": "svg"})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--draw"]:
        draw(sys.stdin.read(), sys.argv[2])
    else:
        main()
