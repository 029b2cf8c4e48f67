"""What the kernels of every family are made of: how they are compiled, and a chi-square variate.

Compiling costs seconds: for every function by itself, once more for its copy in every kernel that
calls it, and for its entry from Python.

kernel   what Python calls
called   a function for kernels only; plain Python to Python
inlined  a few operations, put in place of every call
spliced  a function that has one place in a kernel: compiled as a part of it, never by itself

A cached kernel does not notice an edit of a function that it takes from another file: after one
here, or in any file that says so, remove the folders `__pycache__`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
from numba.extending import intrinsic, overload, register_jitable

ROUNDING = 64 * np.finfo(np.float64).eps  # what rounding may leave of a number that is zero

kernel = nb.njit(nogil=True, cache=True, error_model="numpy")
called = register_jitable(error_model="numpy", no_cfunc_wrapper=True)
inlined = nb.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)
spliced = nb.njit(error_model="numpy", inline="always")


def multiply_add(a: float, b: float, c: float) -> float:
    """a b + c: rounded once in a kernel, in one instruction, and twice in plain Python."""
    return a * b + c


def _instruction(context: Any, a: Any, b: Any, c: Any) -> tuple[Any, Callable[..., Any]]:
    """The processor's own, asked for by name: no optimiser decides where it stands."""
    real = nb.types.float64
    return real(real, real, real), lambda _, builder, signature, values: builder.fma(*values)


_fused: Any = intrinsic(_instruction)


@overload(multiply_add, strict=False)
def _multiply_add(a: Any, b: Any, c: Any) -> Callable[..., Any]:
    return lambda a, b, c: _fused(a, b, c)


@inlined
def chi_square(rng: np.random.Generator, degrees: int) -> float:
    """A chi-square variate."""
    b, c = shape(degrees)
    return chi_square_of(rng, degrees, b, c)


@inlined
def shape(degrees: int) -> tuple[float, float]:
    """The constants of `chi_square_of`, and of the `gamma_variate` in it where there is one."""
    b = 0.5 * max(degrees, 1) - 1.0 / 3.0
    return b, 1.0 / math.sqrt(9.0 * b)


@inlined
def chi_square_of(rng: np.random.Generator, degrees: int, b: float, c: float) -> float:
    """A chi-square variate whose constants are worked out: for many of the same degrees.

    Up to three squares of normals cost less than a gamma variate.
    """
    total = 0.0
    if degrees > 3:
        total = 2.0 * gamma_variate(rng, b, c)
    else:
        for _ in range(degrees):
            total += rng.standard_normal() ** 2
    return total


@inlined
def gamma_variate(rng: np.random.Generator, b: float, c: float) -> float:
    """A gamma variate of shape b + 1/3 > 1, c = (9 b)^(-1/2): Marsaglia and Tsang (2000).

    The method and the bits of `rng.standard_gamma`, which works out b and c at every call: for many
    variates of one shape a third of the time.
    """
    while True:
        x = rng.standard_normal()
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            u = rng.random()
            if u < 1.0 - 0.0331 * (x * x) * (x * x):
                return b * v
            if math.log(u) < 0.5 * x * x + b * (1.0 - v + math.log(v)):
                return b * v
