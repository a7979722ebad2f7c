#!/usr/bin/env python3
"""How the cost of an analysis grows with a matrix' side and with the number of matrices, as a picture.

    python3 benches/growth.py [--largest 4096] [--record FILE] [-o benches/record/growth.svg]

Runs rmt-core's example `costs` (or reads what it printed, with --record), prints it, and draws its times on
doubly logarithmic axes beside the line that is expected: n³ of the side, n of the number. Makes its own
virtual environment under target/.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PINNED = ["matplotlib==3.11.2", "numpy==2.4.6"]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))


def tables(text):
    """Each Markdown table as its head and its rows."""
    found = []
    for block in re.split(r"\n\s*\n", text.strip()):
        rows = [[c.strip() for c in line.strip("| ").split("|")] for line in block.splitlines() if line.startswith("|")]
        found.append((rows[0], [row for row in rows[2:] if row[0].isdigit()]))
    return found


def draw(text, path):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "rmt", "font.size": 9, "svg.fonttype": "none"})
    from matplotlib import pyplot
    import numpy

    figure, panes = pyplot.subplots(1, 2, figsize=(9, 4), layout="constrained")
    powers = [("side n of a square matrix", 3), ("number of 256×256 matrices", 1)]
    for pane, (head, rows), (label, power) in zip(panes, tables(text), powers):
        x = numpy.array([int(row[0]) for row in rows], float)
        last = None
        for column, name in enumerate(head):
            if column == 0 or not rows[0][column].endswith(" ms") or name == "each":
                continue
            last = numpy.array([float(row[column].removesuffix(" ms")) / 1e3 for row in rows])
            exponent = numpy.polyfit(numpy.log(x), numpy.log(last), 1)[0] if len(x) > 1 else numpy.nan
            pane.plot(x, last, "o-", markersize=4, linewidth=1.2, label=f"{name}: $n^{{{exponent:.2f}}}$")
        pane.plot(x, last[-1] * (x / x[-1]) ** power, "--", color="0.6", linewidth=1, label=f"$n^{power}$")
        pane.set(xscale="log", yscale="log", xlabel=label, ylabel="seconds, one thread")
        pane.set_xticks(x, [f"{v:.0f}" for v in x])
        pane.minorticks_off()
        pane.grid(color="0.9")
        pane.legend(frameon=False, loc="upper left")
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=4096)
    parser.add_argument("--record", type=pathlib.Path, help="what the example printed")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=REPOSITORY / "benches/record/growth.svg")
    options = parser.parse_args()
    environment = TARGET / "growth-venv"
    if pathlib.Path(sys.prefix) != environment:
        python = environment / "bin/python"
        # An environment that was interrupted is made again.
        if not (environment / "made").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
            (environment / "made").touch()
        os.execv(python, [python, *sys.argv])
    if options.record:
        text = options.record.read_text()
    else:
        build = ["cargo", "build", "--release", "--workspace", "--examples", "--quiet"]
        subprocess.run(build, cwd=REPOSITORY, check=True)
        command = [TARGET / "release" / "examples" / "costs", str(options.largest)]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(text, end="")
    draw(text, options.output)


if __name__ == "__main__":
    main()
