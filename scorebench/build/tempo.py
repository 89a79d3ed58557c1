"""Phrases and the tempo curve of a simulated performance: from score time to the performer's time."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorebench.build.expression import Expression, Range

GRID_S = 0.01
"""Step of the tempo curve, in score time."""

RITARDANDO_POWER = 3
"""Friberg & Sundberg (1999): tempo to this power falls in a straight line, as of a runner who stops."""

DRIFT_WAVES = 4
"""Waves that the slow wandering of tempo and loudness is made of."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TimeMap:
    """When the performer is where: ``score_s`` (n,) against ``performed_s`` (n,), both increasing, seconds."""

    score_s: Floats
    performed_s: Floats

    def __call__(self, score_s: Floats) -> Floats:
        """Performed seconds since the first note, at these score seconds."""
        return np.interp(score_s, self.score_s, self.performed_s)


def phrase_bounds(position_s: Floats, end_s: float, phrase_s: Range) -> Floats:
    """Score seconds at which phrases begin, and ``end_s`` last: (phrases + 1,), from the first position on.

    A phrase ends with its longest note or rest that lies between the shortest and the longest phrase; among equals
    (running semiquavers) with the last.

    Args:
        position_s: (n,) score seconds of the score positions, not decreasing, n >= 1.
    """
    bounds = [float(position_s[0])]
    gaps = np.diff(position_s, append=end_s)
    while end_s - bounds[-1] > phrase_s[1]:
        following = np.append(position_s[1:], end_s)  # where the next phrase would begin
        length = following - bounds[-1]
        fits = np.flatnonzero((length >= phrase_s[0]) & (length <= phrase_s[1]))
        if not len(fits):  # one note or rest is longer than a phrase: the next begins after it
            fits = np.flatnonzero(length > phrase_s[1])[:1]
        last = fits[np.flatnonzero(np.isclose(gaps[fits], gaps[fits].max()))[-1]]
        bounds.append(float(following[last]))
    return np.array(bounds if bounds[-1] >= end_s else [*bounds, end_s])


def arch(score_s: Floats, bounds: Floats) -> Floats:
    """Todd's (1992) phrase arch: a parabola over each phrase, 1/3 in the middle, -2/3 at both ends, mean 0."""
    phrase = np.clip(np.searchsorted(bounds, score_s, side="right") - 1, 0, max(len(bounds) - 2, 0))
    length = np.diff(bounds)[phrase] if len(bounds) > 1 else np.ones_like(score_s)
    where = np.clip((score_s - bounds[phrase]) / np.maximum(length, GRID_S), 0, 1)
    shape: Floats = 1 / 3 - (2 * where - 1) ** 2
    return shape


def drift(score_s: Floats, period_s: Range, rng: np.random.Generator) -> Floats:
    """Smooth wandering of standard deviation about 1: a few sine waves of random period and phase."""
    periods = rng.uniform(*period_s, DRIFT_WAVES)
    phases = rng.uniform(0, 2 * np.pi, DRIFT_WAVES)
    waves = np.sin(2 * np.pi * score_s[:, None] / periods + phases)
    total: Floats = waves.sum(axis=1) * np.sqrt(2 / DRIFT_WAVES)
    return total


def ritardando(score_s: Floats, end_s: float, length_s: float, end_tempo: float) -> Floats:
    """Tempo factor: 1, then falling to ``end_tempo`` over the last ``length_s`` before ``end_s``, then 1 again."""
    way = np.clip((score_s - end_s) / max(length_s, GRID_S) + 1, 0, 1)
    slowing: Floats = (1 + (end_tempo**RITARDANDO_POWER - 1) * way) ** (1 / RITARDANDO_POWER)
    return np.where(score_s < end_s, slowing, 1.0)


def time_map(bounds: Floats, last_s: float, style: Expression, rng: np.random.Generator) -> TimeMap:
    """The tempo curve of one piece, integrated.

    Args:
        bounds: ``phrase_bounds`` of the piece; its first is where performed time is 0.
        last_s: score seconds of the last score position, where the final ritardando ends.
    """
    start, end = float(bounds[0]), float(bounds[-1])
    steps = int(np.ceil((end - start) / GRID_S)) + 1
    grid = np.linspace(start, start + GRID_S * steps, steps + 1)
    piece = np.exp(rng.uniform(*np.log(style.piece_tempo)))
    curve = rng.uniform(*style.arch_tempo) * arch(grid, bounds)
    local: Floats = np.exp(curve + style.drift_tempo * drift(grid, style.drift_period_s, rng))
    for begin, finish in itertools.pairwise(bounds[:-1]):
        length = min(style.phrase_end_s, 0.3 * (finish - begin))
        local = local * ritardando(grid, finish, length, rng.uniform(*style.phrase_end_tempo))
    local = np.clip(local, *style.local_tempo)
    slow = ritardando(grid, last_s, min(style.final_s, 0.15 * (last_s - start)), rng.uniform(*style.final_tempo))
    slow[grid >= last_s] = slow[grid < last_s][-1:].min(initial=1.0)  # the last note is held at the last tempo
    step_s: Floats = GRID_S / (piece * local * slow)
    performed: Floats = np.concatenate([[0.0], np.cumsum((step_s[1:] + step_s[:-1]) / 2)])
    return TimeMap(grid, performed)
