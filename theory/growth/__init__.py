"""What a measured loss curve follows: a + b v_t, a power, a logarithm or a contraction.

losscurve.py  LossCurve: losses of one model under one workflow
shapes.py     Shape, passes: the lines that are fitted
fits.py       Fit, fit: one shape by least squares, with bands and a criterion
comparison.py Comparison, compare: which shape explains a curve
words.py      sentence, formula: what a fit says
tables.py     read_losses: curves of a CSV, for the command lines
"""

from theory.growth.comparison import Comparison, Verdict, compare
from theory.growth.fits import Fit, fit
from theory.growth.losscurve import LossCurve
from theory.growth.shapes import Shape, passes

__all__ = ["Comparison", "Fit", "LossCurve", "Shape", "Verdict", "compare", "fit", "passes"]
