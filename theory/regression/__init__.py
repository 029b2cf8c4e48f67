"""The linear-regression chain: weights fitted to labels that earlier weights wrote.

chain.py    RegressionChain: the data and the fit
"""

from theory.regression.chain import RegressionChain

__all__ = ["RegressionChain"]
