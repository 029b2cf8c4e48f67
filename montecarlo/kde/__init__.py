"""The kernel-density chain, simulated.

simulate.py  simulate, estimate: the public functions
fields.py    the fields that a simulation gives
plan.py      a workflow and a chain as the plain arrays that a kernel reads
measure.py   quadrature nodes and test points that fits are measured by
pool.py      rows: drawn, written, kept in slots
sums.py      sums over the rows of each slot, and the fields of a fit from them
pairs.py     squared errors in more than one dimension, by pairs of rows
nll.py       log densities at fixed points, exactly
binned.py    log densities by linear binning and FFT, for many rows
chains.py    the kernel: generation by generation
"""

from montecarlo.kde.binned import binned_log_density
from montecarlo.kde.fields import FIELDS
from montecarlo.kde.nll import log_density
from montecarlo.kde.simulate import METHODS, estimate, fields_of, simulate

__all__ = [
    "FIELDS",
    "METHODS",
    "binned_log_density",
    "estimate",
    "fields_of",
    "log_density",
    "simulate",
]
