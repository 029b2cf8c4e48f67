"""The figures of the papers, drawn again: exact theory as lines, Monte Carlo as points.

gaussian_overview.py     the Gaussian chain: fitted densities, mean error, trace ratio
universal_inflation.py   v_t of every workflow, and how fast a finite chain comes to it
regression_error.py      linear regression: the same rows or new ones, and a subsample's threshold
categorical_collapse.py  categories: entropy, survivors, and the time until one is left
kde_nll.py               kernel densities of toy data: test likelihood, entropy and its bound
kde_bandwidth.py         the same against the bandwidth, over 1,000 generations
kde_mise.py              kernel densities: exact error by bandwidth rule, the best bandwidths
real_fraction.py         how much of what a model trains on is real
kde_cells.py             what the two simulate
regression_cells.py      what it simulates
catalogue.py             their names
series.py                one simulation of a figure, its points, a line with its points
measure.py               the points again, by simulation
dataset.py               the committed points in data/, each file with a manifest
captions.py              what a caption says of the points, counted from them
style.py                 colours, sizes, tick labels: the only place that has any
render.py                a figure as PNG, SVG, PDF, CSV and JSON
__main__.py              python -m paper_figures

A figure is a module with `data()`, cheap because the points are committed, and `draw()`.
"""
