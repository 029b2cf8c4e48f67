"""Closed-form error of models trained on the output of models: exact, bounded or labelled.

    workflow.py       Workflow: who trains on what; UnsupportedWorkflow
    curve.py          Curve, Kind: a quantity over generations and what is claimed of it
    record.py         ChainCurves, Record: curves by name
    recursion.py      covariances of batch means: the one recursion behind every workflow
    inflation.py      v_t, the universal multiple of one fit's excess risk
    gaussian/         GaussianChain: curves, survival, available
    symbolic/         closed forms derived with sympy, proved and checked
    regression/       RegressionChain: curves, available, LastRidge
    categorical/      CategoricalChain: curves, available, collapse_time, extinction
    truths.py         Normal, Uniform, Laplace, StudentT, GaussianMixture; mixture.py, spectrum.py,
                      entropy.py: the last one's density, transform and entropy
    datasets.py       blobs, circles, moons, SwissRoll as populations
    kde/              KdeChain: curves, verdict, optimal_bandwidths, augmentation
    verification/     VerifiedChain: curves, phase_diagram; VerifiedSpread
    labels.py         verified labels; curation.py, curated_normal.py, curated_rows.py, editing.py,
                      truncation.py, weighting.py, stability.py, ensembles.py: other mitigations
    mitigations/      these as commands
    growth/           what a measured loss curve follows: shapes, bands, criteria
    planner/          Pipeline, plan: will it collapse, and what is the cheapest fix
    quadrature.py     adaptive quadrature of many integrands, with its error
    points.py         checks on numbers and tables of points
    covariance.py     checks on a population covariance
    tables.py         a user's table, read for the command lines
    commandline.py    options and output formats shared by every folder's command line
    question.py       what a family's curves are asked there, for the command.py of each
    __main__.py       python -m theory

Apart from its command line this package reads no file; it draws no random number and knows nothing
of numba. Importing it is cheap: import the names from their modules, as in
`from theory.gaussian import curves`.
"""
