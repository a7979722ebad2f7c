"""Matrices that Rust (`tests/promises/support/generator.rs`) builds bit for bit as well.

Only +, -, *, / and the square root in a fixed order: IEEE 754 fixes their results, while sine,
logarithm and power differ between libraries. numpy is used element by element, so the order is that
of the loops.
"""

import numpy as np

MASK = (1 << 64) - 1


class Generator:
    """SplitMix64 (Steele, Lea & Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def integers(self, count):
        """The next `count` outputs."""
        steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = steps + np.uint64(self.state)
        self.state = int(z[-1])
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

    def uniforms(self, count):
        """In [0, 1), multiples of 2^-53."""
        return (self.integers(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normals(self, count):
        """Nearly normal: the sum of twelve uniforms minus 6, mean 0, variance 1."""
        u = self.uniforms(12 * count).reshape(count, 12)
        total = u[:, 0].copy()
        for i in range(1, 12):
            total += u[:, i]
        return total - 6.0

    def heavy_tails(self, count):
        """Of either sign, P(|x| > t) = t^-2 for t > 1: 1/sqrt(1 - u), the sign from a second draw."""
        u = self.uniforms(2 * count).reshape(count, 2)
        size = 1.0 / np.sqrt(1.0 - u[:, 0])
        return np.where(u[:, 1] < 0.5, -size, size)


def normal(rows, cols, seed):
    return Generator(seed).normals(rows * cols).reshape(rows, cols)


def heavy_tailed(rows, cols, seed):
    return Generator(seed).heavy_tails(rows * cols).reshape(rows, cols)


def low_rank_plus_noise(rows, cols, rank, seed):
    """normal + sum over k < rank of (k + 1)/4 u_k v_k', u_k and v_k nearly normal, drawn in turn."""
    generator = Generator(seed)
    a = generator.normals(rows * cols).reshape(rows, cols)
    for k in range(rank):
        u, v = generator.normals(rows), generator.normals(cols)
        a += ((k + 1) * 0.25 * u)[:, None] * v[None, :]
    return a


def low_rank(rows, cols, rank, seed):
    """The first `rank` rows are nearly normal; row i is row i - rank times -1/2: exact, also in f32."""
    a = np.zeros((rows, cols))
    a[:rank] = normal(rank, cols, seed)
    for i in range(rank, rows):
        a[i] = a[i - rank] * -0.5
    return a


def twice(rows, cols, seed):
    """Two equal diagonal blocks: every singular value is there twice."""
    block = normal(rows // 2, cols // 2, seed)
    a = np.zeros((rows, cols))
    a[: rows // 2, : cols // 2] = block
    a[rows // 2 :, cols // 2 :] = block
    return a


def with_singular_values(values, rows, cols, seed):
    """Given singular values (up to rounding), turned by three Householder reflections on each side."""
    a = np.zeros((rows, cols))
    for k, value in enumerate(values):
        a[k, k] = value
    generator = Generator(seed)
    for _ in range(3):
        u, v = generator.normals(rows), generator.normals(cols)
        total = np.zeros(cols)
        for i in range(rows):
            total += u[i] * a[i]
        total *= 2.0 / squared_norm(u)
        for i in range(rows):
            a[i] -= u[i] * total
        total = np.zeros(rows)
        for j in range(cols):
            total += v[j] * a[:, j]
        total *= 2.0 / squared_norm(v)
        for j in range(cols):
            a[:, j] -= v[j] * total
    return a


def squared_norm(v):
    total = 0.0
    for x in v.tolist():
        total += x * x
    return total


def geometric(count, ratio):
    """1, ratio, ratio^2, ... by repeated multiplication."""
    values = [1.0]
    while len(values) < count:
        values.append(values[-1] * ratio)
    return values


def cliff(count, smallest):
    """From 1 down to about 1/2 in equal steps, and then one value alone."""
    return [1.0 - k / (2.0 * count) for k in range(count - 1)] + [smallest]


def cluster(count, smallest, spacing):
    """As `cliff`, but for a quarter of the values, which are the smallest in relative steps."""
    small = count // 4
    values = [1.0 - k / (2.0 * count) for k in range(count - small)]
    return values + [smallest * (1.0 + spacing * k) for k in reversed(range(small))]


def checksum(a):
    """Of the entries' bits as doubles, row by row, in hexadecimal."""
    h = 0xCBF29CE484222325
    for bits in np.ascontiguousarray(a, dtype=np.float64).view(np.uint64).ravel().tolist():
        h = (h ^ bits) * 0x100000001B3 & MASK
        h ^= h >> 29
    return f"{h:016x}"
