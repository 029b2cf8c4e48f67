"""The linear-regression chain: weights fitted to labels that earlier weights wrote.

chain.py        RegressionChain: the data and the fit
curves.py       curves, available: excess test error, its bias and variance, two bounds
reused.py       one design for every batch: exact under every workflow without a budget
fresh.py        new rows for every batch: replace, accumulate and fresh, exact
conditional.py  the user's own design, with any ridge: exact
subsample.py    leading order elsewhere; subsample_growth: bounded or not, given the designs;
                infinite_mean_from: where the mean over designs is infinite
quantile.py     error_quantile: what a run sees, where the mean is infinite too
ridge.py        ridge on the last fit for any spectrum: deterministic equivalents
moments.py      the expectations over designs that they share
parts.py        Parts: bias and variance
"""

from theory.regression.chain import RegressionChain
from theory.regression.curves import FIELDS, RegressionCurves, available, curves
from theory.regression.quantile import error_quantile
from theory.regression.subsample import infinite_mean_from, subsample_growth

__all__ = [
    "FIELDS",
    "RegressionChain",
    "RegressionCurves",
    "available",
    "curves",
    "error_quantile",
    "infinite_mean_from",
    "subsample_growth",
]
