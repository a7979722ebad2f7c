#!/usr/bin/env python3
"""Draws the plots of the calibration, from the tables of docs/calibration_signs.md.

    python3 docs/plots.py [--tables FILE] [-o FOLDER]

Writes calibration.svg and detection.svg, into docs/ by default. Needs the packages of docs/requirements.txt: those of
this Python, or else of target/plots-venv, which the tests make.
"""

import argparse
import math
import os
import pathlib
import re
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PREPARED = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "plots-venv"
# Width that a document shows a picture at, in inches of 96 pixels.
WIDTH = 800 / 96
# Okabe & Ito, "Color universal design" (2008), as rmt-plot has them.
BLUE, ORANGE, GREEN, PINK, BAND, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#d3dce6", "#595959"
# Two-sided 95 %.
SPREAD = 1.96


def table(text, *head):
    """The rows of the first table whose head begins so, each by the names of its columns."""
    lines = iter(text.splitlines())
    cells = lambda line: [cell.strip().strip("*") for cell in line.strip().strip("|").split("|")]
    names = next((cells(line) for line in lines if line.startswith("|") and cells(line)[:len(head)] == list(head)), None)
    if names is None:
        sys.exit(f"no table with the columns {', '.join(head)}")
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(names, cells(line))))
    return rows


def wilson(rate, count):
    """The interval of a rate among so many, in %, as distances from it (Wilson, 1927)."""
    p, z = rate / 100, SPREAD
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return [max(0, 100 * (p - middle + half)), max(0, 100 * (middle + half - p))]


def calibration(text, pyplot):
    rows = table(text, "law", "shape", "matrices")
    found = re.search(r"from ([\d.]+) to ([\d.]+) % at 5 % and from ([\d.]+) to ([\d.]+) % at 1 %", text)
    if not found:
        sys.exit("no line with the intervals of the rates")
    intervals = [float(x) for x in found.groups()]
    laws = list(dict.fromkeys(row["law"] for row in rows))
    figure, panes = pyplot.subplots(1, 2, figsize=(WIDTH, 5.0), sharey=True, layout="constrained")
    levels = [(5, "signs 5 %", "plain 5 %"), (1, "signs 1 %, 19 copies and tail", "plain 1 %")]
    for pane, (level, signs, plain), (low, high) in zip(panes, levels, [intervals[:2], intervals[2:]]):
        pane.axvspan(low, high, color=BAND, label=f"family-wise 99 % interval of the {3 * len(rows)} rates")
        pane.axvline(level, color=GREY, linewidth=1, linestyle="--", label="nominal level")
        kinds = [(plain, "s", ORANGE, 5, "test against independent entries"), (signs, "o", BLUE, 1, "test of structure")]
        for column, marker, color, every, label in kinds:
            for place, law in enumerate(laws):
                own = [row for row in rows if row["law"] == law]
                rates = [float(row[column]) for row in own]
                spread = zip(*(wilson(rate, int(row["matrices"]) / every) for rate, row in zip(rates, own)))
                aside = 0.07 if marker == "s" else 0
                heights = [place + aside + 0.56 * (k / max(1, len(own) - 1) - 0.5) for k in range(len(own))]
                pane.errorbar(
                    rates, heights, xerr=list(spread), fmt=marker, color=color, markersize=4, linewidth=1,
                    markerfacecolor=color if marker == "o" else "white", label=label if place == 0 else None)
        pane.set_xscale("symlog", linthresh=1, linscale=0.5)
        pane.set_xticks([0, 1, 2, 5, 10, 20, 50, 100], "0 1 2 5 10 20 50 100".split())
        pane.minorticks_off()
        pane.set(xlim=(-0.1, 130), xlabel=f"random matrices rejected at {level} %, in %")
        pane.set_yticks(range(len(laws)), laws)
        pane.set_ylim(len(laws) - 0.5, -0.5)
        for border in range(1, len(laws)):
            pane.axhline(border - 0.5, color="0.9", linewidth=1)
    panes[0].set_ylabel("law of the entries")
    handles, labels = panes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return figure


def detection(text, pyplot):
    rows = table(text, "shape", "strength")
    figure, pane = pyplot.subplots(figsize=(WIDTH, 4.2), layout="constrained")
    shapes = list(dict.fromkeys(row["shape"] for row in rows))
    for shape, color, marker in zip(shapes, [BLUE, ORANGE, GREEN, PINK], "os^D"):
        own = [row for row in rows if row["shape"] == shape]
        x, y, error = ([float(row[name]) for row in own] for name in ("strength", "share counted", "standard error"))
        pane.errorbar(
            x, y, yerr=[SPREAD * e for e in error], fmt=f"{marker}-", color=color, markersize=5, linewidth=1.5, label=shape)
    pane.axvline(1, color=GREY, linewidth=1.2, linestyle="--", label="threshold of theory, θ = q$^{1/4}$·σ√n")
    pane.set(
        xlabel="strength of the planted directions, in units of q$^{1/4}$·σ√n", ylabel="share of them that is counted",
        ylim=(-0.03, 1.08), xlim=(-0.05, None))
    pane.grid(color="0.9")
    pane.legend(frameon=False, loc="upper left")
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=pathlib.Path, default=REPOSITORY / "docs/calibration_signs.md")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=REPOSITORY / "docs", metavar="FOLDER")
    options = parser.parse_args()
    try:
        import matplotlib
    except ImportError:
        python = PREPARED / "bin/python"
        if not python.exists() or pathlib.Path(sys.prefix) == PREPARED:
            sys.exit("matplotlib is missing: pip install -r docs/requirements.txt")
        os.execv(python, [python, *sys.argv])
    matplotlib.use("svg")
    # Letters as outlines: the plot is the same everywhere.
    matplotlib.rcParams.update({"svg.hashsalt": "rmt", "font.size": 10, "svg.fonttype": "path"})
    from matplotlib import pyplot

    text = options.tables.read_text(encoding="utf-8")
    for name, draw in [("calibration", calibration), ("detection", detection)]:
        draw(text, pyplot).savefig(options.output / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
