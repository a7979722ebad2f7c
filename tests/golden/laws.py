#!/usr/bin/env python3
"""Marchenko-Pastur and Tracy-Widom laws by other routes than the library's: `laws.json`.

    pip install mpmath==1.4.1
    python3 tests/golden/laws.py        # some minutes

Marchenko-Pastur: tanh-sinh quadrature of the density sqrt((b - x)(x - a))/(2 pi q x), and the
quantile as the root of that integral. The library has a closed form in an angle.

Tracy-Widom, beta = 1: the Painleve II equation q'' = s q + 2 q^3 with q ~ Ai at +oo (Hastings &
McLeod), integrated downwards by Taylor series, and

    F1(s) = exp(-1/2 int_s^oo (q(x) + (x - s) q(x)^2) dx)

(Tracy & Widom 1996, eq. 53). The library interpolates a table of Fredholm determinants.
"""

import json
import platform
from pathlib import Path

import mpmath
from mpmath import mp, mpf

ASPECTS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.9999, 1.0]
FRACTIONS = [1e-4, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 0.9999]
LEVELS = [1e-6, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 0.999999]


def root_of(f, low, high):
    """By bisection; f increases."""
    low, high = mpf(low), mpf(high)
    for _ in range(70):
        middle = (low + high) / 2
        if f(middle) < 0:
            low = middle
        else:
            high = middle
    return float((low + high) / 2)


def marchenko_pastur():
    mp.dps = 25
    rows = []
    for aspect in ASPECTS:
        q = mpf(aspect)
        root = mp.sqrt(q)
        a, b = (1 - root) ** 2, (1 + root) ** 2

        def integral(start, end):
            def density(x):
                return mp.sqrt(max(b - x, 0) * max(x - a, 0)) / (2 * mp.pi * q * x)

            return mp.quad(density, [start, end])

        assert abs(integral(a, b) - 1) < 1e-15
        cdf = []
        for fraction in FRACTIONS:
            x = float(a + fraction * (b - a))
            cdf.append([x, float(integral(a, mpf(x)))])
        quantile = []
        for p in LEVELS:
            quantile.append([p, root_of(lambda x: integral(a, x) - p, a, b)])
        rows.append({"aspect": aspect, "cdf": cdf, "quantile": quantile})
    return rows


class TracyWidom:
    """F1 from START down, one Taylor series a step."""

    START, END, STEP, TERMS = 16, -12, mpf(1) / 8, 60

    def __init__(self):
        mp.dps = 80
        s = mpf(self.START)
        # There q = Ai to a relative 1e-37, so F1 - 1 is as accurate.
        ai, slope = mp.airyai(s), mp.airyai(s, derivative=1)
        first = mp.airyai(s, derivative=-1)  # int_0^s
        plain = mpf(1) / 3 - first  # int_s^oo q
        square = slope**2 - s * ai**2  # int_s^oo q^2
        weighted = (2 * s**2 * ai**2 - 2 * s * slope**2 - ai * slope) / 3  # int (x - s) q^2
        self.pieces = []
        while s > self.END:
            c = [ai, slope]
            squares = []  # of q
            for n in range(self.TERMS - 2):
                squares.append(sum(c[i] * c[n - i] for i in range(n + 1)))
                cube = sum(squares[i] * c[n - i] for i in range(n + 1))
                c.append((s * c[n] + (c[n - 1] if n else 0) + 2 * cube) / ((n + 1) * (n + 2)))
            # d/ds plain = -q, d/ds square = -q^2, d/ds weighted = -square.
            plains = [plain] + [-c[n] / (n + 1) for n in range(self.TERMS - 2)]
            squared = [square] + [-squares[n] / (n + 1) for n in range(self.TERMS - 2)]
            weights = [weighted] + [-squared[n] / (n + 1) for n in range(self.TERMS - 2)]
            self.pieces.append((s, plains, weights))
            h = -self.STEP
            ai = mp.polyval(c[::-1], h)
            slope = mp.polyval([n * c[n] for n in range(1, self.TERMS)][::-1], h)
            plain = mp.polyval(plains[::-1], h)
            square = mp.polyval(squared[::-1], h)
            weighted = mp.polyval(weights[::-1], h)
            s += h

    def cdf(self, s):
        s = mpf(s)
        start, plains, weights = self.pieces[min(int((self.START - s) / self.STEP), len(self.pieces) - 1)]
        h = s - start
        return mp.exp(-(mp.polyval(plains[::-1], h) + mp.polyval(weights[::-1], h)) / 2)


def tracy_widom():
    law = TracyWidom()
    points = [x / 4 for x in range(-40, 33)] + [-9.37, -4.9, -3.1804, -1.2686, -0.1, 0.9793, 2.0234, 10.1, 13.3]
    table = []
    for s in sorted(points):
        f = law.cdf(s)
        table.append([s, float(f), float(1 - f)])
    quantile = [[p, root_of(lambda s: law.cdf(s) - p, -10, 10)] for p in LEVELS]
    # mpf(p) is the double nearest to p, as the library is given it.
    uppers = [0.3, 0.01, 1e-4, 1e-8, 1e-12]
    upper = [[p, root_of(lambda s: mpf(p) - 1 + law.cdf(s), -10, 15)] for p in uppers]
    return {"cdf_survival": table, "quantile": quantile, "upper_quantile": upper}


def main():
    document = {
        "program": "tests/golden/laws.py",
        "python": platform.python_version(),
        "mpmath": mpmath.__version__,
        "tracy_widom": tracy_widom(),
        "marchenko_pastur": marchenko_pastur(),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(document, indent=None).replace("}, ", "},\n") + "\n")


if __name__ == "__main__":
    main()
