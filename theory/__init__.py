"""Closed-form error of models trained on the output of models: exact, bounded or labelled.

    workflow.py       Workflow: who trains on what; UnsupportedWorkflow
    curve.py          Curve, Kind: a quantity over generations and what is claimed of it
    recursion.py      covariances of batch means: the one recursion behind every workflow
    inflation.py      v_t, the universal multiple of one fit's excess risk
    gaussian/         GaussianChain: curves, survival, available
    symbolic/         closed forms derived with sympy, proved and checked
    regression/       RegressionChain
    datafile.py       a user's table, read for the command lines
    commandline.py    options and output formats shared by every folder's command line
    __main__.py       python -m theory

This package draws no random number and knows nothing of numba; only its command lines read and
write files. Importing it is cheap: import the names from their modules, as in
`from theory.gaussian import curves`.
"""
