"""A curve is a read-only vector that says what it claims."""

import math

import numpy as np
import pytest

from theory.curve import Curve, Kind


def curve(values: object, **claims: object) -> Curve:
    return Curve(values, Kind.EXACT, "a test", **claims)  # type: ignore[arg-type]


def test_values_are_a_read_only_copy() -> None:
    given = np.array([0.0, 1.0])
    made = curve(given, std=given)
    given[0] = 7.0
    assert made.values[0] == 0.0
    assert made.std is not None
    for array in (made.values, made.std, np.asarray(made)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_a_curve_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        curve([0.0]).limit = 1.0  # type: ignore[misc]


def test_a_curve_is_an_array_of_generations() -> None:
    made = curve([0, 1, 4])
    assert len(made) == 3
    assert made[2] == 4.0
    assert made[1:].tolist() == [1.0, 4.0]
    assert np.asarray(made).dtype == np.float64
    assert np.asarray(made, dtype=np.float32).dtype == np.float32
    assert (2 * np.asarray(made) == [0, 2, 8]).all()
    np.testing.assert_array_equal(np.array(made), [0, 1, 4])


@pytest.mark.parametrize("name", ["values", "std"])
@pytest.mark.parametrize("bad", [[0.0, math.nan], 1.0, [[0.0, 1.0]]])
def test_nan_and_other_shapes_are_refused(name: str, bad: object) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a vector without NaN, got"):
        curve(**{"values": [0.0, 1.0], name: bad})  # type: ignore[arg-type]


def test_infinities_are_values() -> None:
    assert curve([0.0, math.inf, -math.inf])[1] == math.inf


@pytest.mark.parametrize(
    ("values", "threshold", "generation"),
    [
        ([0.0, 0.5, 0.75], 0.6, 2),
        ([0.0, 0.5, 0.75], 0.5, 2),  # beyond, not at
        ([0.0, 0.5, 0.75], 0.75, None),
        ([0.0, 0.5, 0.1, 0.9], 0.4, 1),  # the first time
        ([1.0, 0.9, 0.5], 0.8, 2),  # a ratio shrinks
        ([1.0, 0.9, 0.5], 0.5, None),
        ([1.0, 1.1, 1.3], 1.2, 2),  # or grows
        ([0.0, -1.0, -math.inf], -5.0, 2),
        ([0.0, math.inf], 1e300, 1),
        ([0.0, 1.0], math.inf, None),
    ],
)
def test_passing_is_being_beyond_the_threshold_as_seen_from_the_truth(
    values: list[float], threshold: float, generation: int | None
) -> None:
    assert curve(values).passes(threshold) == generation


def test_a_threshold_of_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="got nan"):
        curve([0.0, 1.0]).passes(math.nan)


def test_mapped_curves_keep_their_claim_and_lose_what_no_longer_holds() -> None:
    mapped = Curve([1.0, 4.0], Kind.UPPER, "a test", std=[0.0, 1.0], limit=9.0).map(np.sqrt)
    assert mapped.values.tolist() == [1.0, 2.0]
    assert (mapped.kind, mapped.source) == (Kind.UPPER, "a test")
    assert mapped.std is None
    assert mapped.limit is None


def test_there_are_five_kinds_of_claim() -> None:
    assert [kind.value for kind in Kind] == ["exact", "upper", "lower", "asymptotic", "published"]
