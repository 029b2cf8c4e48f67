"""Whether a bandwidth schedule is safe as t -> infinity: for the mean density, and at fixed rows.

*Mean density.* The kernels add variance v sum_s p_s h_s^2 to it, p_s the chance that a row descends
from a row written by model s (`theory.kde.lineage`). Under replace and a sliding window a lineage
passes through a positive share of all generations: bounded iff sum h_t^2 < inf. Under accumulate
and accumulate-subsample p_s = n_s / N_{s+1} ~ 1/s: iff sum h_t^2 / t < inf. Under anchored and
fresh it comes to a real row after a geometric number of steps: iff h_t is bounded. If it is
unbounded, E f_t -> 0 everywhere.

*Fixed rows* need three things, and lose the first to the others:
  the mean density stays;
  the cloud survives resampling: under replace and a sliding window of fixed rows all rows of t come
    from one row of a generation long before, almost surely, so that without new noise
    (sum h_t^2 < inf) the cloud shrinks to a point, while the other workflows keep a pool in which
    two rows have different real ancestors with a probability that stays positive;
  one estimate is no comb: f_t has m_t kernels of height h_t^-d and integrated variance at least
    about R(K)/(m_t h_t^d), so that m_t h_t^d must stay away from 0, m_t rows trained on.
So no schedule is safe under replace or a sliding window; nor, because a budget needs h_t bounded
below and then sum h_t^2 / t = inf, under accumulate-subsample with a fixed budget: the mean density
spreads there like log t.

*Optimal bandwidths*, each generation its own, at fixed rows a batch: derived in `theory.kde.decay`.
They stay away from 0 wherever the rows trained on do not grow, so that the mean density spreads
under replace, a sliding window and a fixed budget, where they grow without bound; they are bounded
where real rows of enough weight stay or keep coming; they fall like t^-0.257 under accumulate on a
line, whatever the truth and the rows: safe. For a horizon the last bandwidth repeats: a constant.

Source: loopbound theory, section 5; optimal bandwidths and the last but one statement are derived
here.
"""

from __future__ import annotations

from dataclasses import dataclass

from theory.curve import Kind
from theory.kde.bandwidths import Optimal, Power, Scott, Silverman
from theory.kde.chain import KdeChain
from theory.kde.decay import accumulate_exponent, stays_bounded
from theory.kde.limits import REAL_ROWS_STAY, real_weight
from theory.workflow import UnsupportedWorkflow, Workflow, WorkflowKind

_ENDLESS = (WorkflowKind.REPLACE, WorkflowKind.SLIDING_WINDOW)
_GROWING = (WorkflowKind.ACCUMULATE, WorkflowKind.ACCUMULATE_SUBSAMPLE)


@dataclass(frozen=True)
class Verdict:
    """What a schedule does as t -> infinity.

    Attributes:
        mean_density: E f_t stays at a bounded distance of f_0, at any number of rows.
        cloud_survives: at fixed rows a batch the training rows do not shrink to one point.
        estimate_is_smooth: at fixed rows m_t h_t^d stays away from 0: the error stays bounded.
        decay: exponent a of h_t ~ t^-a; None where only bounds on h_t are known, or that it grows.
        kind: exact, or asymptotic where the exponent rests on a scaling argument.
        bandwidth: what an optimal one does; empty for others, whose rule says it.
    """

    mean_density: bool
    cloud_survives: bool
    estimate_is_smooth: bool
    decay: float | None
    kind: Kind = Kind.EXACT
    bandwidth: str = ""

    @property
    def finite_rows(self) -> bool:
        """Safe at fixed rows a batch: all three."""
        return self.mean_density and self.cloud_survives and self.estimate_is_smooth

    def __str__(self) -> str:
        mean = f"mean density {'stays' if self.mean_density else 'spreads without bound'}"
        mean = f"bandwidth {self.bandwidth} ({self.kind.value}); {mean}" if self.bandwidth else mean
        if self.finite_rows:
            return f"{mean}; at fixed rows: safe"
        reasons = [
            text
            for good, text in (
                (self.mean_density, "the mean density spreads"),
                (self.cloud_survives, "the cloud dies by resampling"),
                (self.estimate_is_smooth, "the estimate turns into a comb"),
            )
            if not good
        ]
        return f"{mean}; at fixed rows: not safe ({', '.join(reasons)})"


