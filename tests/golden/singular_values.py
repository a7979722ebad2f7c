#!/usr/bin/env python3
"""Singular values by LAPACK, in double precision: `singular_values.json`.

    pip install numpy==2.4.6
    python3 tests/golden/singular_values.py        # some minutes

Each matrix is built by `generator.py` with a stated condition number. The values are those of
LAPACK's dgesdd (numpy.linalg.svd). `lapack_error` is the largest relative difference of any of them
from a second calculation, one-sided Jacobi rotations in 80-bit arithmetic: it says how far LAPACK
itself can be trusted, about 1e-16 times the condition number.
"""

import json
import platform
from pathlib import Path

import numpy as np

import generator

SHAPES = [(64, 64), (40, 200), (300, 120), (256, 256)]
GEOMETRIC = [1e1, 1e4, 1e5, 1e6, 1e8]
CLIFF = [1e4, 9e4, 1e8]  # 9e4 lies just below where the library changes its route
CLUSTER = [(1e4, 1e-8), (9e4, 1e-6)]  # condition, relative spacing of the smallest values


def jacobi(a):
    """Singular values by one-sided Jacobi rotations (Hestenes 1958) of the smaller side's rows."""
    a = a.astype(np.longdouble)
    eps = np.finfo(np.longdouble).eps
    assert eps < 2e-19, "needs 80-bit long double"
    if a.shape[0] > a.shape[1]:
        a = a.T.copy()
    m = len(a)
    assert m % 2 == 0
    order = list(range(m))
    for _ in range(60):
        worst = 0.0
        for _ in range(m - 1):
            # Round robin: every pair of rows meets once a sweep, m/2 pairs at a time.
            p, q = np.array(order[: m // 2]), np.array(order[m // 2 :][::-1])
            x, y = a[p], a[q]
            xx, yy, xy = (x * x).sum(1), (y * y).sum(1), (x * y).sum(1)
            cosine = np.abs(xy) / np.sqrt(xx * yy)
            worst = max(worst, float(cosine.max()))
            zeta = (yy - xx) / (2 * np.where(xy == 0, 1, xy))
            t = np.where(zeta < 0, -1, 1) / (np.abs(zeta) + np.sqrt(1 + zeta * zeta))
            t = np.where(xy == 0, 0, t)
            c = 1 / np.sqrt(1 + t * t)
            s = c * t
            a[p] = c[:, None] * x - s[:, None] * y
            a[q] = s[:, None] * x + c[:, None] * y
            order = [order[0], order[-1]] + order[1:-1]
        if worst < 16 * eps:
            return np.sort(np.sqrt((a * a).sum(1)))[::-1]
    raise RuntimeError("no convergence")


def main():
    cases = []
    for index, (rows, cols) in enumerate(SHAPES):
        m = min(rows, cols)
        built = [("normal", None, [])]
        built += [("geometric", k, [float(k ** (-1 / (m - 1)))]) for k in GEOMETRIC]
        built += [("cliff", k, [1 / k]) for k in CLIFF]
        built += [("cluster", k, [1 / k, spacing]) for k, spacing in CLUSTER]
        for number, (spectrum, condition, parameters) in enumerate(built):
            seed = 1000 * (index + 1) + number
            if spectrum == "normal":
                a = generator.normal(rows, cols, seed)
            else:
                values = getattr(generator, spectrum)(m, *parameters)
                a = generator.with_singular_values(values, rows, cols, seed)
            lapack = np.linalg.svd(a, compute_uv=False)
            error = float(np.max(np.abs(lapack / jacobi(a) - 1)))
            case = {
                "rows": rows,
                "cols": cols,
                "spectrum": spectrum,
                "parameters": parameters,
                "seed": seed,
                "condition": float(lapack[0] / lapack[-1]) if condition is None else condition,
                "checksum": generator.checksum(a),
                "lapack_error": error,
                "singular_values": lapack.tolist(),
            }
            cases.append(json.dumps(case))
            print(rows, cols, spectrum, condition, f"{error:.1e}", flush=True)
    build = np.show_config(mode="dicts")["Build Dependencies"]["lapack"]
    head = {
        "program": "tests/golden/singular_values.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "lapack": f"{build['name']} {build['version']}",
    }
    path = Path(__file__).with_suffix(".json")
    lines = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(cases) + "\n]}\n"
    path.write_text(lines)


if __name__ == "__main__":
    main()
