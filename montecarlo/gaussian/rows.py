"""The engines in any dimension: draw a batch, fit, write the next batch, repeat.

The literal one draws every row. The other draws the mean and the scatter of a batch by their laws
(a normal vector and Bartlett's factor of a Wishart matrix): the same law, at a cost that does not
depend on the rows.

Coordinates are those in which the truth is N(0, I). A batch written by the model (mu, L) is
x = mu + tau^(1/2) L z with z standard normal, so its mean is mu + tau^(1/2) L mean(z) and its
scatter tau L scatter(z) L': the rows are drawn one by one, their statistics are taken of z. That
keeps full relative precision when a direction has collapsed by any factor. Subsampling mixes rows
of different models, so there the rows themselves are kept.

The helpers of this family live in this file, because a cached kernel does not notice an edit
elsewhere. Those on the path of a fit of few rows are part of the kernel, because the calls would
cost as much as the work; `write_batch`, called twice, is not, which halves the time to compile.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.gaussian.fields import (
    COVARIANCE,
    DETERMINANT,
    FIELDS,
    LOG_DET,
    MAHALANOBIS,
    MEAN,
    NLL,
    PRECISION,
    SPREAD,
    SURVIVAL,
    TRACE,
    WASSERSTEIN,
)
from montecarlo.gaussian.transport import enqueue, queue, settle
from montecarlo.kernels import (
    ROUNDING,
    called,
    chi_square_of,
    inlined,
    kernel,
    shape,
    spliced,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@spliced
def draw_rows(rng: np.random.Generator, table: FloatArray, rows: int, out: FloatArray) -> None:
    """Fill out[:rows] with rows of the table, with replacement, or standard normals without one.

    An index from a 53-bit uniform is uniform to within len(table) / 2^53.
    """
    dim = out.shape[1]
    for r in range(rows):
        if len(table):
            index = int(rng.random() * len(table))
            for i in range(dim):
                out[r, i] = table[index, i]
        else:
            for i in range(dim):
                out[r, i] = rng.standard_normal()


@spliced
def centre(x: FloatArray, rows: int, mean: FloatArray) -> None:
    """The mean of x[:rows], subtracted in place."""
    mean[:] = 0.0
    for r in range(rows):
        for i in range(len(mean)):
            mean[i] += x[r, i]
    for i in range(len(mean)):
        mean[i] /= rows
    for r in range(rows):
        for i in range(len(mean)):
            x[r, i] -= mean[i]


@spliced
def scatter(x: FloatArray, rows: int, out: FloatArray) -> None:
    """Lower triangle of x'x / rows over x[:rows], four rows at a time."""
    dim = x.shape[1]
    out[:] = 0.0
    whole = rows - rows % 4
    for r in range(0, whole, 4):
        for i in range(dim):
            a, b, c, d = x[r, i], x[r + 1, i], x[r + 2, i], x[r + 3, i]
            for j in range(i + 1):
                out[i, j] += a * x[r, j] + b * x[r + 1, j] + c * x[r + 2, j] + d * x[r + 3, j]
    for r in range(whole, rows):
        for i in range(dim):
            for j in range(i + 1):
                out[i, j] += x[r, i] * x[r, j]
    for i in range(dim):
        for j in range(i + 1):
            out[i, j] /= rows


@called
def grain(mean: FloatArray) -> float:
    """What rounding may leave of the spread of rows that are equal, by the size of their mean."""
    largest = 0.0
    for i in range(len(mean)):
        largest = max(largest, ROUNDING * abs(mean[i]))
    return largest


@called
def numerical_rank(a: FloatArray, most: int, mean: FloatArray, work: FloatArray) -> int:
    """Rank, at most `most`, of the matrix of lower triangle a, the scatter of rows about mean.

    By elimination with the largest pivot left, down to what rounding may leave of the largest, or
    of the rows themselves. `work` is scratch, axes (feature, feature).
    """
    dim = len(a)
    floor = grain(mean) ** 2
    for i in range(dim):
        floor = max(floor, ROUNDING * dim * a[i, i])
        work[i, i] = a[i, i]
        for j in range(i if most > 1 else 0):
            work[i, j] = work[j, i] = a[i, j]
    for rank in range(most):
        best = rank
        for i in range(rank + 1, dim):
            best = i if work[i, i] > work[best, best] else best
        if not work[best, best] > floor:
            return rank
        if rank + 1 == most:
            break
        for i in range(dim):
            work[rank, i], work[best, i] = work[best, i], work[rank, i]
        for i in range(dim):
            work[i, rank], work[i, best] = work[i, best], work[i, rank]
        for i in range(rank + 1, dim):
            share = work[i, rank] / work[rank, rank]
            for j in range(rank + 1, dim):
                work[i, j] -= share * work[rank, j]
    return most


