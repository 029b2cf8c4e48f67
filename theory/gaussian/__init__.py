"""The Gaussian chain: a mean and a covariance fitted, sampled and fitted again.

chain.py            GaussianChain: the model and its estimator
curves.py           curves, available: every field, for every workflow that has it
product.py          replace and accumulate as products of independent random matrices
shifted_wishart.py  exact expectations of one such matrix at any dimension
survival.py         P(sigma_t > threshold sigma_0)
"""

from theory.gaussian.chain import GaussianChain
from theory.gaussian.curves import FIELDS, GaussianCurves, available, curves
from theory.gaussian.survival import survival

__all__ = ["FIELDS", "GaussianChain", "GaussianCurves", "available", "curves", "survival"]
