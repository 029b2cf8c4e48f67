"""The categorical chain, simulated.

simulate.py  simulate, estimate: the public functions
fields.py    the fields that a simulation gives
plan.py      a workflow as the plain arrays that a kernel reads
counts.py    the engines: every row is drawn, or the counts of a batch
"""

from montecarlo.categorical.fields import FIELDS
from montecarlo.categorical.simulate import METHODS, estimate, simulate

__all__ = ["FIELDS", "METHODS", "estimate", "simulate"]
