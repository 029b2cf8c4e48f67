"""The closed form of a curve, where one is derived. Imports no sympy until it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from theory.categorical.chain import CategoricalChain
    from theory.gaussian.chain import GaussianChain
    from theory.kde.chain import KdeChain
    from theory.regression.chain import RegressionChain
    from theory.symbolic.derivation import Derivation, Formula


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


# --- linear regression -------------------------------------------------------------------------


def of_regression(chain: RegressionChain, workflow: Workflow, field: str) -> Formula | None:
    """The closed form of excess_test_error, bias or variance from generation 1 on, if derived.

    No penalty, one label noise, batches of one size. Bias is the error without label noise,
    variance what the noise adds; with rows enough there is no bias. Fewer rows than features need
    features of one variance.
    """
    letters = _letters(workflow)
    steady = not isinstance(chain.noise, tuple)
    if field not in _SHARES or letters is None or chain.penalised or not steady:
        return None
    first, later = workflow.real_rows(1), letters["n"]
    enough = min(first, later) >= chain.dim + 2
    fewer = max(first, later) <= chain.dim - 2 and chain.isotropic
    letters |= {"d": chain.dim, "sigma": Fraction(chain.label_noise(0))}
    found: Derivation | None
    if chain.design == "reused":
        found = _reused(workflow, enough, fewer) if first == later else None
    else:
        found = _fresh(workflow, letters, enough, fewer)
    if found is None:
        return None
    if fewer:
        norm, scale = Fraction(chain.weights_norm), Fraction(float(chain.matrix[0, 0]))
        letters["r"] = norm**2 * scale
    return _bound(_SHARES[field](found.formula), letters)


def _whole(formula: Formula) -> Formula:
    return formula


def _bias(formula: Formula) -> Formula:
    """The part in r = w*' Sigma w*."""
    from theory.symbolic.letters import signal

    return _part(formula, "bias", signal * formula.expression.diff(signal))


def _variance(formula: Formula) -> Formula:
    """The part without r."""
    from theory.symbolic.letters import signal

    return _part(formula, "variance", formula.expression.subs(signal, 0))


def _part(formula: Formula, name: str, expression: Any) -> Formula:
    """A part of a formula with those of its abbreviations that it needs."""
    free, where = expression.free_symbols, []
    for short, full in formula.where:
        if short in free:
            where.append((short, full))
            free = free | full.free_symbols
    return changed(formula, name=name, expression=expression, where=tuple(where))


_SHARES: dict[str, Callable[[Formula], Formula]] = {
    "excess_test_error": _whole,
    "bias": _bias,
    "variance": _variance,
}


def _reused(workflow: Workflow, enough: bool, fewer: bool) -> Derivation | None:
    """One design, where v_t has a closed form: not with a budget or a window."""
    from theory.symbolic import regression_reused

    kinds = {
        WorkflowKind.REPLACE: "replace",
        WorkflowKind.ACCUMULATE: "accumulate",
        WorkflowKind.ANCHORED: "anchored",
        WorkflowKind.FRESH: "pooled" if workflow.weight is None else "weighted",
    }
    kind = kinds.get(_settled(workflow))
    if kind is None or not (enough or fewer):
        return None
    return regression_reused.error(kind) if enough else regression_reused.least_norm(kind)


def _fresh(
    workflow: Workflow, letters: dict[str, Any], enough: bool, fewer: bool
) -> Derivation | None:
    """New rows in every batch."""
    from theory.symbolic import regression, regression_fresh, regression_overparameterised

    n, d = letters["n"], letters["d"]
    match _settled(workflow):
        case WorkflowKind.REPLACE if enough:
            return regression.replace()
        case WorkflowKind.REPLACE if fewer:
            return regression_overparameterised.replace()
        case WorkflowKind.ACCUMULATE if enough:
            return regression.accumulate()
        case WorkflowKind.ACCUMULATE if fewer and all(at % n for at in (d - 1, d, d + 1)):
            return regression_overparameterised.accumulate()
        case WorkflowKind.FRESH if workflow.weight is None and letters["N"] >= d + 2:
            return regression_fresh.error()
    return None


# --- categories and densities --------------------------------------------------------------------


def of_categorical(chain: CategoricalChain, workflow: Workflow, field: str) -> Formula | None:
    """The closed form of heterozygosity or squared_error from generation 1 on, if derived."""
    letters = _letters(workflow)
    if letters is None or field not in ("heterozygosity", "squared_error"):
        return None
    from theory.symbolic import categorical, pooled

    letters["H"] = chain.heterozygosity
    match _settled(workflow):
        case WorkflowKind.REPLACE:
            found = categorical.replace(field)
        case WorkflowKind.ACCUMULATE if letters["n"] > 1:
            found = categorical.accumulated(field, pooled.WHOLE)
        case WorkflowKind.ACCUMULATE_SUBSAMPLE if letters["n"] > 1:
            draw = pooled.REPEATS if workflow.replacement else pooled.SUBSAMPLE
            found = categorical.accumulated(field, draw)
        case WorkflowKind.ANCHORED:
            found = categorical.kept_real(field, "anchored")
        case WorkflowKind.FRESH:
            kind = "pooled" if workflow.weight is None else "weighted"
            found = categorical.kept_real(field, kind)
        case _:
            return None
    return _bound(found.formula, letters)


def of_kde(chain: KdeChain, workflow: Workflow, field: str) -> Formula | None:
    """The closed form of a field of `theory.kde.curves` from generation 1 on, if derived.

    Batches of one size; a constant bandwidth, or one that falls like 1/t or t^(-1/2).
    """
    from theory.kde.bandwidths import Power

    letters, rule = _letters(workflow), chain.bandwidth
    if isinstance(rule, Power):
        scale, decay = rule.scale, rule.exponent
    elif isinstance(rule, float):
        scale, decay = rule, 0.0
    else:
        return None
    if letters is None or decay not in (0.0, 0.5, 1.0):
        return None
    build = _added_variance(workflow, decay) if field == "extra_variance" else None
    if field != "extra_variance" and decay == 0 and _settled(workflow) is WorkflowKind.REPLACE:
        build = _replaced_density(chain, field)
    if build is None:
        return None
    letters |= {"h": scale, "v": chain.shape.variance, "d": chain.dim}
    variance = float(chain.truth.variance.mean())
    if variance < float("inf"):
        letters["V_0"] = variance
    return _bound(build().formula, letters)


def _added_variance(workflow: Workflow, decay: float) -> Callable[[], Derivation] | None:
    from theory.symbolic import kde

    match _settled(workflow):
        case WorkflowKind.REPLACE if decay != 0.5:
            return lambda: kde.replace_variance(decay == 1)
        case WorkflowKind.ACCUMULATE | WorkflowKind.ACCUMULATE_SUBSAMPLE:
            return kde.root_variance if decay == 0.5 else lambda: kde.pooled_variance(decay == 1)
        case WorkflowKind.ANCHORED if decay == 0:
            return lambda: kde.kept_variance("anchored")
        case WorkflowKind.FRESH if decay == 0 and workflow.weight is None:
            return lambda: kde.kept_variance("fresh")
    return None


def _replaced_density(chain: KdeChain, field: str) -> Callable[[], Derivation] | None:
    """Replace, constant bandwidth."""
    from theory.symbolic import kde_error
    from theory.truths import Normal

    known = {
        "cloud_variance": kde_error.cloud_variance,
        "cloud_mean_error": kde_error.cloud_mean_error,
    }
    if isinstance(chain.truth, Normal) and chain.kernel == "gaussian":
        known["mise"] = kde_error.mise
    return known.get(field)
