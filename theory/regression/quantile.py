"""Quantiles of one run's error: what a run sees where a mean is carried by rare runs, or infinite.

Given the design X every batch reuses, the error of a fit is N(0, b_t (X'X)^-1), where b_t is
noise^2 v_t (`theory.regression.reused`). So one run's error is b_t z'G^-1 z in whitened
coordinates, z standard normal and G ~ Wishart_d(n) independent of it: Hotelling's ratio of
independent chi-squares,

    b_t chi2_d / chi2_{n-d+1} = b_t d/(n-d+1) F_{d, n-d+1}.

Without a budget that is exact. Otherwise the error is normal given designs and rows drawn, and n
times its covariance tends to noise^2 v_t as n -> infinity at fixed d and t: the same law, to
leading order. It has quantiles where the mean is infinite, too.

Source: loopbound theory, section 4.
"""

from __future__ import annotations

from theory.curve import Curve, Kind
from theory.regression.chain import RegressionChain
from theory.regression.reused import label_noise
from theory.workflow import UnsupportedWorkflow, Workflow, WorkflowKind


def error_quantile(
    chain: RegressionChain, workflow: Workflow, generations: int, *, probability: float
) -> Curve:
    """Value that one run's excess test error stays below with that probability, by generation.

    Over designs, labels and rows drawn; units of a squared label, 0 at generation 0.

    Returns:
        Curve of axis (generation,): EXACT for a reused design without a budget, ASYMPTOTIC
        otherwise, to leading order as dim / n -> 0.

    Raises:
        ValueError: generations < 1, or a probability that is not between 0 and 1.
        UnsupportedWorkflow: a ridge; fewer than dim rows; a reused design in unequal batches.

    Source: loopbound theory, section 4.

    Example:
        >>> chain = RegressionChain(3, design="reused")
        >>> error_quantile(chain, Workflow.replace(10), 2, probability=0.5).values.round(4)
        array([0.    , 0.3225, 0.645 ])
    """
    from scipy.special import fdtri

    if not 0 < probability < 1:
        raise ValueError(f"probability must be between 0 and 1, got {probability!r}")
    chain.require(workflow, generations)
    rows, dim = workflow.real_rows(1), chain.dim
    if chain.penalised or min(rows, workflow.budget or rows) < dim:
        raise UnsupportedWorkflow(
            f"quantiles of dim={dim}, ridge={chain.ridge} under {workflow}: known without a "
            f"ridge and for fits on at least dim rows"
        )
    subsampled = workflow.until(generations) is WorkflowKind.ACCUMULATE_SUBSAMPLE
    exact = chain.design == "reused" and not subsampled
    spread = rows - dim + 1
    one = dim / spread * float(fdtri(dim, spread, probability))
    values = one * label_noise(chain, workflow, generations)
    source = "loopbound theory, section 4"
    if exact:
        return Curve(values, Kind.EXACT, source)
    return Curve(values, Kind.ASYMPTOTIC, f"{source}, leading order as dim / n -> 0")
