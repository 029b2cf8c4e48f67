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


def mixing_gain(synthetic: int, real: int, dim: int) -> float:
    """E |(A + B)^-1 A v|^2 / |v|^2 with A ~ Wishart_d(synthetic), B ~ Wishart_d(real).

    How much of the last model's error a fit inherits that pools its rows with new real ones. With
    G = A + B, N rows, A = G^(1/2) U G^(1/2) and U matrix-beta independent of G, of rotation-free
    law: E U_ij U_kl = a delta_ij delta_kl + b (delta_ik delta_jl + delta_il delta_jk), where

        b = p q / ((N-1) N (N+2)),  a + 2 b = p (p+2) / (N (N+2)),  p = synthetic, q = real,

    are Haar fourth moments. So E tr(A G^-2 A) = E tr(U G^-1 U G) = d (a + b) + b E tr G tr G^-1,
    and E tr G tr G^-1 = (N d - 2) d / (N - d - 1), for N >= d + 2; infinite for fewer.
    """
    p, q, total = synthetic, real, synthetic + real
    if total < dim + 2:
        return math.inf
    b = p * q / ((total - 1) * total * (total + 2))
    a = p * (p + 2) / (total * (total + 2)) - 2 * b
    return a + b + b * (total * dim - 2) / (total - dim - 1)
