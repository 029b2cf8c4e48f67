"""The figures by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from paper_figures import (
    bound_slack,
    categorical_collapse,
    gaussian_grid,
    gaussian_overview,
    kde_bandwidth,
    kde_mise,
    kde_nll,
    lm_against_theory,
    lm_finetuning,
    lm_learning_curves,
    lm_pretraining,
    lm_verification,
    real_fraction,
    regression_error,
    regression_grid,
    subsample_map,
    universal_inflation,
    value_of_synthetic,
    verification_phases,
    workflow_map,
)
from paper_figures.series import Point, Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class FigureModule(Protocol):
    """What a figure's file offers.

    Attributes:
        NAME: of the figure, its files and its module.
        TITLE: one line: what it shows.
        ALT: what it shows, for who cannot see it.
    """

    NAME: str
    TITLE: str
    ALT: str

    def settings(self) -> dict[str, Any]:
        """What the committed points must have been computed with."""

    def recompute(self, *, quick: bool = False) -> list[Point]:
        """The points again, by simulation; minutes, or seconds with quick."""

    def data(self, points: Sequence[Point] | None = None) -> list[Series]:
        """Lines with points; None reads the committed points."""

    def caption(self, series: Sequence[Series]) -> str:
        """What lines, points and bars are, and how many runs are behind them."""

    def draw(self, series: Sequence[Series]) -> Figure:
        """The figure; call it inside `style.publication`."""


PUBLISHED: tuple[FigureModule, ...] = (
    lm_against_theory,
    lm_finetuning,
    lm_learning_curves,
    lm_pretraining,
    value_of_synthetic,
    lm_verification,
)
"""Those whose points are published values, and our runs of language models, not simulations."""

FIGURES: dict[str, FigureModule] = {
    module.NAME: module
    for module in (
        gaussian_overview,
        universal_inflation,
        regression_error,
        categorical_collapse,
        kde_nll,
        kde_bandwidth,
        kde_mise,
        real_fraction,
        workflow_map,
        bound_slack,
        subsample_map,
        gaussian_grid,
        regression_grid,
        verification_phases,
        *PUBLISHED,
    )
}
