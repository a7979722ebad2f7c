#!/usr/bin/env python3
"""Tracy-Widom distribution for beta = 1: the table behind `laws::tracy_widom`.

    pip install mpmath
    python3 crates/rmt-core/data/tracy_widom_beta1.py > crates/rmt-core/data/tracy_widom.csv
    python3 crates/rmt-core/data/tracy_widom_beta1.py 2.03 17.5       # s, F1, 1 - F1 for -13 < s < 26

The first form writes the table, and to stderr the moments and the change on refining the
quadrature; the second prints values to check the interpolation against.

Formula (Ferrari & Spohn 2005): F1(s) = det(I - A), A(x, y) = Ai(x + y + s) on L2(0, oo); the
kernel Ai((x + y)/2 + s)/2 is the same operator with x and y doubled. The determinant is replaced by
that of the Gauss-Legendre quadrature (Bornemann 2010), which converges exponentially. Integrating
(d/dx + d/dy) A = 2 dA/ds by parts leaves only the corner of the resolvent:

    d/ds ln F1 = r/2,   r = [(I - A)^-1 A](0, 0) = a0 + a.z,   z = (I - A)^-1 a,
    dr/ds = a0' + 2 a'.z + z.A'z,   with a = A(., 0), a0 = A(0, 0) and ' = d/ds.

Everything is computed in fixed point with 86 digits: 1 - F1 falls to 2e-28 and is a difference.
"""

import sys

from mpmath import mp, mpf, airyai, log, sqrt

mp.dps = 90
BITS = 288  # of the fixed point numbers below, which are Python integers
ZMAX = 36  # Ai(36) = 7e-64: where the half line is cut, as x + s
NODES = 110
START, SWITCH, END, STEP = mpf(-10), mpf(-1.25), mpf(20), mpf(1) / 8


def fix(x):
    return int(mp.ldexp(x, BITS))


def gauss_legendre(n):
    """Nodes and weights on (0, 1)."""
    rule = []
    for i in range(1, n + 1):
        x = mp.cos(mp.pi * (i - mpf(1) / 4) / (n + mpf(1) / 2))
        for _ in range(8):
            p, q = mpf(1), mpf(0)
            for k in range(n):
                p, q = ((2 * k + 1) * x * p - k * q) / (k + 1), p
            slope = n * (x * p - q) / (x * x - 1)
            x -= p / slope
        rule.append(((1 + x) / 2, 1 / ((1 - x * x) * slope**2)))
    return rule


ANCHORS = {}


def airy(z):
    """Ai(z) and Ai'(z) in fixed point, from the Taylor series about the nearest multiple of 1/8."""
    if z > 52 << BITS:
        return 0, 0  # below the last digit
    k = ((z >> (BITS - 4)) + 1) >> 1
    if k not in ANCHORS:
        t = mpf(k) / 8
        c = [airyai(t), airyai(t, derivative=1), t * airyai(t) / 2]
        while len(c) < 50:  # from Ai'' = t Ai
            n = len(c) - 2
            c.append((t * c[n] + c[n - 1]) / ((n + 1) * (n + 2)))
        ANCHORS[k] = [fix(v) for v in reversed(c)]
    h = z - (k << (BITS - 3))
    value = slope = 0
    for c in ANCHORS[k]:
        slope = value + (slope * h >> BITS)
        value = c + (value * h >> BITS)
    return value, slope


def law(s, rule):
    """ln F1 and ln(1 - F1), each with its first two derivatives, at s; and F1."""
    length = ZMAX - s
    x = [fix(length * node) for node, _ in rule]
    w = [fix(sqrt(length * weight)) for _, weight in rule]
    n, s = len(x), fix(s)

    # Row i from the diagonal on: the matrices are symmetric.
    m, slopes = [], []
    for i in range(n):
        pairs = [airy(x[i] + x[j] + s) for j in range(i, n)]
        weights = [w[i] * w[j] >> BITS for j in range(i, n)]
        m.append([-(wt * p[0] >> BITS) for wt, p in zip(weights, pairs)])
        slopes.append([wt * p[1] >> BITS for wt, p in zip(weights, pairs)])
        m[i][0] += 1 << BITS
    edge = [airy(x[i] + s) for i in range(n)]
    a = [w[i] * edge[i][0] >> BITS for i in range(n)]
    da = [w[i] * edge[i][1] >> BITS for i in range(n)]
    a0, da0 = airy(s)

    # Elimination without pivoting: I - A is positive definite.
    det, z = mpf(1), a[:]
    for k in range(n):
        row = m[k]
        det *= mp.ldexp(row[0], -BITS)
        for i in range(k + 1, n):
            f = (row[i - k] << BITS) // row[0]
            m[i] = [v - (f * r >> BITS) for v, r in zip(m[i], row[i - k :])]
            z[i] -= f * z[k] >> BITS
    for k in reversed(range(n)):
        rest = sum(m[k][j - k] * z[j] for j in range(k + 1, n))
        z[k] = ((z[k] << BITS) - rest) // m[k][0]

    def dot(u, v):
        return sum(p * q for p, q in zip(u, v)) >> BITS

    r = a0 + dot(a, z)
    quad = sum(z[i] * (2 * dot(slopes[i], z[i:]) - (slopes[i][0] * z[i] >> BITS)) for i in range(n))
    dr = da0 + 2 * dot(da, z) + (quad >> BITS)
    d1, d2 = mp.ldexp(r, -BITS - 1), mp.ldexp(dr, -BITS - 1)
    tail = 1 - det
    t1 = -det * d1 / tail
    t2 = -det * (d2 + d1**2) / tail - t1**2
    return (log(det), d1, d2), (log(tail), t1, t2), det


def main():
    rule = gauss_legendre(NODES)
    if len(sys.argv) > 1:
        for arg in sys.argv[1:]:
            _, _, f = law(mpf(arg), rule)
            print(arg, mp.nstr(f, 17), mp.nstr(1 - f, 17))
        return

    fine = gauss_legendre(2 * NODES)
    for s in (START, SWITCH, END):
        pairs = [zip(p, q) for p, q in zip(law(s, rule)[:2], law(s, fine)[:2])]
        change = max(abs(p - q) for pair in pairs for p, q in pair)
        print("s =", mp.nstr(s, 4), "change with twice the nodes", mp.nstr(change, 2), file=sys.stderr)

    lower, upper, density = [], [], []
    for i in range(int((END - START) / STEP) + 1):
        s = START + i * STEP
        low, up, f = law(s, rule)
        if s <= SWITCH:
            lower.append(low)
        if s >= SWITCH:
            upper.append(up)
        density.append((s, f * low[1] * STEP))

    # The trapezoidal rule is exact to all digits wanted: the density is entire and vanishes at both
    # ends.
    mean = sum(s * d for s, d in density)
    var, m3, m4 = (sum((s - mean) ** k * d for s, d in density) for k in (2, 3, 4))
    moments = {
        "total": sum(d for _, d in density),
        "mean": mean,
        "variance": var,
        "skewness": m3 / var**1.5,
        "excess kurtosis": m4 / var**2 - 3,
    }
    for name, v in moments.items():
        print(name, mp.nstr(v, 18), file=sys.stderr)

    print("tail,s,logarithm,slope,curvature")
    for name, start, rows in (("lower", START, lower), ("upper", SWITCH, upper)):
        for k, row in enumerate(rows):
            print(name, float(start + k * STEP), *(repr(float(v)) for v in row), sep=",")


if __name__ == "__main__":
    main()