@inlined
def cholesky(
    a: FloatArray, scale: float, rank: int, exact: bool, mean: FloatArray, out: FloatArray
) -> int:
    """Lower factor of scale times the matrix of lower triangle a, the scatter of rows about mean.

    It has `rank` columns that are not zero. Where that is the exact rank, a pivot is no less than
    rounding can resolve; where it is a bound, a pivot that rounding could have left is zero.
    Returns its width: all columns from there on are zero.
    """
    dim = len(a)
    least = scale * grain(mean) ** 2
    found = width = 0
    out[:] = 0.0
    for j in range(dim):
        if found == rank:
            break
        pivot = scale * a[j, j]
        floor = max(ROUNDING * dim * pivot, least)
        resolved = np.finfo(np.float64).eps * pivot if exact else 0.0
        for k in range(width):
            pivot -= out[j, k] * out[j, k]
        if not (exact or pivot > floor):
            continue
        root = math.sqrt(max(pivot, resolved))
        out[j, j] = root
        if root > 0.0:
            for i in range(j + 1, dim):
                total = scale * a[i, j]
                for k in range(width):
                    total -= out[i, k] * out[j, k]
                out[i, j] = total / root
        found, width = found + 1, j + 1
    return width


@spliced
def lower_product(
    a: FloatArray, width: int, b: FloatArray, rank: int, scale: float, out: FloatArray
) -> None:
    """scale * a b for lower triangles of no more than `width` and `rank` columns; so many of it."""
    for i in range(len(a)):
        for j in range(min(rank, i + 1)):
            out[i, j] = 0.0
        for k in range(min(width, i + 1)):
            share = scale * a[i, k]
            for j in range(min(rank, k + 1)):
                out[i, j] += share * b[k, j]


@called
def gram(factor: FloatArray, width: int, out: FloatArray) -> None:
    """Lower triangle of factor factor' for a lower triangle of no more than `width` columns."""
    for i in range(len(factor)):
        for j in range(i + 1):
            total = 0.0
            for k in range(min(width, j + 1)):
                total += factor[i, k] * factor[j, k]
            out[i, j] = total


@spliced
def scaled(factor: FloatArray, width: int, scale: float, out: FloatArray) -> None:
    """scale * factor for a lower triangle of no more than `width` columns; only those of out."""
    for i in range(len(factor)):
        for j in range(min(width, i + 1)):
            out[i, j] = scale * factor[i, j]


@called
def put(
    slot_mean: FloatArray, slot_scatter: FloatArray, mean: FloatArray, new: FloatArray, share: float
) -> None:
    """Merge a batch into a slot with weight `share`; 1 overwrites."""
    rest = 1.0 - share
    for i in range(len(mean)):
        for j in range(i + 1):
            between = (mean[i] - slot_mean[i]) * (mean[j] - slot_mean[j])
            merged = rest * slot_scatter[i, j] + share * new[i, j]
            slot_scatter[i, j] = merged + (rest * share * between if rest > 0.0 else 0.0)
    for i in range(len(mean)):
        slot_mean[i] = rest * slot_mean[i] + share * mean[i]


@called
def pool(
    weights: FloatArray, means: FloatArray, scatters: FloatArray, mean: FloatArray, out: FloatArray
) -> None:
    """Mean and scatter of the slots together, each with its weight."""
    dim = len(mean)
    mean[:] = 0.0
    out[:] = 0.0
    for s in range(len(weights)):
        if weights[s] > 0.0:
            for i in range(dim):
                mean[i] += weights[s] * means[s, i]
    for s in range(len(weights)):
        if weights[s] > 0.0:
            for i in range(dim):
                for j in range(i + 1):
                    between = (means[s, i] - mean[i]) * (means[s, j] - mean[j])
                    out[i, j] += weights[s] * (scatters[s, i, j] + between)


@called
def inverse_errors(factor: FloatArray, mean: FloatArray, work: FloatArray, out: FloatArray) -> None:
    """tr Sigma^-1 / d and mu' Sigma^-1 mu through the inverse of the factor, one column at a time.

    Column j of L^-1 goes to work[0]; L^-1 mu is collected in work[1].
    """
    dim = len(mean)
    trace, distance = 0.0, 0.0
    work[1, :] = 0.0
    for j in range(dim):
        for i in range(j, dim):
            total = 1.0 if i == j else 0.0
            for k in range(j, i):
                total -= factor[i, k] * work[0, k]
            work[0, i] = total / factor[i, i]
            trace += work[0, i] * work[0, i]
            work[1, i] += work[0, i] * mean[j]
    for i in range(dim):
        distance += work[1, i] * work[1, i]
    out[PRECISION] = trace / dim
    out[MAHALANOBIS] = distance


