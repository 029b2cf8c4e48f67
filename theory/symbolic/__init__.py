"""Closed forms derived with sympy, each proved equal to the recursion. Nothing is typed in.

    letters.py       the letters of the formulas, and what they stand for
    derivation.py    Step, Formula, Check, Derivation: what a derivation is, and verify()
    recurrence.py    linear recurrences solved, and products turned into Gamma functions
    checks.py        checks of a formula against theory.recursion in exact fractions
    chi_square.py    moments of chi-square by integration
    wishart.py       moments of the Wishart law by Isserlis' pairings
    replace.py       Gaussian chain under replace
    pooled.py        Gaussian chain under accumulate and its subsample: D = Q - A closes
    kept.py          Gaussian chain under anchored and fresh
    inflation.py     the universal inflation v_t
    window.py        the slope of a sliding window
    density_shift.py           moments of an inverse Wishart matrix, in exact fractions
    regression_moments.py      moments of the inverse Gram matrix, by parts
    regression.py              linear regression with fresh designs and rows enough
    regression_overparameterised.py   with more features than rows
    regression_reused.py       with one design
    regression_fresh.py        on fresh real rows pooled with labelled ones
    regression_ridge.py        the mean under a ridge
    regression_subsample.py    on a budget out of a growing pool
    catalogue.py     which derivations exist
    curve_formulas.py   the closed form of a curve
    printing.py      a derivation as text, LaTeX or plain data
    commandline.py   python -m theory derive

The only place of the project that imports sympy. Nothing is imported until it is asked for: this
docstring, `catalogue`, `curve_formulas` and `commandline` cost no sympy.
"""
