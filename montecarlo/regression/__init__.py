"""The linear-regression chain, simulated.

simulate.py    simulate, estimate: the public functions
fields.py      the fields that a simulation gives
plan.py        a workflow, a chain and a design as the plain arrays that a kernel reads
algebra.py     linear algebra of one fit
batches.py     rows, or statistics of fresh designs: batches as least-squares statistics in slots
reused.py      statistics of a design that every batch reuses
subsample.py   rows, where a fit draws single rows of the pool
conditional.py rao-blackwell: the mean over label noise given the designs
modes.py       the same for a design that every batch reuses
drawn.py       the same given the designs and the rows drawn
"""

from montecarlo.regression.fields import FIELDS
from montecarlo.regression.simulate import METHODS, estimate, simulate

__all__ = ["FIELDS", "METHODS", "estimate", "simulate"]
