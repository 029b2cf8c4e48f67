"""Closed forms derived with sympy, each proved equal to the recursion. Nothing is typed in.

    letters.py          the letters of the formulas, and what they stand for
    derivation.py       Step, Formula, Check, Derivation: what a derivation is, and verify()
    recurrence.py       linear recurrences solved, and products turned into Gamma functions
    checks.py           checks of a formula against theory.recursion in exact fractions
    chi_square.py       moments of chi-square by integration
    wishart.py          moments of the Wishart law by Isserlis' pairings
    density_shift.py    moments of its inverse by shifting its density
    catalogue.py        which derivations exist
    curve_formulas.py   the closed form of a curve
    printing.py         a derivation as text, LaTeX or plain data
    commandline.py      python -m theory derive

The Gaussian chain and the universal inflation:

    replace.py  likelihood.py  spread.py   replace: moments; likelihood; the spread in dimension 1
    pooled.py  pooled_cases.py             accumulate and its subsample: D = Q - A closes
    kept.py                                anchored and fresh
    inflation.py  window.py                v_t, and the slope of a sliding window

Linear regression:

    regression_moments.py             moments of the inverse Gram matrix, by parts
    regression.py                     fresh designs, rows enough: replace and accumulate
    regression_limits.py              the limits of accumulate, a bound for every schedule
    regression_overparameterised.py   fresh designs, more features than rows
    regression_reused.py              one design
    regression_fresh.py               fresh real rows pooled with labelled ones
    regression_ridge.py               the mean under a ridge
    regression_subsample.py           a budget out of a growing pool

Kernel densities and categories:

    kde.py  kde_error.py                      the lineage of a row; replace: the cloud, the error
    categorical.py  categorical_count.py      shares of categories; the count of one of them

The only place of the project that imports sympy. Nothing is imported until it is asked for: this
docstring, `catalogue`, `curve_formulas` and `commandline` cost no sympy.
"""
