"""Verified regression: synthetic labels are trained on only if a verifier accepts them.

chain.py      VerifiedChain: singular values, verifier's centre and radius, noise
curves.py     curves, available: errors to the truth and to the verifier, bound, acceptance
phases.py     phase, best_round, phase_diagram with its break-even contour
truncated.py  a normal variate that was accepted; contraction, the constant rho(L)
means.py      the mean of n of them, as Gauss rules
rounds.py     the law of one direction, round by round
spread.py     VerifiedSpread, spread_curves: the noise refitted, too
"""

from theory.verification.chain import COUNTS, VerifiedChain
from theory.verification.curves import FIELDS, VerifiedCurves, available, curves
from theory.verification.phases import (
    Phase,
    PhaseDiagram,
    best_round,
    first_round_expansion,
    phase,
    phase_diagram,
    phase_error,
    rows_to_gain,
)
from theory.verification.spread import VerifiedSpread, spread_curves
from theory.verification.truncated import contraction

__all__ = [
    "COUNTS",
    "FIELDS",
    "Phase",
    "PhaseDiagram",
    "VerifiedChain",
    "VerifiedCurves",
    "VerifiedSpread",
    "available",
    "best_round",
    "contraction",
    "curves",
    "first_round_expansion",
    "phase",
    "phase_diagram",
    "phase_error",
    "rows_to_gain",
    "spread_curves",
]
