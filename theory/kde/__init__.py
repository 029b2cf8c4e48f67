"""The kernel-density chain: estimates fitted to rows that earlier estimates wrote.

chain.py        KdeChain: truth, bandwidths and kernel
kernels.py      the five kernels with their transforms
bandwidths.py   Scott, Silverman, Power, Optimal: schedules of h_t
"""

from theory.kde.bandwidths import OPTIMAL, Optimal, Power, Scott, Silverman
from theory.kde.chain import KdeChain

__all__ = [
    "OPTIMAL",
    "KdeChain",
    "Optimal",
    "Power",
    "Scott",
    "Silverman",
]
