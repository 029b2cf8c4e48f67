"""The Gaussian chain, simulated.

simulate.py   simulate, estimate: the public functions
plan.py       a workflow as the plain arrays that a kernel reads
rows.py       the literal engine: every row is drawn
"""

from montecarlo.gaussian.simulate import FIELDS, estimate, simulate

__all__ = ["FIELDS", "estimate", "simulate"]
