"""Which derivations exist, and the closed form of a curve. Imports no sympy until it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from theory.gaussian.chain import GaussianChain
    from theory.symbolic.derivation import Derivation, Formula


def derivations(family: str, workflow: str) -> tuple[Derivation, ...]:
    """The derivations of a family under a workflow, '-' and '_' alike.

    Raises:
        ValueError: naming the families, or the workflows of the family, that have any.
    """
    families = sorted({name for name, _ in CATALOGUE})
    if family not in families:
        raise ValueError(f"unknown family {family!r}: choose from {', '.join(families)}")
    name = workflow.replace("_", "-")
    if (family, name) not in CATALOGUE:
        known = ", ".join(other for key, other in CATALOGUE if key == family)
        raise ValueError(f"nothing derived for {family} under {workflow!r}: choose from {known}")
    return CATALOGUE[family, name]()


def _gaussian_replace() -> tuple[Derivation, ...]:
    from theory.symbolic import likelihood, replace, spread

    return (
        replace.mean(),
        replace.trace(),
        replace.covariance(),
        likelihood.log_det(),
        likelihood.determinant(),
        likelihood.precision(),
        likelihood.mahalanobis(),
        likelihood.excess_nll(),
        spread.spread(),
        spread.wasserstein(),
    )


def _gaussian_accumulate() -> tuple[Derivation, ...]:
    from theory.symbolic import pooled
    from theory.symbolic.pooled import WHOLE

    return (
        pooled.mean(WHOLE),
        pooled.product(),
        pooled.limit(WHOLE, 0),
        pooled.trace(WHOLE, 1),
        pooled.limit(WHOLE, 1),
        pooled.trace(WHOLE),
        pooled.growth(WHOLE),
    )


def _gaussian_subsample() -> tuple[Derivation, ...]:
    from theory.symbolic import pooled
    from theory.symbolic.pooled import REPEATS, SUBSAMPLE

    return tuple(
        derivation
        for draw in (SUBSAMPLE, REPEATS)
        for derivation in (
            pooled.mean(draw),
            pooled.trace(draw, 0),
            pooled.limit(draw, 0),
            pooled.trace(draw, 1),
            pooled.growth(draw, 1),
            pooled.trace(draw),
            pooled.growth(draw),
        )
    )


def _gaussian_anchored() -> tuple[Derivation, ...]:
    from theory.symbolic import kept

    return kept.mean("anchored"), kept.trace("anchored")


def _gaussian_fresh() -> tuple[Derivation, ...]:
    from theory.symbolic import kept

    kinds = ("pooled", "weighted")
    return tuple(build(kind) for kind in kinds for build in (kept.mean, kept.trace))


def _inflation_replace() -> tuple[Derivation, ...]:
    from theory.symbolic import inflation

    return (inflation.replace(),)


def _inflation_accumulate() -> tuple[Derivation, ...]:
    from theory.symbolic import inflation

    return inflation.pooled("accumulate"), inflation.limit("accumulate")


def _inflation_subsample() -> tuple[Derivation, ...]:
    from theory.symbolic import inflation

    kinds = ("subsample", "repeats")
    return tuple(build(kind) for kind in kinds for build in (inflation.pooled, inflation.limit))


def _inflation_window() -> tuple[Derivation, ...]:
    from theory.symbolic import window

    return (window.slope(),)


def _inflation_anchored() -> tuple[Derivation, ...]:
    from theory.symbolic import inflation

    return (inflation.kept("anchored"),)


def _inflation_fresh() -> tuple[Derivation, ...]:
    from theory.symbolic import inflation

    return inflation.kept("pooled"), inflation.kept("weighted"), inflation.best_weight()


CATALOGUE: dict[tuple[str, str], Callable[[], tuple[Derivation, ...]]] = {
    ("gaussian", "replace"): _gaussian_replace,
    ("gaussian", "accumulate"): _gaussian_accumulate,
    ("gaussian", "accumulate-subsample"): _gaussian_subsample,
    ("gaussian", "anchored"): _gaussian_anchored,
    ("gaussian", "fresh"): _gaussian_fresh,
    ("inflation", "replace"): _inflation_replace,
    ("inflation", "accumulate"): _inflation_accumulate,
    ("inflation", "accumulate-subsample"): _inflation_subsample,
    ("inflation", "sliding-window"): _inflation_window,
    ("inflation", "anchored"): _inflation_anchored,
    ("inflation", "fresh"): _inflation_fresh,
}


# --- the closed form of a curve ----------------------------------------------------------------


def of_gaussian(chain: GaussianChain, workflow: Workflow, field: str) -> Formula | None:
    """The closed form of a field of `theory.gaussian.curves` from generation 1 on, if derived.

    Batches must be of equal size, a budget drawn without replacement at most that size.
    """
    if field == "wasserstein_lower":
        return _lower_bound(chain, workflow)
    letters = _letters(workflow)
    if letters is None:
        return None
    warm = chain.temperature == 1
    found: Derivation | None
    match _settled(workflow):
        case WorkflowKind.REPLACE:
            found = _replace(chain, letters["n"], field)
        case WorkflowKind.ACCUMULATE | WorkflowKind.ACCUMULATE_SUBSAMPLE:
            found = _pooled(chain.ddof, warm, workflow, field) if letters["n"] > 1 else None
        case WorkflowKind.ANCHORED | WorkflowKind.FRESH:
            found = _kept(workflow, field) if warm and chain.ddof == 0 else None
        case _:
            found = None
    if found is None:
        return None
    letters |= {"delta": chain.ddof, "tau": chain.temperature, "d": chain.dim}
    if field == "covariance_error":
        matrix = chain.matrix
        letters["u"] = matrix.trace() ** 2 / (matrix**2).sum()
    return _bound(found.formula, letters)


def of_inflation(workflow: Workflow) -> Formula | None:
    """The closed form of v_t from generation 1 on, if derived; batches of equal size."""
    letters = _letters(workflow)
    if letters is None:
        return None
    from theory.symbolic import inflation

    match _settled(workflow):
        case WorkflowKind.REPLACE:
            found = inflation.replace()
        case WorkflowKind.ACCUMULATE:
            found = inflation.pooled("accumulate")
        case WorkflowKind.ACCUMULATE_SUBSAMPLE:
            found = inflation.pooled("repeats" if workflow.replacement else "subsample")
        case WorkflowKind.ANCHORED:
            found = inflation.kept("anchored")
        case WorkflowKind.FRESH:
            found = inflation.kept("pooled" if workflow.weight is None else "weighted")
        case _:
            return None
    return _bound(found.formula, letters)


def _settled(workflow: Workflow) -> WorkflowKind:
    """The workflow's kind; a window of one batch is replace."""
    return WorkflowKind.REPLACE if workflow.window == 1 else workflow.kind


