"""How often could ANY test of the largest singular value find a planted rank-one signal?

    python3 -m pip install numpy
    python3 tests/promises/detection_bound.py

For each shape of the example: W has independent standard normal entries; the signal is
θ·√n·u vᵀ along random directions, θ = 1.5·(m/n)^(1/4). Printed are the shares found at level
0.002 (the family's 0.01 over five tests) by the largest singular value when σ is known, and by
the likelihood ratio λ₁/Σλ when it is not, each against its own simulated null.
"""

import numpy as np

LEVEL, NULL_DRAWS, SIGNAL_DRAWS, MULTIPLE = 0.002, 40_000, 4_000, 1.5


def unit(rng, length):
    v = rng.standard_normal(length)
    return v / np.linalg.norm(v)


def statistics(a):
    eigenvalues = np.linalg.eigvalsh(a @ a.T)
    return eigenvalues[-1], eigenvalues[-1] / eigenvalues.sum()


def main():
    rng = np.random.default_rng(0)
    for m, n in [(59, 128), (128, 256), (59, 256)]:
        theta = MULTIPLE * (m / n) ** 0.25 * np.sqrt(n)
        null = np.array([statistics(rng.standard_normal((m, n))) for _ in range(NULL_DRAWS)])
        signal = np.array(
            [
                statistics(rng.standard_normal((m, n)) + theta * np.outer(unit(rng, m), unit(rng, n)))
                for _ in range(SIGNAL_DRAWS)
            ]
        )
        known, unknown = (signal > np.quantile(null, 1 - LEVEL, axis=0)).mean(axis=0)
        print(f"{m}x{n}: sigma known {known:.3f}, unknown {unknown:.3f}")


if __name__ == "__main__":
    main()