def verdict(chain: KdeChain, workflow: Workflow) -> Verdict:
    """Is the chain safe for ever? Exact for schedules that are a power of t in the end.

    Raises:
        UnsupportedWorkflow: custom weights; optimal bandwidths where real rows weigh too little for
            the proof that they stay bounded, or beside them a kernel that is not Gaussian.

    Example:
        >>> from theory.truths import Normal
        >>> chain = KdeChain(Normal(), Power(0.4, 1.0))
        >>> str(verdict(chain, Workflow.replace(20)))
        'mean density stays; at fixed rows: not safe (the cloud dies by resampling, \
the estimate turns into a comb)'
        >>> verdict(KdeChain(Normal(), Scott()), Workflow.accumulate(20)).finite_rows
        True
        >>> str(verdict(KdeChain(Normal(), Optimal()), Workflow.accumulate(20)))
        'bandwidth falls like t^-0.2567 (asymptotic); mean density stays; at fixed rows: safe'
    """
    kind = workflow.until(10**9)
    if kind is WorkflowKind.CUSTOM:
        raise UnsupportedWorkflow(f"no verdict under {workflow}: its lineages are not known")
    if isinstance(chain.bandwidth, Optimal) and chain.bandwidth.horizon is None:
        return _optimal(chain, workflow, kind)
    a = _decay(chain, kind)
    if kind in _ENDLESS:
        mean, survives = 2 * a > 1, 2 * a <= 1
    else:
        mean, survives = (a > 0 if kind in _GROWING else a >= 0), True
    rows = 1 if kind is WorkflowKind.ACCUMULATE else 0
    return Verdict(mean, survives, a * chain.dim <= rows, a)


def _optimal(chain: KdeChain, workflow: Workflow, kind: WorkflowKind) -> Verdict:
    """Of greedy optimal bandwidths, by `theory.kde.decay`."""
    gaussian = chain.kernel == "gaussian"
    if kind is WorkflowKind.ACCUMULATE:
        a = accumulate_exponent(chain.dim) if gaussian else None
        falls = f"falls like t^-{a:.4f}" if a else "falls like t^-a, 1/5 < a < 1/3"
        return Verdict(True, True, True, a, Kind.ASYMPTOTIC, falls)
    if kind in REAL_ROWS_STAY:
        weight = real_weight(workflow)
        if not (gaussian and stays_bounded(weight, chain.dim)):
            raise UnsupportedWorkflow(
                f"no verdict on optimal bandwidths under {workflow}: they stay away from 0; that "
                f"they are bounded is proved for a gaussian kernel and a^2 + (1 - a)^2 < "
                f"2^(1 + d/2) a, got real weight a = {weight:.4g}, {chain.kernel} kernel"
            )
        return Verdict(True, True, True, 0.0, bandwidth="stays between two positive bounds")
    growth = "at least geometrically" if kind in _ENDLESS else "without bound"
    moves = f"grows {growth}" if gaussian else "stays above a positive bound"
    return Verdict(False, True, True, None, bandwidth=moves)


def _decay(chain: KdeChain, kind: WorkflowKind) -> float:
    """The exponent a of h_t ~ t^-a."""
    rule = chain.bandwidth
    if isinstance(rule, Power):
        return rule.exponent
    if isinstance(rule, Scott | Silverman) and kind is WorkflowKind.ACCUMULATE:
        return 1 / (chain.dim + 4)
    return 0.0
