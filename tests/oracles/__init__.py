"""Second derivations that import nothing of ours.

Every file here starts from the definition of the chain and shares no line with the code it checks.

==========================  ======================================================================
``training_sets``           who trains on what: one list of fits for each workflow
``batch_covariance``        exact first two moments at batch level, in fractions; inflation v_t
``enumeration``             the same moments row by row, over every subsample there is
``literal``                 the procedure itself, slowly: rows, fits, samples, all ten curves
``chi_square``              one quadrature rule for the chi-square law and one for the normal law
``gaussian_quadrature``     curves that need integrals: replace in any d, accumulate in d = 1
``wishart``                 accumulate in d = 2 and 3 by integration, in any d by Monte Carlo
``regression_literal``      linear regression label by label, any workflow, ridge and least norm
``regression_conditional``  the same given rows and draws: bias and variance by explicit matrices
``regression_moments``      expectations over Gaussian designs, in fractions, and the sums they make
``regression_quadrature``   d = 1 by integration: weights, windows, anchors, subsampling, ridge
``regression_subsample``    accumulate-subsample given the designs, exactly, and a fast simulation
``regression_ridge``        ridge on the last fit at finite size, for the proportional limit
``kde_lineage``             ancestors of one row and of two rows, in fractions, any workflow
``kde_enumeration``         the same over every subsample and every choice of parents; cycle law
``kde_mise``                Gaussian kernel: MISE and other curves in x space from the ancestors
``kde_data_sets``           the overlaps it needs for circles, moons and swiss roll
``kde_quadrature``          other kernels, two generations, by quadrature in x space
``kde_fourier``             any kernel, any generation, d = 1: the ancestors again, in frequencies
``kde_literal``             the kernel density chain itself, refitted at every generation
``categorical_laws``        the law of the fitted probabilities over all count vectors, in fractions
``categorical_absorption``  one category under replace, time to one category, survival
``categorical_literal``     the categorical chain itself, labels drawn and counted
``verified_regression``     one direction: closed forms, nested integrals, label by label
==========================  ======================================================================

``batch_covariance``, ``enumeration`` and ``literal`` take the same arguments, so one line of a test
compares all three; ``regression_literal`` and ``regression_conditional`` take them too.  They share
``training_sets`` (the conventions) and nothing else.  The ``kde_`` and ``categorical_`` oracles
take the same ``kind``, ``n`` and options.
Arrays over generations have index t: entry 0 is the truth, entry 1 the fit to real rows only.
"""
