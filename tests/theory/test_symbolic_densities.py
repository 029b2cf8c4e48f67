"""Closed forms of kernel densities and of categories: each is its curve, and known numbers."""

import math
from fractions import Fraction

import pytest

from theory import categorical, kde
from theory.categorical import CategoricalChain, zipf
from theory.curve import Curve
from theory.kde import KdeChain, Power
from theory.symbolic.catalogue import derivations
from theory.symbolic.derivation import Formula
from theory.truths import Laplace, Normal, StudentT
from theory.workflow import Workflow

T = 30
WORKFLOWS = (
    Workflow.replace(7),
    Workflow.accumulate(7),
    Workflow.accumulate_subsample(7, 4),
    Workflow.accumulate_subsample(7, 9, replacement=True),
    Workflow.anchored(3, 8),
    Workflow.fresh(3, 8),
)


def same(curve: Curve) -> None:
    """At four generations, to 1e-12: some 40 roundings a generation."""
    assert curve.formula is not None
    for t in (1, 2, 7, T):
        assert curve.formula.value(t=t) == pytest.approx(curve[t], rel=1e-12, abs=1e-14)


def formula(family: str, workflow: str, field: str, title: str = "") -> Formula:
    """The formula of that field whose title has those words."""
    known = derivations(family, workflow)
    return next(one.formula for one in known if one.formula.name == field and title in one.title)


# --- categories ----------------------------------------------------------------------------------


@pytest.mark.parametrize("workflow", [*WORKFLOWS, Workflow.fresh(3, 8, weight=0.25)], ids=str)
def test_categorical_curves_carry_their_formula(workflow: Workflow) -> None:
    known = categorical.curves(zipf(6), workflow, T)
    same(known.heterozygosity)
    same(known.squared_error)


@pytest.mark.parametrize("workflow", [Workflow.sliding_window(7, 3), Workflow.replace((5, 7))])
def test_categorical_curves_without_a_formula(workflow: Workflow) -> None:
    assert categorical.curves(zipf(6), workflow, 3).heterozygosity.formula is None


def test_limits_of_the_heterozygosity_are_those_of_the_curves() -> None:
    chain = CategoricalChain((0.5, 0.3, 0.2))
    for workflow, title, letters in (
        (Workflow.accumulate(7), "", {"n": 7}),
        (Workflow.accumulate_subsample(7, 4), "", {"n": 7, "m": 4}),
        (Workflow.anchored(30, 20), "", {"N": 30, "n": 20}),
        (Workflow.fresh(30, 20), "", {"N": 30, "n": 20}),
        (Workflow.fresh(30, 20, weight=0.25), "weight", {"N": 30, "n": 20, "w": 0.25}),
    ):
        name = workflow.kind.value.replace("_", "-")
        limit = formula("categorical", name, "heterozygosity_limit", title)
        curve = categorical.curves(chain, workflow, 1).heterozygosity
        assert curve.limit is not None
        assert limit.value(H=0.62, **letters) == pytest.approx(curve.limit, rel=1e-12)


def test_anchored_gives_the_numbers_of_the_reference() -> None:
    found = formula("categorical", "anchored", "heterozygosity")
    values = [1 - found.value(t=t, N=30, n=20, H=0.62) for t in (1, 2, 3, 4)]
    assert values == pytest.approx([0.40067, 0.40546, 0.40619, 0.40630], abs=5e-6)


def test_two_and_three_rows_collapse_after_one_and_four_or_nine_spreads() -> None:
    two = formula("categorical", "replace", "collapse_time", "2 rows")
    three = formula("categorical", "replace", "collapse_time", "3 rows")
    assert two.at(p=Fraction(1, 2)) == 2
    assert three.at(p=Fraction(1, 3)) == 3


def test_the_diffusion_limit_is_that_of_the_package() -> None:
    found = formula("categorical", "replace", "diffusion_collapse_time")
    chain = CategoricalChain((0.7, 0.3))
    time = categorical.diffusion_collapse_time(chain, Workflow.replace(20))
    assert found.value(n=20, p=0.3) == pytest.approx(time.mean, rel=1e-12)


# --- kernel densities ----------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["gaussian", "uniform"])
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_the_added_variance_is_its_formula(workflow: Workflow, kernel: str) -> None:
    same(kde.curves(KdeChain(Laplace(), 0.4, kernel), workflow, T).extra_variance)


@pytest.mark.parametrize(
    ("workflow", "decay"),
    [(Workflow.replace(5), 1.0), (Workflow.accumulate(5), 1.0), (Workflow.accumulate(5), 0.5),
     (Workflow.accumulate_subsample(5, 3), 0.5)],
)  # fmt: skip
def test_falling_bandwidths_have_a_formula_too(workflow: Workflow, decay: float) -> None:
    same(kde.curves(KdeChain(Laplace(), Power(0.4, decay)), workflow, T).extra_variance)


def test_a_bandwidth_falling_like_the_root_adds_the_same_for_ever() -> None:
    chain = KdeChain(Normal(), Power(0.4, 0.5))
    values = kde.curves(chain, Workflow.accumulate(5), 200).extra_variance.values[1:]
    assert values == pytest.approx(0.16, rel=1e-13)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_replace_of_a_normal_truth_is_a_finite_sum(dim: int) -> None:
    known = kde.curves(KdeChain(Normal(dim, 3.0, 1.5), 0.5), Workflow.replace(9), T)
    same(known.cloud_variance)
    same(known.cloud_mean_error)
    assert known.mise.formula is not None
    for t in (1, 2, 7, T):  # the quadrature has 1e-10
        assert known.mise.formula.value(t=t) == pytest.approx(known.mise[t], rel=1e-9)


@pytest.mark.parametrize(
    ("chain", "workflow", "field"),
    [
        (KdeChain(Laplace(), 0.4), Workflow.replace(5), "mise"),
        (KdeChain(Normal(), 0.4, "uniform"), Workflow.replace(5), "mise"),
        (KdeChain(Normal(), 0.4), Workflow.accumulate(5), "mise"),
        (KdeChain(Normal(), (0.4, 0.3)), Workflow.replace(5), "extra_variance"),
        (KdeChain(Normal(), Power(0.4, 0.5)), Workflow.replace(5), "extra_variance"),
        (KdeChain(Normal(), 0.4), Workflow.fresh(5, 5, weight=0.5), "extra_variance"),
        (KdeChain(Normal(), 0.4), Workflow.replace((5, 6)), "extra_variance"),
    ],
)
def test_what_has_no_formula(chain: KdeChain, workflow: Workflow, field: str) -> None:
    assert kde.curves(chain, workflow, 3)[field].formula is None


def test_a_truth_without_variance_has_a_formula_where_none_is_needed() -> None:
    same(kde.curves(KdeChain(StudentT(1.5), 0.4), Workflow.replace(5), T).extra_variance)


def test_the_factor_of_the_mean_density_generates_the_lineage_law() -> None:
    factor = formula("kde", "accumulate", "mean_density_factor")
    law = kde.lineage_law(Workflow.accumulate(3), 6)[6]
    for kappa in (0.25, 0.5):
        expected = sum(mass * kappa**k for k, mass in enumerate(law))
        assert factor.value(t=6, kappa=kappa) == pytest.approx(expected, rel=1e-13)


def test_kernels_behind_a_row_grow_like_the_logarithm() -> None:
    mean = formula("kde", "accumulate", "lineage_mean")
    assert mean.at(t=4) == Fraction(25, 12)
    assert mean.value(t=10**6) == pytest.approx(math.log(10**6) + 0.5772156649 + 5e-7, rel=1e-10)
