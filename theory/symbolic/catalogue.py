"""Which derivations exist, family by family. Imports no sympy until it is asked."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from theory.symbolic.curve_formulas import of_gaussian, of_inflation, of_regression

if TYPE_CHECKING:
    from theory.symbolic.derivation import Derivation

__all__ = ["CATALOGUE", "derivations", "of_gaussian", "of_inflation", "of_regression"]


def derivations(family: str, workflow: str) -> tuple[Derivation, ...]:
    """The derivations of a family under a workflow, '-' and '_' alike.

    Raises:
        ValueError: naming the families, or the workflows of the family, that have any.
    """
    known_family(family)
    name = workflow.replace("_", "-")
    if (family, name) not in CATALOGUE:
        known = ", ".join(other for key, other in CATALOGUE if key == family)
        raise ValueError(f"nothing derived for {family} under {workflow!r}: choose from {known}")
    return CATALOGUE[family, name]()


def known_family(family: str) -> None:
    """Raise a ValueError that names the families, unless this is one."""
    families = sorted({name for name, _ in CATALOGUE})
    if family not in families:
        raise ValueError(f"unknown family {family!r}: choose from {', '.join(families)}")


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


def _made(module: str, *calls: tuple[str, ...]) -> Callable[[], tuple[Derivation, ...]]:
    """A builder of what functions of a module of theory.symbolic derive, each with its words."""

    def build() -> tuple[Derivation, ...]:
        found = import_module(f"theory.symbolic.{module}")
        return tuple(getattr(found, name)(*words) for name, *words in calls)

    return build


def _joined(
    *builders: Callable[[], tuple[Derivation, ...]],
) -> Callable[[], tuple[Derivation, ...]]:
    """A builder of what all the builders derive."""
    return lambda: tuple(one for build in builders for one in build())


def _reused(kind: str) -> Callable[[], tuple[Derivation, ...]]:
    """Regression with one design."""
    names = ("error", "standard_deviation", "least_norm")
    return _made("regression_reused", *((name, kind) for name in names))


_MOMENTS = _made(
    "regression_moments",
    ("inverse_trace",),
    ("pseudo_inverse_trace",),
    ("second_moment", "inverse_square_trace"),
    ("second_moment", "inverse_trace_square"),
)

CATALOGUE: dict[tuple[str, str], Callable[[], tuple[Derivation, ...]]] = {
    ("gaussian", "replace"): _gaussian_replace,
    ("gaussian", "accumulate"): _gaussian_accumulate,
    ("gaussian", "accumulate-subsample"): _gaussian_subsample,
    ("gaussian", "anchored"): _gaussian_anchored,
    ("gaussian", "fresh"): _gaussian_fresh,
    ("inflation", "replace"): _made("inflation", ("replace",)),
    ("inflation", "accumulate"): _made(
        "inflation", ("pooled", "accumulate"), ("limit", "accumulate")
    ),
    ("inflation", "accumulate-subsample"): _made(
        "inflation",
        *((name, kind) for kind in ("subsample", "repeats") for name in ("pooled", "limit")),
    ),
    ("inflation", "sliding-window"): _made("window", ("slope",)),
    ("inflation", "anchored"): _made("inflation", ("kept", "anchored")),
    ("inflation", "fresh"): _made(
        "inflation", ("kept", "pooled"), ("kept", "weighted"), ("best_weight",)
    ),
    ("regression", "replace"): _joined(
        _MOMENTS,
        _made("regression", ("replace",)),
        _made("regression_overparameterised", ("replace",), ("replace_limit",)),
        _reused("replace"),
        _made("regression_ridge", ("replace",)),
    ),
    ("regression", "accumulate"): _joined(
        _made("regression", ("accumulate",)),
        _made(
            "regression_limits",
            *((name,) for name in ("limit", "limit_ratio", "proportional_ratio")),
            ("schedule_bound",),
        ),
        _made("regression_overparameterised", ("accumulate",)),
        _reused("accumulate"),
        _made("regression_ridge", ("scaled",), ("growth",), ("fixed",)),
    ),
    ("regression", "accumulate-subsample"): _made(
        "regression_subsample", ("contraction",), ("dispersion",), ("limit",), ("growth",)
    ),
    ("regression", "anchored"): _reused("anchored"),
    ("regression", "fresh"): _joined(
        _made("regression_fresh", ("contraction",), ("error",), ("limit",)),
        _reused("pooled"),
        _reused("weighted"),
    ),
}
