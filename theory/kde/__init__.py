"""The kernel-density chain: estimates fitted to rows that earlier estimates wrote.

chain.py         KdeChain: truth, bandwidths and kernel
kernels.py       the five kernels with their transforms
bandwidths.py    Scott, Silverman, Power, Optimal: schedules of h_t
curves.py        curves, available: integrated squared errors, extra variance, the cloud's moments
error.py         the integrals over frequencies behind them, with their error
limits.py        where the errors end up at a constant bandwidth
lineage.py       lineage_law: how many kernels lie between a row and a real one
mean_density.py  mean_density: E f_t(x)
divergence.py    the bound on the likelihood that it gives
lattice.py       on a lattice: mixtures in the plane, any truth and kernel on the line
cubature.py      about each component: mixtures in more dimensions
blurred.py       that bound in a second, for the toy data sets
verdict.py       verdict: is a schedule safe for ever
optimal.py       optimal_bandwidths: the least exact error, greedy or for a horizon
decay.py         what those do as t -> infinity, workflow by workflow
augmentation.py  augmentation: do rows of a model help beside the real ones
"""

from theory.kde.augmentation import (
    Augmentation,
    augmentation,
    best_augmentation,
    hurting_bandwidths,
    tuned_bandwidth,
)
from theory.kde.bandwidths import OPTIMAL, Optimal, Power, Scott, Silverman
from theory.kde.chain import KdeChain
from theory.kde.curves import FIELDS, KdeCurves, available, curves
from theory.kde.lineage import lineage_law
from theory.kde.mean_density import mean_density
from theory.kde.optimal import optimal_bandwidths
from theory.kde.verdict import Verdict, verdict

__all__ = [
    "FIELDS",
    "OPTIMAL",
    "Augmentation",
    "KdeChain",
    "KdeCurves",
    "Optimal",
    "Power",
    "Scott",
    "Silverman",
    "Verdict",
    "augmentation",
    "available",
    "best_augmentation",
    "curves",
    "hurting_bandwidths",
    "lineage_law",
    "mean_density",
    "optimal_bandwidths",
    "tuned_bandwidth",
    "verdict",
]
