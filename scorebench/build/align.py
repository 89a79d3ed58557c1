"""Off-line alignment of a recording with a score that is played by a synthesiser: multi-resolution time warping.

Both sounds become semitone spectra and their increases, 86 times a second. A coarse path over means of eight frames
(all of it) is refined in a band around it at full resolution: the scheme of Mueller, Mattes & Kurth (2006).
The path is exact to a frame at best; what it is worth is said by ``residuals_s``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorebench.filterbank import cyolo_filterbank
from scorebench.timebase import SAMPLE_RATE, WINDOW_SAMPLES

HOP_SAMPLES = 256
FRAME_S = HOP_SAMPLES / SAMPLE_RATE
COARSE_FRAMES = 8
BAND_S = 1.0
"""Half the width of the band that is searched around the coarse path."""

INCREASE_WEIGHT = 0.7
"""Share of a frame's features that are increases, which are sharp at onsets; the rest are levels, robust."""


@dataclass(frozen=True)
class Alignment:
    """Where each moment of a score is in a recording.

    Attributes:
        score_s, heard_s: (steps,) float64, strictly increasing both.
        cost: mean cosine distance along the path, 0 (the same sound) to 1.
    """

    score_s: NDArray[np.float64]
    heard_s: NDArray[np.float64]
    cost: float

    def at(self, score_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Times in the recording, interpolated; outside the path at its speed of 1."""
        inside = np.interp(score_s, self.score_s, self.heard_s)
        before = np.minimum(score_s - self.score_s[0], 0)
        after = np.maximum(score_s - self.score_s[-1], 0)
        times: NDArray[np.float64] = inside + before + after
        return times


def align(score: NDArray[np.float32], recording: NDArray[np.float32]) -> Alignment:
    """Align two sounds (samples,) at 22 050 Hz of the same music from beginning to end."""
    one, other = features(score), features(recording)
    coarse = _path(_pooled(one), _pooled(other), None)
    low, high = _band(coarse, len(one), len(other))
    path = _path(one, other, (low, high))
    distances = 1 - np.einsum("ij,ij->i", one[path[:, 0]], other[path[:, 1]])
    first = np.r_[True, np.diff(path[:, 0]) > 0]
    score_s, heard_s = _strict(path[first, 0] * FRAME_S, path[first, 1] * FRAME_S)
    return Alignment(score_s, heard_s, float(distances.mean()))


def _band(coarse: NDArray[np.int64], rows: int, columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last column to search in each row: ``BAND_S`` around all that the coarse path visits there."""
    starts = np.flatnonzero(np.r_[True, np.diff(coarse[:, 0]) > 0])
    ends = np.r_[starts[1:], len(coarse)] - 1
    reach = round(BAND_S / FRAME_S)
    low = np.repeat(coarse[starts, 1] * COARSE_FRAMES - reach, COARSE_FRAMES)[:rows]
    high = np.repeat((coarse[ends, 1] + 1) * COARSE_FRAMES + reach, COARSE_FRAMES)[:rows]
    return np.clip(low, 0, columns - 1), np.clip(high, 0, columns - 1)


def _strict(score_s: NDArray[np.float64], heard_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Only the steps at which both have moved on."""
    keep = np.r_[True, np.diff(np.maximum.accumulate(heard_s)) > 0]
    return score_s[keep], heard_s[keep]


def features(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """(frames, 156) float32 of unit length: log levels of 78 semitone bands and their increases."""
    padded = np.pad(audio.astype(np.float64), (WINDOW_SAMPLES // 2, WINDOW_SAMPLES))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[: len(audio) : HOP_SAMPLES]
    window, bank = np.hanning(WINDOW_SAMPLES), cyolo_filterbank()
    blocks = [np.abs(np.fft.rfft(frames[i : i + 512] * window)) @ bank for i in range(0, len(frames), 512)]
    level = np.log1p(10 * np.concatenate(blocks))
    rise = np.maximum(np.diff(level, axis=0, prepend=level[:1]), 0)
    both = np.concatenate([_unit(level) * np.sqrt(1 - INCREASE_WEIGHT), _unit(rise) * np.sqrt(INCREASE_WEIGHT)], axis=1)
    return _unit(both).astype(np.float32)


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    whole: NDArray[np.float64] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return whole


def _pooled(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    whole = np.pad(rows, ((0, -len(rows) % COARSE_FRAMES), (0, 0)))
    means = whole.reshape(-1, COARSE_FRAMES, rows.shape[1]).mean(axis=1)
    return _unit(means.astype(np.float64)).astype(np.float32)


def _path(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    band: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
) -> NDArray[np.int64]:
    """The cheapest path (steps, 2) from corner to corner; a diagonal step counts its cost twice."""
    rows, columns = len(one), len(other)
    low, high = band if band is not None else (np.zeros(rows, np.int64), np.full(rows, columns - 1))
    width = int((high - low).max()) + 1
    total = np.full((rows, width), np.inf, np.float32)
    for row in range(rows):
        cost = 1 - other[low[row] : high[row] + 1] @ one[row]
        shift = int(low[row] - low[row - 1]) if row else 0
        above = total[row - 1] if row else np.full(width, np.inf, np.float32)
        total[row, : len(cost)] = _row(cost, above, shift, row == 0)
    return _trace(total, low, one, other)


def _row(cost: NDArray[np.float32], above: NDArray[np.float32], shift: int, first: bool) -> NDArray[np.float32]:
    """Cheapest sums of one row. Steps along the row are a running minimum over sums of costs."""
    size = len(cost)
    over = np.full(size + 1, np.inf, np.float32)  # above, from one column left of the row's first
    take = above[max(shift - 1, 0) : shift + size]
    over[max(1 - shift, 0) : max(1 - shift, 0) + len(take)] = take
    best = np.minimum(over[:-1] + 2 * cost, over[1 : size + 1] + cost)
    if first:
        best[0] = cost[0]
    run = np.cumsum(cost, dtype=np.float64)
    along: NDArray[np.float32] = (np.minimum.accumulate(best - run) + run).astype(np.float32)
    return along


def _trace(
    total: NDArray[np.float32], low: NDArray[np.int64], one: NDArray[np.float32], other: NDArray[np.float32]
) -> NDArray[np.int64]:
    """The path that gave the last sum, from its end."""
    row, column = len(one) - 1, len(other) - 1
    steps = [(row, column)]

    def sum_at(r: int, c: int) -> float:
        at = c - low[r] if r >= 0 else -1
        return float(total[r, at]) if 0 <= at < total.shape[1] else np.inf

    while row > 0 or column > 0:
        cost = float(1 - other[column] @ one[row])
        moves = (
            (sum_at(row - 1, column - 1) + 2 * cost, row - 1, column - 1),
            (sum_at(row - 1, column) + cost, row - 1, column),
            (sum_at(row, column - 1) + cost, row, column - 1),
        )
        _, row, column = min(moves)
        row, column = max(row, 0), max(column, 0)
        steps.append((row, column))
    return np.array(steps[::-1], np.int64)


def residuals_s(
    heard_s: NDArray[np.float64], recording: NDArray[np.float32], reach_s: float = 0.1
) -> NDArray[np.float64]:
    """How far each aligned onset is from the nearest burst of energy within ``reach_s``; NaN where there is none.

    An independent look at the alignment: it knows nothing of pitch. Positive: the burst comes later.
    """
    level = np.log1p(100 * _energy(recording))
    rise = np.maximum(np.diff(level, prepend=level[0]), 0)
    peaks = np.flatnonzero((rise > np.roll(rise, 1)) & (rise >= np.roll(rise, -1)) & (rise > 0.25 * rise.std()))
    found = np.full(len(heard_s), np.nan)
    for index, time_s in enumerate(heard_s):
        away = peaks * FRAME_S - time_s
        near = away[np.abs(away) <= reach_s]
        if len(near):
            found[index] = near[np.abs(near).argmin()]
    return found


def _energy(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    size = len(audio) // HOP_SAMPLES * HOP_SAMPLES
    root: NDArray[np.float64] = np.sqrt((audio[:size].astype(np.float64).reshape(-1, HOP_SAMPLES) ** 2).mean(axis=1))
    return root
