#!/usr/bin/env python3
"""Covariances of activations, and the overlaps of singular vectors with them: `activation.json`.

    pip install numpy==2.4.6
    python3 tests/golden/activation.py

By numpy's own functions in their plainest form: `cov`, `eigh` and `svd`, and the definitions of the
other figures written out. Tokens are in alternate halves, and the standard error of a figure is half
of its difference between them.
"""

import json
import platform
from pathlib import Path

import numpy as np

SHARES = [0.5, 0.9, 0.99]


def components(tokens):
    """Eigenvalues that are not 0, descending, their eigenvectors as columns, and the covariance."""
    covariance = np.cov(tokens, rowvar=False, bias=True)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1], vectors[:, ::-1]
    count, features = tokens.shape
    rank = min(int((values > values[0] * features * np.finfo(float).eps).sum()), count - 1)
    return values[:rank], vectors[:, :rank], covariance


def effective_rank(values):
    p = values / values.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


def participation_ratio(values):
    return float(values.sum() ** 2 / (values**2).sum())


def figures(tokens, right, dimensions):
    values, vectors, _ = components(tokens)
    products = vectors.T @ right
    overlaps = np.abs(products).max(axis=0)
    projections = np.array([(products[:d] ** 2).sum(axis=0) for d in dimensions])
    return effective_rank(values), participation_ratio(values), overlaps, projections


def case(seed, count, features, outputs, shift):
    rng = np.random.default_rng(seed)
    # A few strong directions, correlated features, and a mean far from zero.
    mixing = rng.standard_normal((features, features)) * np.linspace(3, 0.2, features)[:, None]
    tokens = np.round(rng.standard_normal((count, features)) @ mixing + shift, 6)
    # One row of weights has learned the strongest direction.
    weights = rng.standard_normal((outputs, features))
    weights[0] += 2 * mixing[0]
    weights = np.round(weights, 6)
    values, _, covariance = components(tokens)
    _, singular_values, right = np.linalg.svd(weights, full_matrices=False)
    cumulated = np.cumsum(values)
    dimensions = [int((cumulated < share * cumulated[-1]).sum()) + 1 for share in SHARES]
    whole = figures(tokens, right.T, dimensions)
    halves = [figures(half, right.T, dimensions) for half in (tokens[::2], tokens[1::2])]
    errors = [np.abs(a - b) / 2 for a, b in zip(*halves)]
    return {
        "seed": seed,
        "features": features,
        "outputs": outputs,
        "tokens": tokens.ravel().tolist(),
        "weights": weights.ravel().tolist(),
        "mean": tokens.mean(axis=0).tolist(),
        "covariance": covariance.ravel().tolist(),
        "eigenvalues": values.tolist(),
        "effective_rank": whole[0],
        "effective_rank_error": float(errors[0]),
        "participation_ratio": whole[1],
        "participation_ratio_error": float(errors[1]),
        "singular_values": singular_values.tolist(),
        "overlaps": whole[2].tolist(),
        "overlap_errors": errors[2].tolist(),
        "dimensions": dimensions,
        "projections": whole[3].tolist(),
        "projection_errors_of_all": [float(abs(a.mean() - b.mean()) / 2) for a, b in zip(halves[0][3], halves[1][3])],
    }


def main():
    cases = [
        # More tokens than features, the input on the large side of the weights.
        case(1, 60, 12, 8, 5.0),
        # Fewer tokens than features: rank 8; the input on the small side.
        case(2, 9, 12, 20, -300.0),
        case(3, 41, 10, 10, 0.0),
    ]
    head = {
        "program": "tests/golden/activation.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    lines = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(map(json.dumps, cases)) + "\n]}\n"
    Path(__file__).with_suffix(".json").write_text(lines)


if __name__ == "__main__":
    main()
