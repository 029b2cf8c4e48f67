"""The Gaussian chain, simulated.

simulate.py   simulate, estimate: the public functions
fields.py     the fields that a simulation gives
plan.py       a workflow as the plain arrays that a kernel reads
rows.py       the engines in any dimension: every row is drawn, or the statistics of a batch
univariate.py the statistics engine in one dimension
"""

from montecarlo.gaussian.fields import FIELDS
from montecarlo.gaussian.simulate import METHODS, estimate, simulate

__all__ = ["FIELDS", "METHODS", "estimate", "simulate"]
