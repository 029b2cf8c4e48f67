"""The categorical chain: shares of categories, counted, sampled and counted again.

The unigram model, and the exactly solvable language model.

chain.py        CategoricalChain: the true probabilities; uniform, zipf
curves.py       curves, available: every field, for every workflow that has it
limits.py       what is left of the heterozygosity for ever
collapse.py     time until one category is left, exact and in the diffusion limit; extinction
survival.py     lower bounds on survival by branching processes, exact for Poisson batches
spectrum.py     exact laws of a category's count: Wright and Fisher's under replace
urn.py          the same in a pool that keeps everything, whole or subsampled
two_batches.py  the same in two batches that stay apart: anchored, fresh, a window of two
binomial.py     binomial laws in bands
"""

from theory.categorical.chain import CategoricalChain, uniform, zipf
from theory.categorical.collapse import (
    CollapseTime,
    collapse_time,
    diffusion_collapse_time,
    extinction,
)
from theory.categorical.curves import FIELDS, CategoricalCurves, available, curves
from theory.categorical.survival import poisson_survival

__all__ = [
    "FIELDS",
    "CategoricalChain",
    "CategoricalCurves",
    "CollapseTime",
    "available",
    "collapse_time",
    "curves",
    "diffusion_collapse_time",
    "extinction",
    "poisson_survival",
    "uniform",
    "zipf",
]