@called
def covariance_error(factor: FloatArray, width: int, scale: FloatArray) -> float:
    """||Sigma - Sigma_0||_F^2 / ||Sigma_0||_F^2."""
    dim = len(scale)
    total, unit = 0.0, 0.0
    for i in range(dim):
        for j in range(i + 1):
            entry = 0.0
            for k in range(min(width, j + 1)):
                entry += factor[i, k] * factor[j, k]
            if i == j:
                total += scale[i] * scale[i] * (entry - 1.0) * (entry - 1.0)
            else:
                total += 2.0 * scale[i] * scale[j] * entry * entry
        unit += scale[i] * scale[i]
    return total / unit


@spliced
def measure(
    mean: FloatArray,
    factor: FloatArray,
    width: int,
    scale: FloatArray,
    threshold: float,
    wanted: npt.NDArray[np.bool_],
    work: FloatArray,
    out: FloatArray,
) -> None:
    """Every wanted field of the fit into out, axis (field,); its factor has `width` columns."""
    dim = len(mean)
    unit, shift, trace, log_det = 0.0, 0.0, 0.0, 0.0
    for i in range(dim):
        square = 0.0
        for j in range(min(width, i + 1)):
            square += factor[i, j] * factor[i, j]
        unit += scale[i]
        shift += scale[i] * mean[i] * mean[i]
        trace += scale[i] * square
    out[MEAN], out[TRACE] = shift / unit, trace / unit
    inverse = wanted[PRECISION] or wanted[MAHALANOBIS] or wanted[NLL]
    if inverse or wanted[LOG_DET] or wanted[DETERMINANT]:
        log_det = -math.inf if width < dim else 0.0
        for i in range(width):
            log_det += 2.0 * math.log(factor[i, i]) if factor[i, i] > 0.0 else -math.inf
        out[LOG_DET], out[DETERMINANT] = log_det, math.exp(log_det)
    if wanted[COVARIANCE]:
        out[COVARIANCE] = covariance_error(factor, width, scale)
    out[PRECISION] = out[MAHALANOBIS] = out[NLL] = math.inf
    if inverse and log_det > -math.inf:
        inverse_errors(factor, mean, work, out)
        out[NLL] = 0.5 * (log_det + dim * out[PRECISION] + out[MAHALANOBIS] - dim)
    if dim == 1:
        spread = factor[0, 0] if width > 0 else 0.0
        out[SPREAD] = spread
        out[SURVIVAL] = 1.0 if spread > threshold else 0.0
        out[WASSERSTEIN] = mean[0] * mean[0] + (spread - 1.0) * (spread - 1.0)
    else:
        out[WASSERSTEIN] = out[MEAN] + out[TRACE] + 1.0  # less what `transport` works out


@called
def truth(threshold: float, out: FloatArray) -> None:
    """The fields of the truth itself: errors 0, ratios 1."""
    out[:] = 0.0
    out[TRACE] = out[DETERMINANT] = out[PRECISION] = out[SPREAD] = 1.0
    out[SURVIVAL] = 1.0 if threshold < 1.0 else 0.0


@called
def chosen(order: IntArray) -> npt.NDArray[np.bool_]:
    """Whether each field is asked for."""
    wanted = np.zeros(len(FIELDS), dtype=np.bool_)
    for f in range(len(order)):
        wanted[order[f]] = True
    return wanted


@called
def keep(values: FloatArray, order: IntArray, replicate: int, out: FloatArray) -> None:
    """The fields asked for, in that order; out axes (field, replicate)."""
    for f in range(len(order)):
        out[f, replicate] = values[order[f]]


