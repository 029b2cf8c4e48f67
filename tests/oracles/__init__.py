"""Second derivations that import nothing of ours.

Every file here starts from the definition of the chain and shares no line with the code it checks.

========================  ========================================================================
``training_sets``         who trains on what: one list of fits for each workflow
``batch_covariance``      exact first two moments at batch level, in fractions; inflation v_t
``enumeration``           the same moments row by row, over every subsample there is
``literal``               the procedure itself, slowly: rows, fits, samples, all ten curves
``chi_square``            one quadrature rule for the chi-square law and one for the normal law
``gaussian_quadrature``   curves that need integrals: replace in any dimension, accumulate in d = 1
``wishart``               accumulate in d = 2 and 3 by integration, in any d by Monte Carlo
========================  ========================================================================

``batch_covariance``, ``enumeration`` and ``literal`` take the same arguments, so one line of a test
compares all three.  They share ``training_sets`` (the conventions) and nothing else.
Arrays over generations have index t: entry 0 is the truth, entry 1 the fit to real rows only.
"""
