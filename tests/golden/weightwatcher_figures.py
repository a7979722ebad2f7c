#!/usr/bin/env python3
"""What WeightWatcher says of matrices: `weightwatcher_figures.json`.

    pip install weightwatcher==0.7.7 numpy==2.4.6 scipy==1.17.1 powerlaw==2.0.0 pandas==3.1.1 \
        scikit-learn==1.9.1 matplotlib==3.11.2 safetensors==0.8.0 tqdm==4.70.1
    python3 tests/golden/weightwatcher_figures.py        # some seconds; a minute with the coverage

Every figure comes out of WeightWatcher's own `analyze()`. It imports PyTorch only to ask for a GPU
and to know its tensors; a stand-in answers that there is none, and the matrices are numpy arrays.
Its figures on a CPU are made by numpy and scipy in double precision either way.

The entries are single precision numbers (the generator's, rounded), as weights are.
`above_cut` is the number of eigenvalues above its cut of 1e-5. A matrix that it leaves out of its
table (fewer than 8 singular values) has null for each figure; alpha = -1 is its word for a failed
fit. `coverage` is a simulation with its fitting function alone: of `samples` samples of `size` values from
p(x) ~ x^-alpha, x >= 1, how many have |estimate - alpha| < 1.96 sigma.
"""

import contextlib
import importlib.metadata
import io
import json
import logging
import platform
import sys
import types
from pathlib import Path

import numpy as np

import generator

stand_in = types.ModuleType("torch")
stand_in.__version__ = "a stand-in without a GPU"
stand_in.Tensor = type("Tensor", (), {})
stand_in.cuda = types.SimpleNamespace(is_available=lambda: False)
sys.modules["torch"] = stand_in
logging.disable(logging.CRITICAL)

import weightwatcher  # noqa: E402
from weightwatcher.RMT_Util import matrix_rank  # noqa: E402
from weightwatcher.WW_powerlaw import pl_fit  # noqa: E402

# kind, rows, columns, rank (of the low-rank kinds), factor on the entries
MATRICES = [
    ("normal", 64, 64, None, 1.0),
    ("normal", 40, 200, None, 1.0),
    ("normal", 300, 120, None, 1.0),
    ("normal", 96, 96, None, 2.0**-6),  # an initialization's scale; the cut bites
    ("normal", 256, 128, None, 2.0**-6),
    ("heavy_tailed", 64, 64, None, 1.0),
    ("heavy_tailed", 200, 50, None, 1.0),
    ("heavy_tailed", 100, 300, None, 2.0**-5),
    ("low_rank_plus_noise", 64, 64, 4, 1.0),
    ("low_rank_plus_noise", 120, 80, 10, 1.0),
    ("low_rank_plus_noise", 50, 250, 24, 2.0**-4),
    ("low_rank", 60, 40, 25, 1.0),  # 15 eigenvalues are zero
    ("twice", 80, 120, None, 1.0),  # equal eigenvalues
    # Fewer than 20 eigenvalues.
    ("normal", 20, 30, None, 1.0),
    ("normal", 19, 30, None, 1.0),
    ("normal", 12, 40, None, 1.0),
    ("normal", 8, 8, None, 1.0),
    ("heavy_tailed", 16, 24, None, 1.0),
    ("heavy_tailed", 100, 9, None, 1.0),
    ("low_rank_plus_noise", 18, 18, 3, 1.0),
    ("low_rank", 30, 30, 15, 1.0),
    # Fewer than 8, of the matrix or above the cut.
    ("normal", 6, 30, None, 1.0),
    ("heavy_tailed", 7, 7, None, 1.0),
    ("low_rank", 30, 40, 5, 1.0),
    ("normal", 24, 24, None, 2.0**-11),
    ("normal", 24, 24, None, 2.0**-14),
]

FIGURES = {
    "alpha": "alpha",
    "alpha_sigma": "sigma",
    "alpha_weighted": "alpha_weighted",
    "xmin": "xmin",
    "distance": "D",
    "tail_count": "num_pl_spikes",
    "log_norm": "log_norm",
    "log_alpha_norm": "log_alpha_norm",
    "stable_rank": "stable_rank",
    "spectral_norm": "spectral_norm",
    "entropy": "entropy",
    "matrix_rank": "matrix_rank",
}


def build(kind, rows, cols, rank, factor, seed):
    arguments = (rows, cols) if rank is None else (rows, cols, rank)
    a = getattr(generator, kind)(*arguments, seed)
    return (a * factor).astype(np.float32)


def analyze(matrices):
    """WeightWatcher's table, by name."""
    model = {f"{name}.weight": a for name, a in matrices.items()}
    with contextlib.redirect_stdout(io.StringIO()):
        table = weightwatcher.WeightWatcher(model=model).analyze()
    return {row["name"]: row for row in table.to_dict("records")}


def number(x):
    x = float(x)
    return int(x) if x.is_integer() else x


def coverage(samples=4000, size=300, alpha=2.5):
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(samples):
        fit = pl_fit((1 - rng.random(size)) ** (-1 / (alpha - 1)))
        inside += int(abs(fit.alpha - alpha) < 1.96 * fit.sigma)
    return {"samples": samples, "size": size, "alpha": alpha, "inside": inside}


def main():
    built = {str(i): build(*m, 500 + i) for i, m in enumerate(MATRICES)}
    table = analyze(built)
    cases = []
    for i, (kind, rows, cols, rank, factor) in enumerate(MATRICES):
        a = built[str(i)]
        row = table.get(str(i))
        values = np.linalg.svd(a.astype(float), compute_uv=False)
        case = {
            "kind": kind,
            "rows": rows,
            "cols": cols,
            "rank": rank,
            "factor": factor,
            "seed": 500 + i,
            "checksum": generator.checksum(a),
            "above_cut": int((values**2 > 1e-5).sum()),
            "figures": {ours: row and number(row[theirs]) for ours, theirs in FIGURES.items()},
            # Their function with the epsilon of the stored type in place of its own.
            "matrix_rank_storage": int(
                matrix_rank(values, max(rows, cols), tol=values[0] * max(rows, cols) * np.finfo(np.float32).eps)
            ),
        }
        cases.append(json.dumps(case))
    packages = ["weightwatcher", "numpy", "scipy", "powerlaw", "pandas"]
    head = {
        "program": "tests/golden/weightwatcher_figures.py",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
        "torch": stand_in.__version__,
        "coverage": coverage(),
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(cases) + "\n]}\n")


if __name__ == "__main__":
    main()
