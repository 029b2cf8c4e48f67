"""The literal procedure, simulated: evidence that owes nothing to a formula.

    blocks.py      block number -> random stream; the thread pool that runs blocks in order
    estimate.py    Runs, Estimates: what comes back; moments merged block by block
    streaming.py   a family's task as runs, or as estimates with a checkpoint
    checkpoint.py  finished blocks on disk, so that a killed run goes on
    durable.py     files that are whole or absent, folders that one run has at a time
    manifest.py    what a checkpoint is of: the experiment, the seed and the code
    arrivals.py    a workflow as plain arrays: which batches arrive, and where they go
    choices.py     fields and engines by name
    kernels.py     how kernels are compiled, and a chi-square variate
    gaussian/      simulate, estimate for the Gaussian chain
    regression/    the same for linear regression
    categorical/   the same for categories, counted and sampled
    labels.py, curation.py, curated_normal.py, curated_rows.py, editing.py, truncation.py,
    weighting.py, stability.py, ensembles.py   the other mitigations
    vectorised.py  their task: drawn side by side by NumPy
    verification/  the same for regression on labels that a verifier accepts
    __main__.py    python -m montecarlo

Specs and `Workflow` come from theory, never a formula. Results do not depend on the number of
threads. Import the names from their modules, as in `from montecarlo.gaussian import estimate`.
"""