@spliced
def bartlett(
    rng: np.random.Generator, rows: int, shapes: FloatArray, mean: FloatArray, out: FloatArray
) -> None:
    """Mean and factor of the scatter of `rows` standard normal rows, by their laws.

    mean ~ N(0, I / rows) and, independent of it, rows * scatter ~ Wishart(rows - 1, I): a lower
    factor with chi of rows - 1 - j degrees on the diagonal and normals below it (Bartlett). Drawn
    mean first, then column by column, min(dim, rows - 1) of them; the others are left as they are.

    `shapes`, axes (feature + 1, 2), keeps the constants of the chi-squares from call to call; the
    last entry says of how many rows.
    """
    dim, root = len(mean), 1.0 / math.sqrt(rows)
    columns = min(dim, rows - 1)
    if shapes[dim, 0] != rows:
        shapes[dim, 0] = rows
        for j in range(columns):
            shapes[j] = shape(rows - 1 - j)
    for i in range(dim):
        mean[i] = root * rng.standard_normal()
    for j in range(columns):
        b, c = shapes[j]
        out[j, j] = root * math.sqrt(chi_square_of(rng, rows - 1 - j, b, c))
        for i in range(j + 1, dim):
            out[i, j] = root * rng.standard_normal()


@kernel
def write_batch(
    rng: np.random.Generator,
    rows: int,
    temperature: float,
    literal: bool,
    table: FloatArray,
    mean: FloatArray,
    factor: FloatArray,
    width: int,
    z: FloatArray,
    work: FloatArray,
    shapes: FloatArray,
    batch_mean: FloatArray,
    batch_factor: FloatArray,
) -> tuple[int, int]:
    """A batch of `rows` rows of the model, or the table: its mean and a factor of its scatter.

    Row by row if `literal` or from a table, else by the law of the statistics of normal rows. The
    model's factor has `width` columns. Returns the rank of the scatter of z, rows - 1 at most, less
    where rows of a table repeat, and the width of the batch's factor.

    work[0] takes the mean of z, work[1:dim + 1] its scatter, work[dim + 1:] the scatter's factor.
    """
    dim = len(mean)
    root, rank = math.sqrt(temperature), min(dim, rows - 1)
    wide = rank
    if literal or len(table):
        draw_rows(rng, table, rows, z)
        centre(z, rows, work[0])
        scatter(z, rows, work[1 : dim + 1])
        if len(table):
            rank = numerical_rank(work[1 : dim + 1], rank, work[0], batch_factor)
        wide = cholesky(work[1 : dim + 1], 1.0, rank, len(table) == 0, work[0], work[dim + 1 :])
    else:
        bartlett(rng, rows, shapes, work[0], work[dim + 1 :])
    if len(table):  # rows of the truth, where the factor is the identity
        batch_mean[:], batch_factor[:] = work[0], work[dim + 1 :]
        return rank, wide
    lower_product(factor, width, work[dim + 1 :], wide, root, batch_factor)
    for i in range(dim):
        total = 0.0
        for j in range(min(width, i + 1)):
            total += factor[i, j] * work[0, j]
        batch_mean[i] = mean[i] + root * total
    return rank, wide


@kernel
def batches_block(
    rng: Any, plan: Any, literal: bool, scale: Any, table: Any, order: Any, out: Any
) -> None:
    """Chains under any workflow without subsampling; out axes (generation, field, replicate)."""
    dim, slots, last = len(scale), plan.weights.shape[1], len(out) - 1
    longest = max(plan.real_rows.max(), plan.synthetic_rows.max())
    z = np.empty((longest if literal or len(table) else 0, dim))
    work, none = np.zeros((2 * dim + 1, dim)), np.empty((0, dim))
    shapes, share, wanted = np.zeros((dim + 1, 2)), scale / scale.sum(), chosen(order)
    queued = queue(dim, wanted)
    mean, new_mean, origin = np.empty(dim), np.empty(dim), np.zeros(dim)
    factor, new_factor, unit = np.zeros((dim, dim)), np.zeros((dim, dim)), np.eye(dim)
    pooled, values = np.empty((dim, dim)), np.empty(len(FIELDS))
    means, scatters = np.empty((slots, dim)), np.empty((slots, dim, dim))
    exact = plan.exact_rank and len(table) == 0
    for replicate in range(out.shape[2]):
        means[:], scatters[:] = 0.0, 0.0
        truth(plan.threshold, values)
        keep(values, order, replicate, out[0])
        hull = rank = width = new_width = 0
        for t in range(1, last + 1):
            if plan.real_rows[t] > 0:
                rows = plan.real_rows[t]
                hull, new_width = write_batch(
                    rng, rows, 1.0, literal, table, origin, unit, dim, z, work, shapes, new_mean,
                    new_factor,
                )  # fmt: skip
                if not plan.last_only:
                    if len(table):
                        pooled[:] = work[1 : dim + 1]
                    else:
                        gram(new_factor, new_width, pooled)
                    put(means[0], scatters[0], new_mean, pooled, 1.0)
                if t > 1 and plan.weights[t, 1] > 0.0:  # beside the last model's rows
                    hull += min(plan.synthetic_rows[t - 1], rank + 1)
            rank = min(plan.rank[t], hull)
            if plan.last_only:
                mean[:], width = new_mean, new_width
                scaled(new_factor, width, math.sqrt(plan.unbias[t]), factor)
            else:
                pool(plan.weights[t], means, scatters, mean, pooled)
                if not plan.exact_rank:
                    rank = numerical_rank(pooled, rank, mean, new_factor)
                width = cholesky(pooled, plan.unbias[t], rank, exact, mean, factor)
            measure(mean, factor, width, scale, plan.threshold, wanted, work, values)
            keep(values, order, replicate, out[t])
            enqueue(queued, factor, width, share, t, replicate, order, out)
            if t < last:
                rows, tau = plan.synthetic_rows[t], plan.temperature
                _, new_width = write_batch(
                    rng, rows, tau, literal, none, mean, factor, width, z, work, shapes,
                    new_mean, new_factor,
                )  # fmt: skip
                if not plan.last_only:
                    gram(new_factor, new_width, pooled)
                    put(
                        means[plan.slot[t]], scatters[plan.slot[t]], new_mean, pooled, plan.share[t]
                    )
    settle(queued, order, out)


