"""The curves of verified regression, generation by generation."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.record import ChainCurves
from theory.verification.chain import VerifiedChain
from theory.verification.rounds import SOLVED, laws, steady_second_moment
from theory.verification.truncated import accepted, contraction
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]

FIELDS = (
    "squared_error",
    "verifier_error",
    "verifier_error_upper",
    "unfiltered_error",
    "acceptance",
)

MOST_GENERATED = 5_000  # rows a batch, counted before verification, that the exact law is worth
_SOURCE = "loopbound mitigations, section 1"
_BOUND = "Yi et al. 2510.16657; loopbound mitigations, section 1"


def curves(chain: VerifiedChain, workflow: Workflow, generations: int) -> VerifiedCurves:
    """Expected errors of the fits 1..generations, as a record of Curves of length T + 1.

    Generation 1 is the real fit; generation k + 1 follows verification round k.

    Raises:
        ValueError: generations < 1, or a verifier that rejects everything.
        UnsupportedWorkflow: subsampled, weighted or custom training sets.

    Example:
        >>> chain = VerifiedChain((20**0.5,), radius=1.0, centre=-0.3)
        >>> curves(chain, Workflow.replace(50), 2).squared_error[2].round(6)
        np.float64(0.055438)
    """
    chain.require(workflow, generations)
    return VerifiedCurves(chain, workflow, int(generations))


def available(chain: VerifiedChain, workflow: Workflow) -> tuple[str, ...]:
    """Names of the fields that `curves` gives, in the order of `FIELDS`."""
    return tuple(name for name in FIELDS if _why_absent(name, chain, workflow) is None)


def _why_absent(field: str, chain: VerifiedChain, workflow: Workflow) -> str | None:
    """The reason a field has no curve; None if it has one."""
    replaces = workflow.kind is WorkflowKind.REPLACE
    if field == "unfiltered_error":
        if workflow.kind in (WorkflowKind.REPLACE, WorkflowKind.ACCUMULATE):
            return None
        return "known under replace and accumulate"
    if field == "verifier_error_upper":
        if chain.counts == "accepted" and replaces and math.isfinite(chain.half_width):
            return None
        return "proved for replace, a finite radius and rows counted once accepted"
    if math.isinf(chain.half_width):
        if field == "verifier_error":
            return "without a verifier there is no distance to it"
        unfiltered = workflow.kind in (WorkflowKind.REPLACE, WorkflowKind.ACCUMULATE)
        return None if unfiltered else "without a verifier known under replace and accumulate"
    if chain.counts == "generated" and not replaces:
        return "with rows counted before verification the fit depends on all earlier counts"
    if chain.counts == "generated" and max(workflow.schedule) > MOST_GENERATED:
        return f"worked out up to {MOST_GENERATED:,} rows generated"
    if workflow.kind not in SOLVED:
        return "a window's fits depend on several earlier ones"
    return None


@dataclass(frozen=True, eq=False)
class VerifiedCurves(ChainCurves):
    """Curves over generations 0..T of one chain under one workflow; see each field.

    Units are those of the labels, squared. Index 0 is the truth's own value.
    """

    names = FIELDS

    chain: VerifiedChain
    workflow: Workflow
    generations: int

    def why_absent(self, field: str) -> str | None:
        """The reason that a field has no curve here; None if it has one."""
        return _why_absent(field, self.chain, self.workflow)

    def _of_what(self) -> str:
        return "verified regression"

    @cached_property
    def squared_error(self) -> Curve:
        """E |theta_t - theta*|^2. Exact.

        The sum over directions of noise^2 E (u_t - d)^2. Under replace with batches of one size the
        chain forgets its start: the limit is p (steady second moment) + |theta* - theta_c|^2.
        """
        self._require("squared_error")
        if math.isinf(self.chain.half_width):
            return self.unfiltered_error
        return self._errors(self.chain.biases, 0.0)

    @cached_property
    def verifier_error(self) -> Curve:
        """E |theta_t - theta_c|^2, the distance from the verifier. Exact.

        It contracts to the steady state p noise^2 E u^2, about rho/(n (1 - rho^2)) a direction.
        """
        self._require("verifier_error")
        first = self._unit * float((self.chain.biases**2).sum())
        return self._errors(np.zeros(self.chain.dim), first)

    @cached_property
    def verifier_error_upper(self) -> Curve:
        """Upper bound on `verifier_error`: a contraction by rho^2 a round, plus what rounds add.

        rho^(2k) E |theta_1 - theta_c|^2 + p noise^2 sum_{j<k} rho^(2(k-j)-1)/n_{j+1}.
        """
        self._require("verifier_error_upper")
        rho = contraction(self.chain.half_width)
        start = self.verifier_error.values[:2]
        values = [*start]
        for t in range(1, self.generations):
            rows = self.workflow.synthetic_rows(t)
            values.append(rho**2 * values[-1] + self.chain.dim * self._unit * rho / rows)
        limit = self.chain.dim * self._unit * rho / (self.workflow.schedule[-1] * (1 - rho**2))
        return Curve(np.array(values), Kind.UPPER, _BOUND, limit=limit)

    @cached_property
    def unfiltered_error(self) -> Curve:
        """E |theta_t - theta*|^2 of the same chain without a verifier. Exact.

        A direction adds noise^2 share^2/n a round, share = 1 under replace and n/(mu^2 + rows so
        far + n) under accumulate: without end under replace.
        """
        self._require("unfiltered_error")
        keeps = self.workflow.kind is WorkflowKind.ACCUMULATE
        mass = np.array(self.chain.singular_values) ** 2
        variance = [np.zeros_like(mass), 1 / mass]
        for t in range(1, self.generations):
            rows = self.workflow.synthetic_rows(t)
            share = rows / (mass + rows) if keeps else np.ones_like(mass)
            variance.append(variance[-1] + share**2 / rows)
            mass = mass + rows
        each = self._unit * np.array(variance)
        std = np.sqrt(2 * (each**2).sum(axis=1))
        limit = None if keeps else math.inf
        return Curve(each.sum(axis=1), Kind.EXACT, _SOURCE, std, limit)

    @cached_property
    def acceptance(self) -> Curve:
        """Share of the rows written for fit t that the verifier accepts, over directions. Exact.

        E P(|W| <= L) for W ~ N(u_{t-1}, 1); 1 at the truth and at the real fit, which no verifier
        sees.
        """
        self._require("acceptance")
        values = np.ones(self.generations + 1)
        if math.isfinite(self.chain.half_width):
            values[2:] = sum(
                count * self._shares(pair) for pair, count in self._directions.items()
            ) / self.chain.dim  # fmt: skip
        return Curve(values, Kind.EXACT, _SOURCE)

    # --- what the fields are made of -----------------------------------------------------------

    @property
    def best_round(self) -> int:
        """The verification round, 0 for none, after which `squared_error` is least."""
        return int(np.argmin(self.squared_error.values[1:]))

    @property
    def _unit(self) -> float:
        return self.chain.noise**2

    @cached_property
    def _directions(self) -> Counter[tuple[float, float]]:
        """(d, mu) of the directions, with how many share them."""
        pairs = zip(self.chain.biases.tolist(), self.chain.singular_values, strict=True)
        return Counter(pairs)

    @cached_property
    def _laws(self) -> dict[tuple[float, float], list[tuple[FloatArray, FloatArray]]]:
        """(nodes, weights) of u by direction, a list over fits 1..T."""
        return {
            (d, mu): [
                (rule.nodes[0], rule.weights[0])
                for rule in laws(
                    d, mu, self.chain.half_width, self.workflow, self.generations,
                    generated=self.chain.counts == "generated",
                )
            ]
            for d, mu in self._directions
        }  # fmt: skip

    def _shares(self, pair: tuple[float, float]) -> FloatArray:
        """E of the acceptance of rows that fits 1..T-1 write."""
        found = self._laws[pair][:-1]
        half = self.chain.half_width
        return np.array([w @ np.exp(accepted(u, half).log_share) for u, w in found])

    def _errors(self, targets: FloatArray, first: float) -> Curve:
        """Squared distances from a point of each direction, with their standard deviations."""
        mean, variance = np.zeros(self.generations), np.zeros(self.generations)
        limit = 0.0
        for (d, mu), count in self._directions.items():
            target = float(targets[self.chain.biases.tolist().index(d)])
            squares = [(u - target) ** 2 for u, _ in self._laws[d, mu]]
            weights = [w for _, w in self._laws[d, mu]]
            each = np.array([w @ x for x, w in zip(squares, weights, strict=True)])
            pairs = zip(squares, weights, each, strict=True)
            mean += count * each
            variance += count * np.array([w @ (x - e) ** 2 for x, w, e in pairs])
            limit += count * target**2
        values = np.append(first, self._unit * mean)
        std = np.append(0.0, self._unit * np.sqrt(variance))
        return Curve(values, Kind.EXACT, _SOURCE, std, self._limit(limit))

    def _limit(self, squares: float) -> float | None:
        """Under replace: the mean is the verifier's, and the spread that of the steady state."""
        if self.workflow.kind is not WorkflowKind.REPLACE or self.chain.counts == "generated":
            return None
        steady = steady_second_moment(self.chain.half_width, self.workflow.schedule[-1])
        return self._unit * (self.chain.dim * steady + squares)
