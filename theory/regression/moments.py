"""What a fit of n rows in d features inherits from its design: expectations over X.

In coordinates where the population covariance is the identity the design is Z, n x d standard
normal, G = Z'Z ~ Wishart_d(n). Label noise of variance one moves the fit by Z^+ eps, so

    E tr (Z^+ Z^+') = d / (n - d - 1)    n >= d + 2: E G^-1 is the inverse-Wishart mean
                      n / (d - n - 1)    n <= d - 2: least norm, the same with Z Z' for G
                      infinite           n = d - 1, d, d + 1

and the least-norm fit keeps a share n/d of a vector of uniform direction.

Source: loopbound theory, section 4.
"""

from __future__ import annotations

import math


def noise_gain(rows: int, dim: int) -> float:
    """E tr (Z^+ Z^+'): squared error of one fit to label noise of variance one."""
    if rows >= dim + 2:
        return dim / (rows - dim - 1)
    return rows / (dim - rows - 1) if rows <= dim - 2 else math.inf


def kept_share(rows: int, dim: int) -> float:
    """E |P v|^2 / |v|^2 for the projection P on the rows: 1 once they span the space."""
    return min(1.0, rows / dim)


def noise_gain_square(rows: int, dim: int) -> float:
    """E |Z^+ eps|^4 for rows >= d + 4, infinite for fewer.

    Given Z it is 2 tr G^-2 + (tr G^-1)^2 (a normal quadratic form); both expectations are
    inverse-Wishart moments with D = (n-d)(n-d-1)(n-d-3): d (n-1) / D and d (d (n-d-2) + 2) / D.
    """
    n, d = rows, dim
    if n < d + 4:
        return math.inf
    scale = (n - d) * (n - d - 1) * (n - d - 3)
    return d * (2 * (n - 1) + d * (n - d - 2) + 2) / scale


def noise_gain_variance(rows: int, dim: int) -> float:
    """Variance over designs of tr (Z^+ Z^+'), whose mean is `noise_gain`; `inf` where |n - d| < 4.

    With k the smaller of rows n and features d, and N the larger, the Gram matrix without zero
    eigenvalues is Wishart_k(N), and E (tr G^-1)^2 = k (k (N-k-2) + 2) / ((N-k)(N-k-1)(N-k-3)).
    """
    few, many = sorted((rows, dim))
    left = many - few
    if left < 4:
        return math.inf
    square = few * (few * (left - 2) + 2) / (left * (left - 1) * (left - 3))
    return square - (few / (left - 1)) ** 2


def row_gain(rows: int, dim: int) -> float:
    """c: rows / d times E |G^-1 z z'|_F^2 for one row z of a fit on so many, rows >= d + 2.

    G w = sum of z_i y_i, so K_i = G^-1 z_i z_i' carries the model behind label i into the fit, and
    the K_i sum to I. With H the Gram matrix of the other rows and z = r e_1 after a rotation,
    |K|_F^2 = l^2 (1 + |b|^2): the leverage l = r^2 a / (1 + r^2 a), a = (H^-1)_11, is
    Beta(d/2, (rows - d)/2), and independent of it b, the other entries of H^-1 e_1 over a, is
    N(0, inverse Wishart of d - 1 dimensions and rows - 1 degrees). So c is

        (rows - 2)(d + 2) / ((rows + 2)(rows - d - 1)).
    """
    if rows < dim + 2:
        return math.inf
    return (rows - 2) * (dim + 2) / ((rows + 2) * (rows - dim - 1))


def mixing_gain(synthetic: int, real: int, dim: int) -> float:
    """E |(A + B)^-1 A v|^2 / |v|^2 with A ~ Wishart_d(synthetic), B ~ Wishart_d(real).

    How much of the last model's error a fit inherits that pools its k rows with new real ones, N
    rows in all, N >= d + 2. (A + B)^-1 A is the sum of the K_i of its rows. Rows are alike:
    E K_i'K_i is c / N times the identity, and the N (N - 1) products of two rows share 1 - c.
    """
    k, total = synthetic, synthetic + real
    c = row_gain(total, dim)
    return k / total * (c + (k - 1) * (1 - c) / (total - 1)) if c < math.inf else math.inf
