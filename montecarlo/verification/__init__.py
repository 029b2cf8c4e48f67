"""Verified regression, simulated.

simulate.py  simulate, estimate: the public functions
fields.py    the fields that a simulation gives
plan.py      a chain and a workflow as the plain arrays that the kernels read
rows.py      the literal engine: write labels, accept or reject each
means.py     tables of the law of a batch's mean
spread.py    mean and spread refitted to accepted rows
batches.py   the engine that draws a batch's mean from its law
"""

from montecarlo.verification.fields import FIELDS
from montecarlo.verification.simulate import METHODS, estimate, simulate

__all__ = ["FIELDS", "METHODS", "estimate", "simulate"]
