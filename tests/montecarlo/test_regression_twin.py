"""Each regression kernel against its plain-Python twin, path by path, on the same stream.

Twin and kernel differ by rounding only, which a fit of condition number c amplifies to about c eps
and hands on. So they must agree to 64 eps x the sum of the conditions so far, times 1 + the error:
labels are of order one. The twin asks pinv, the kernels Cholesky's factor of normal equations.
The largest difference seen was a tenth of that. The median sum must stay below 10^4, a bound of
1.4e-10, and below 10^5 where equations are square.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from montecarlo import blocks
from montecarlo.regression import simulate
from montecarlo.regression.simulate import FAMILY
from tests.montecarlo import regression_twin as twin
from tests.montecarlo.regression_cases import FITS, Sizes, chain, subsamples, table, workflows
from theory.workflow import Workflow

Array = NDArray[np.float64]

SEED = 3
REPLICATES = 4
GENERATIONS = 5
EPS = float(np.finfo(np.float64).eps)

SCHEDULE = (12, 9, 15)
# Dimension and rows: more rows than features, as many, fewer and far fewer.
SHAPES: list[tuple[int, Sizes]] = [(1, 10), (3, SCHEDULE), (3, 10), (3, 3), (3, 2), (8, 3)]
# A design that is reused has batches of one size, and full column rank if it is given.
CASES = [
    pytest.param(dim, n, design, fit, id=f"{dim}-{n}-{design}-{fit}")
    for dim, n in SHAPES
    for design in ("fresh", "reused", "table")
    for fit in FITS
    if design == "fresh" or (isinstance(n, int) and (design == "reused" or n >= dim))
]


def assert_same_paths(
    dim: int, n: Sizes, design: str, fit: str, method: str, workflow: Workflow
) -> None:
    given = table(int(np.max(n)), dim) if design == "table" else None
    spec = chain(dim, "fresh" if design == "fresh" else "reused", fit)
    runs = simulate(
        spec, workflow, GENERATIONS, seed=SEED, replicates=REPLICATES, method=method, design=given
    )
    fields = twin.simulate(
        spec, workflow, GENERATIONS, blocks.generator(SEED, FAMILY, 0), replicates=REPLICATES,
        method=method, design=given,
    )  # fmt: skip
    condition = np.cumsum(fields.pop("condition"), axis=1)
    assert np.median(condition[:, -1]) < (1e5 if n == dim else 1e4)
    assert runs.values.keys() == fields.keys()
    tolerance = 64 * EPS * condition * (1 + fields["excess_test_error"])
    for name, values in fields.items():
        assert (runs[name][:, 0] == 0).all()
        assert (np.abs(runs[name][:, 1:] - values) <= tolerance).all(), (name, workflow)


@pytest.mark.parametrize(("dim", "n", "design", "fit"), CASES)
@pytest.mark.parametrize("method", ["rows", "statistics", "rao-blackwell"])
def test_kernel_is_its_twin(method: str, dim: int, n: Sizes, design: str, fit: str) -> None:
    for workflow in workflows(n).values():
        assert_same_paths(dim, n, design, fit, method, workflow)


@pytest.mark.parametrize(("dim", "n", "design", "fit"), CASES)
@pytest.mark.parametrize("method", ["rows", "rao-blackwell"])
def test_kernel_is_its_twin_on_a_subsample(
    method: str, dim: int, n: Sizes, design: str, fit: str
) -> None:
    for workflow in subsamples(n).values():
        assert_same_paths(dim, n, design, fit, method, workflow)


@pytest.mark.parametrize("method", ["rows", "rao-blackwell"])
def test_rows_of_a_table_that_depend_on_each_other_are_interpolated(method: str) -> None:
    """Columns of noughts and ones: a draw of 6 rows often has a rank below 4, however many differ.

    Rounding must not be taken for a direction: the twin's pseudo-inverse drops it at 1e-9.
    """
    values = np.random.default_rng(2).integers(0, 2, size=(12, 4)).astype(float)
    values[:, 0] = 1.0
    spec = chain(4, "reused", "least-squares")
    workflow = Workflow.accumulate_subsample(12, 6)
    runs = simulate(spec, workflow, 6, seed=SEED, replicates=40, method=method, design=values)
    fields = twin.simulate(
        spec, workflow, 6, blocks.generator(SEED, FAMILY, 0), replicates=40, method=method,
        design=values,
    )  # fmt: skip
    condition = np.cumsum(fields["condition"], axis=1)
    error = fields["excess_test_error"]
    tolerance = 64 * EPS * condition * (1 + error)
    assert (np.abs(runs.excess_test_error[:, 1:] - error) <= tolerance).all()