@spliced
def choose(
    rng: np.random.Generator,
    x: FloatArray,
    size: int,
    rows: int,
    replacement: bool,
    stamps: IntArray,
    stamp: int,
    out: FloatArray,
) -> int:
    """Copy a uniform draw of `rows` of x[:size] to out; returns how many different rows it has.

    Without replacement by a partial Fisher-Yates shuffle in place: the order of the pool carries
    nothing, so it needs no restoring, and a draw costs O(rows). With replacement a row that is
    drawn gets this draw's `stamp`, a number not used before.
    """
    dim = x.shape[1]
    different = 0 if replacement else rows
    for r in range(rows):
        if replacement:
            index = int(rng.random() * size)
            if stamps[index] != stamp:
                stamps[index] = stamp
                different += 1
        elif rows < size:
            index = r + int(rng.random() * (size - r))
            for i in range(dim):
                x[r, i], x[index, i] = x[index, i], x[r, i]
            index = r
        else:
            index = r
        for i in range(dim):
            out[r, i] = x[index, i]
    return different


@kernel
def subsample_block(
    rng: Any, plan: Any, replacement: bool, scale: Any, table: Any, order: Any, out: Any
) -> None:
    """Chains under accumulate-subsample; out axes (generation, field, replicate)."""
    dim, last = len(scale), len(out) - 1
    kept = np.empty((plan.real_rows[1] + plan.synthetic_rows[1:].sum(), dim))
    stamps = np.zeros(len(kept), dtype=np.int64)
    z = np.empty((max(plan.train_rows.max(), plan.synthetic_rows.max()), dim))
    mean, pooled, factor = np.empty(dim), np.empty((dim, dim)), np.zeros((dim, dim))
    work, none, root = np.zeros((2 * dim + 1, dim)), np.empty((0, dim)), math.sqrt(plan.temperature)
    values, wanted = np.empty(len(FIELDS)), chosen(order)
    queued, share = queue(dim, wanted), scale / scale.sum()
    exact = plan.exact_rank and len(table) == 0
    for replicate in range(out.shape[2]):
        truth(plan.threshold, values)
        keep(values, order, replicate, out[0])
        draw_rows(rng, table, plan.real_rows[1], kept)
        size = plan.real_rows[1]
        for t in range(1, last + 1):
            stamp = replicate * last + t
            drawn = choose(rng, kept, size, plan.train_rows[t], replacement, stamps, stamp, z)
            centre(z, plan.train_rows[t], mean)
            scatter(z, plan.train_rows[t], pooled)
            rank = min(plan.rank[t], drawn - 1)
            if not exact:
                rank = numerical_rank(pooled, rank, mean, factor)
            width = cholesky(pooled, plan.unbias[t], rank, exact, mean, factor)
            measure(mean, factor, width, scale, plan.threshold, wanted, work, values)
            keep(values, order, replicate, out[t])
            enqueue(queued, factor, width, share, t, replicate, order, out)
            if t == last:
                break
            draw_rows(rng, none, plan.synthetic_rows[t], z)
            for r in range(plan.synthetic_rows[t]):
                for i in range(dim):
                    total = 0.0
                    for j in range(min(width, i + 1)):
                        total += factor[i, j] * z[r, j]
                    kept[size + r, i] = mean[i] + root * total
            size += plan.synthetic_rows[t]
    settle(queued, order, out)
