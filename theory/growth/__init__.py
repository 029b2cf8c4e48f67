"""What a measured loss curve follows: a + b v_t, a power, a logarithm or a contraction.

losscurve.py  LossCurve: losses of one model under one workflow
fits.py       fit, compare: shapes by least squares, with bands and a criterion
words.py      sentence, formula: what a fit says
tables.py     read_losses: curves of a CSV, for the command lines
"""

from theory.growth.fits import Comparison, Fit, Shape, Verdict, compare, fit, passes
from theory.growth.losscurve import LossCurve

__all__ = ["Comparison", "Fit", "LossCurve", "Shape", "Verdict", "compare", "fit", "passes"]
