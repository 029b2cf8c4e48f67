"""Which derivations exist, family by family. Imports no sympy until it is asked."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from theory.symbolic.curve_formulas import (
    of_categorical,
    of_gaussian,
    of_inflation,
    of_kde,
    of_regression,
)

if TYPE_CHECKING:
    from theory.symbolic.derivation import Derivation

__all__ = [
    "CATALOGUE",
    "derivations",
    "of_categorical",
    "of_gaussian",
    "of_inflation",
    "of_kde",
    "of_regression",
]


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


def _categorical_pooled(repeats: bool | None) -> Callable[[], tuple[Derivation, ...]]:
    """Categories in a pool: the whole of it, or a budget drawn with or without replacement."""

    def build() -> tuple[Derivation, ...]:
        from theory.symbolic import categorical, pooled

        draw = {None: pooled.WHOLE, False: pooled.SUBSAMPLE, True: pooled.REPEATS}[repeats]
        both = (categorical.accumulated(field, draw) for field in _SHARES)
        return (*both, categorical.limit(draw))

    return build


def _categorical_kept(kind: str) -> Callable[[], tuple[Derivation, ...]]:
    """Categories where real rows stay or keep coming."""
    both = (("kept_real", field, kind) for field in _SHARES)
    return _made("categorical", *both, ("kept_limit", kind))


def _collapse(rows: int) -> Callable[[], tuple[Derivation, ...]]:
    """The expected time until one of two categories is left."""

    def build() -> tuple[Derivation, ...]:
        from theory.symbolic.categorical_count import collapse_time

        return (collapse_time(rows),)

    return build


def _densities(workflow: str) -> Callable[[], tuple[Derivation, ...]]:
    """Kernel densities where real rows stay or keep coming."""
    return _made("kde", ("kept_variance", workflow), ("mean_factor", workflow))


def _falling(name: str) -> Callable[[], tuple[Derivation, ...]]:
    """Variance that the kernels add, at a constant bandwidth and at one that falls like 1/t."""

    def build() -> tuple[Derivation, ...]:
        from theory.symbolic import kde

        derive = getattr(kde, name)
        return derive(False), derive(True)

    return build


_SHARES = ("heterozygosity", "squared_error")
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
    ("kde", "replace"): _joined(
        _falling("replace_variance"),
        _made("kde", ("mean_factor", "replace")),
        _made("kde_error", ("cloud_variance",), ("cloud_mean_error",), ("mise",), ("mise_limit",)),
    ),
    ("kde", "accumulate"): _joined(
        _falling("pooled_variance"),
        _made(
            "kde",
            ("root_variance",),
            ("mean_factor", "accumulate"),
            ("lineage_moment", "mean"),
            ("lineage_moment", "variance"),
        ),
    ),
    ("kde", "anchored"): _densities("anchored"),
    ("kde", "fresh"): _densities("fresh"),
    ("categorical", "replace"): _joined(
        _made("categorical", *(("replace", field) for field in _SHARES)),
        _made("categorical_count", ("third_moment", "replace")),
        *map(_collapse, (2, 3, 4)),
        _made("categorical_count", ("diffusion_time",)),
    ),
    ("categorical", "accumulate"): _joined(
        _categorical_pooled(None), _made("categorical_count", ("third_moment", "accumulate"))
    ),
    ("categorical", "accumulate-subsample"): _joined(
        _categorical_pooled(False), _categorical_pooled(True)
    ),
    ("categorical", "anchored"): _categorical_kept("anchored"),
    ("categorical", "fresh"): _joined(_categorical_kept("pooled"), _categorical_kept("weighted")),
    ("verification", "replace"): _made(
        "verification",
        ("contraction",),
        ("bound",),
        ("steady",),
        ("best_round",),
        ("harm",),
        ("rows_to_gain",),
    ),
    ("mitigations", "curation"): _made(
        "curation", ("variance",), ("mean",), ("mixed_share",), ("mixed_pair",)
    ),
    ("mitigations", "labels"): _made("labels", ("correct",), ("threshold",), ("accuracy_loss",)),
    ("mitigations", "editing"): _made("editing", ("one_edit",), ("many_edits",), ("random_edits",)),
    ("mitigations", "truncation"): _made(
        "truncation", ("tail_variance",), ("trace",), ("balance",)
    ),
    ("mitigations", "regrowth"): _made("truncation", ("regrowth",)),
    ("mitigations", "weights"): _made("weighting", ("variance_error",), ("limit",)),
    ("mitigations", "fixed-real"): _made("weighting", ("distance",)),
    ("mitigations", "stability"): _made("weighting", ("squared_difference",)),
    ("mitigations", "ensembles"): _made("weighting", ("mean_error",), ("coverage",)),
}
