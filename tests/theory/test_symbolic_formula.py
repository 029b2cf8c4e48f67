"""The closed form that a curve carries is the curve."""

import math
import pickle
import subprocess
import sys
from pathlib import Path

import mpmath
import pytest

from theory.curve import Curve, Kind
from theory.gaussian import GaussianChain, curves
from theory.inflation import inflation
from theory.workflow import Workflow

ROOT = Path(__file__).resolve().parent.parent.parent
T = 40
TIMES = (1, 2, 7, T)

BOUND = {"mean_error", "trace_ratio"}
REPLACE = {
    *BOUND,
    "covariance_error",
    "log_det_ratio",
    "determinant_ratio",
    "precision_ratio",
    "mahalanobis_error",
    "excess_nll",
}


def same(curve: Curve) -> None:
    """The formula is the curve, to 1e-12 of its size, at a few generations."""
    assert curve.formula is not None
    assert curve.formula.letters == ("t",) or set(curve.formula.given) >= (
        set(curve.formula.letters) - {"t"}
    )
    for t in TIMES:
        assert curve.formula.value(t=t) == pytest.approx(curve[t], rel=1e-12, abs=1e-300)


def with_formula(chain: GaussianChain, workflow: Workflow) -> set[str]:
    """Fields that have a formula, each found equal to its curve."""
    result = curves(chain, workflow, T)
    named = {name for name in result.fields if result[name].formula is not None}
    for name in named:
        same(result[name])
    return named


@pytest.mark.parametrize("n", [7, 60])
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("temperature", [1.0, 0.9])
def test_replace(n: int, ddof: int, temperature: float) -> None:
    covariance = [[2.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 0.3]]
    wide = GaussianChain(3, ddof, temperature, covariance)
    line = GaussianChain(1, ddof, temperature)
    workflow = Workflow.replace(n)
    assert with_formula(wide, workflow) == {*REPLACE, "wasserstein_lower"}
    assert with_formula(line, workflow) == {*REPLACE, "spread_ratio", "wasserstein"}


def test_formulas_of_replace_end_where_the_quantity_does() -> None:
    fields = with_formula(GaussianChain(3), Workflow.replace(5))
    assert fields == {
        *BOUND, "covariance_error", "log_det_ratio", "determinant_ratio", "wasserstein_lower"
    }  # fmt: skip
    fields = with_formula(GaussianChain(3, ddof=0), Workflow.replace(3))
    assert fields == {*BOUND, "covariance_error", "determinant_ratio", "wasserstein_lower"}


POOLED = [
    Workflow.accumulate(2),
    Workflow.accumulate(50),
    Workflow.accumulate_subsample(9),
    Workflow.accumulate_subsample(9, 4),
    Workflow.accumulate_subsample(9, 4, replacement=True),
    Workflow.accumulate_subsample(5, 30, replacement=True),
]


@pytest.mark.parametrize("workflow", POOLED, ids=str)
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_pooled(workflow: Workflow, ddof: int, temperature: float) -> None:
    found = with_formula(GaussianChain(3, ddof, temperature), workflow)
    likely = ddof == 0 and temperature == 1
    assert found == ({*BOUND, "wasserstein_lower"} if likely else {"trace_ratio"})


KEPT = [
    Workflow.anchored(5, 8),
    Workflow.anchored(5, (3, 8)),
    Workflow.anchored(1, 1),
    Workflow.fresh(4, 9),
    Workflow.fresh(4, 9, weight=0.3),
    Workflow.fresh(4, 9, weight=1.0),
]


@pytest.mark.parametrize("workflow", KEPT, ids=str)
def test_kept(workflow: Workflow) -> None:
    chain = GaussianChain(2, ddof=0)
    assert with_formula(chain, workflow) == {*BOUND, "wasserstein_lower"}
    assert with_formula(GaussianChain(2, ddof=0, temperature=0.5), workflow) == set()


@pytest.mark.parametrize("workflow", [Workflow.replace(4), *POOLED, *KEPT], ids=str)
def test_inflation(workflow: Workflow) -> None:
    same(inflation(workflow, T))


def test_a_window_of_one_batch_is_replace() -> None:
    same(inflation(Workflow.sliding_window(4, 1), T))
    same(curves(GaussianChain(2), Workflow.sliding_window(4, 1), T).covariance_error)


@pytest.mark.parametrize(
    "workflow",
    [
        Workflow.replace((5, 9)),
        Workflow.accumulate((5, 9)),
        Workflow.anchored(5, (3, 8, 9)),
        Workflow.accumulate_subsample(5, 6),
        Workflow.sliding_window(5, 3),
        Workflow.custom(5, lambda t: [1.0] + [0.0] * (t - 1)),
    ],
    ids=lambda workflow: str(workflow),
)
def test_no_formula_where_none_is_derived(workflow: Workflow) -> None:
    assert inflation(workflow, 3).formula is None
    assert curves(GaussianChain(1, ddof=0), workflow, 3).mean_error.formula is None


def test_a_curve_made_by_hand_has_no_formula_and_neither_has_a_transformed_one() -> None:
    assert Curve([0.0, 1.0], Kind.EXACT, "a test").formula is None  # type: ignore[arg-type]
    assert inflation(Workflow.replace(3), 2).map(lambda values: 2 * values).formula is None


def test_a_curve_survives_pickling_with_its_formula() -> None:
    kept = pickle.loads(pickle.dumps(curves(GaussianChain(1), Workflow.replace(5), 3).mean_error))
    assert kept.formula.value(t=2) == pytest.approx(0.4, rel=1e-15)


def test_curves_do_not_import_sympy_until_a_formula_is_read() -> None:
    script = """
import sys
import theory.__main__
from theory.gaussian import GaussianChain, curves
from theory.workflow import Workflow

error = curves(GaussianChain(1), Workflow.replace(5), 3).mean_error
theory.__main__.main(["inflation", "--workflow", "replace", "--generations", "2"])
assert "sympy" not in sys.modules
assert error.formula is not None
assert "sympy" in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("n", [2, 3, 129, 130, 10_000, 10**6])
def test_the_spread_keeps_its_digits_at_any_number_of_rows(n: int) -> None:
    """A difference of log-Gammas lost 5 digits at n = 10^6; T roundings a generation remain."""
    chain = GaussianChain(1)
    with mpmath.workdps(50):
        half = mpmath.mpf(n - 1) / 2
        once = mpmath.gammaprod([half + 0.5], [half]) / mpmath.sqrt(half)
        expected = float(once**T)
    found = curves(chain, Workflow.replace(n), T).spread_ratio[T]
    assert math.isclose(found, expected, rel_tol=8 * T * sys.float_info.epsilon)