def _letters(workflow: Workflow) -> dict[str, Any] | None:
    """Values of the letters of a workflow with batches of one size, None for any other."""
    unused = 1 if workflow.n_real is None else 2  # entry 0 is unused beside a real batch
    if len(workflow.schedule) > unused or workflow.kind is WorkflowKind.CUSTOM:
        return None
    n, m = workflow.schedule[-1], workflow.budget
    if m is not None and m > n and not workflow.replacement:
        return None
    given = {"n": n, "m": m, "N": workflow.n_real, "w": workflow.weight}
    return {name: value for name, value in given.items() if value is not None}


def _bound(formula: Formula, letters: dict[str, Any]) -> Formula:
    """The formula with those of the values that it needs."""
    return formula.of(**{name: letters[name] for name in formula.letters if name in letters})


def _replace(chain: GaussianChain, n: int, field: str) -> Derivation | None:
    from theory.symbolic import likelihood, replace, spread

    inverse = n > chain.dim + 2
    known: dict[str, tuple[bool, Callable[[], Derivation]]] = {
        "mean_error": (True, replace.mean),
        "trace_ratio": (True, replace.trace),
        "covariance_error": (True, replace.covariance),
        "log_det_ratio": (n > chain.dim, likelihood.log_det),
        "determinant_ratio": (True, likelihood.determinant),
        "precision_ratio": (inverse, likelihood.precision),
        "mahalanobis_error": (inverse, likelihood.mahalanobis),
        "excess_nll": (inverse, likelihood.excess_nll),
        "spread_ratio": (n > 1, spread.spread),
        "wasserstein": (n > 1, spread.wasserstein),
    }
    holds, build = known.get(field, (False, replace.mean))
    return build() if holds else None


def _pooled(ddof: int, warm: bool, workflow: Workflow, field: str) -> Derivation | None:
    from theory.symbolic import pooled

    draw = pooled.WHOLE
    if workflow.budget is not None:
        draw = pooled.REPEATS if workflow.replacement else pooled.SUBSAMPLE
    likely = warm and ddof == 0
    if field == "mean_error" and likely:
        return pooled.mean(draw)
    if field != "trace_ratio":
        return None
    if likely and draw is pooled.WHOLE:
        return pooled.product()
    return pooled.trace(draw, ddof) if warm else pooled.trace(draw)


def _kept(workflow: Workflow, field: str) -> Derivation | None:
    from theory.symbolic import kept

    build = {"mean_error": kept.mean, "trace_ratio": kept.trace}.get(field)
    if build is None:
        return None
    if workflow.kind is WorkflowKind.ANCHORED:
        return build("anchored")
    return build("pooled" if workflow.weight is None else "weighted")


def _lower_bound(chain: GaussianChain, workflow: Workflow) -> Formula | None:
    """mean_error + (1 - sqrt(trace_ratio))^2 of two closed forms."""
    mean = of_gaussian(chain, workflow, "mean_error")
    trace = of_gaussian(chain, workflow, "trace_ratio")
    if mean is None or trace is None:
        return None
    from sympy import sqrt

    expression = mean.expression + (1 - sqrt(trace.expression)) ** 2
    where = mean.where + tuple(pair for pair in trace.where if pair not in mean.where)
    given = {**mean.given, **trace.given}
    return changed(mean, name="wasserstein_lower", expression=expression, where=where, given=given)
