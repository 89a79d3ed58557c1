"""On-line time warping: which frame of the score sounds now, from the frames heard so far and no others.

After Dixon, "Live tracking of musical performances using on-line time warping" (DAFx 2005): dynamic programming
inside a band of fixed width around the current estimate, so that every frame costs the same time and no memory; the
answer is the end of the cheapest path on the frontier. Two things differ; together they follow expressive playing
better, even playing about as well (`scorebench bench warping`):

- Dixon grows a rectangle, choosing at each step whether the next row (input) or column (score) is computed, and
  stops a run in one direction after MaxRunCount steps. Here every input frame computes exactly one column, the whole
  band at once: every place in the band is reconsidered at every frame, which Arzt, Widmer and Dixon (ECAI 2008) do
  now and then by checking backwards.
- The steps are asymmetric (Sakoe and Chiba 1978): one input frame moves the score by 0 to 3 frames. All paths then
  have the same number of terms, so ends are compared without dividing by a path length, and costs do not favour a
  diagonal. The longest step takes the place of MaxRunCount in the score's direction; in the input's direction
  holding costs a little, which keeps pauses possible and the follower from lagging.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

BAND_FRAMES = 430
"""Score frames searched on each side of the current one: 5 s at 11.6 ms (Dixon: c = 500 frames of 20 ms)."""
HOLD_COST = 0.02
"""Cost of an input frame during which the score stands still; the local cost of two frames lies in [0, 2)."""
COST_MEMORY = 0.95
"""The mean local cost forgets with this factor a frame (time constant: 20 frames)."""
UNSURE = 1.0
"""The mean local cost before anything is heard."""


class Warped(NamedTuple):
    """Where each input frame stands. Both (frames,).

    Attributes:
        score_frame: int64, index into the reference.
        mean_cost: float64, recent mean of the local cost at the estimate: 0 a perfect match, below 2 always.
    """

    score_frame: NDArray[np.int64]
    mean_cost: NDArray[np.float64]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _local_costs(
    frame: NDArray[np.float32], reference: NDArray[np.float32], squares: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Squared Euclidean distance of ``frame`` to each column of ``reference``, into ``out``."""
    square = np.float32(0)
    out[:] = 0
    for d in range(len(frame)):  # dimension by dimension: the inner loop has no sum to reorder, and vectorises
        value = frame[d]
        square += value * value
        row = reference[d]
        if value != 0:
            for j in range(len(out)):
                out[j] += value * row[j]
    for j in range(len(out)):
        out[j] = max(squares[j] + square - np.float32(2) * out[j], np.float32(0))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _column(local: NDArray[np.float32], before: NDArray[np.float64], after: NDArray[np.float64]) -> None:
    """One step of the recursion, over (band,) score frames.

    The cheapest path to frame j of the band stands at ``j + 3`` in ``before`` and ``after``; ``before`` begins with
    the three frames below the band. Written out for steps of 0 to 3, without branches, so that it vectorises.
    """
    for j in range(len(local)):
        near = min(before[j + 3] + HOLD_COST, before[j + 2])
        far = min(before[j + 1], before[j])
        after[j + 3] = min(near, far) + local[j]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _cheapest(costs: NDArray[np.float64]) -> int:
    """Index of the smallest of ``costs``, the first on ties."""
    best = 0
    for j in range(1, len(costs)):
        if costs[j] < costs[best]:
            best = j
    return best


@njit(cache=True)  # type: ignore[untyped-decorator]
def _warp(
    frames: NDArray[np.float32],
    reference: NDArray[np.float32],
    squares: NDArray[np.float32],
    paths: NDArray[np.float64],
    local: NDArray[np.float32],
    state: NDArray[np.int64],
    mean_cost: float,
    band: int,
    at: NDArray[np.int64],
    costs: NDArray[np.float64],
) -> None:
    """Follow ``frames``; ``state`` is (row of paths in use, low, high, best) and is moved on."""
    row, low, high, best = state
    length = len(squares)
    for i in range(len(frames)):
        before, after = paths[row], paths[1 - row]
        new_low, new_high = max(low, best - band), min(length, best + band + 1, high + 3)
        costs_here = local[: new_high - new_low]
        _local_costs(frames[i], reference[:, new_low:new_high], squares[new_low:new_high], costs_here)
        _column(costs_here, before[new_low : new_high + 3], after[new_low : new_high + 3])
        for j in (0, length - 1):  # waiting before the first note and after the last is free
            if new_low <= j < new_high:
                after[j + 3] = min(after[j + 3], before[j + 3] + costs_here[j - new_low])
        before[low + 3 : high + 3] = np.inf
        row, low, high = 1 - row, new_low, new_high
        best = low + _cheapest(after[low + 3 : high + 3])
        after[low + 3 : high + 3] -= after[best + 3]
        mean_cost = COST_MEMORY * mean_cost + (1 - COST_MEMORY) * costs_here[best - low]
        at[i], costs[i] = best, mean_cost
    state[0], state[1], state[2], state[3] = row, low, high, best


class OnlineWarping:
    """Aligns frames that arrive one after another with a reference known beforehand.

    Args:
        reference: (score frames, dimensions) float32, at least one frame; rows not longer than 1.
        start_frames: the path may begin at any of the first so many reference frames.
        band: reference frames searched on each side of the current one.
    """

    def __init__(self, reference: NDArray[np.float32], start_frames: int = 1, band: int = BAND_FRAMES) -> None:
        if reference.ndim != 2 or len(reference) == 0:
            raise ValueError(f"a reference of shape {reference.shape} has no frames to follow")
        self._reference = np.ascontiguousarray(reference.T, dtype=np.float32)
        self._squares = (self._reference**2).sum(axis=0)
        self._local = np.zeros(len(reference), np.float32)
        start = min(max(start_frames, 1), len(reference))
        self._paths = np.full((2, len(reference) + 3), np.inf)
        self._paths[0, 3 : start + 3] = 0
        self._state = np.array([0, 0, start, 0], np.int64)
        self._mean_cost = UNSURE
        self._band = band

    def push(self, frames: NDArray[np.float32]) -> Warped:
        """Hear (frames, dimensions) float32, any number of them, and say where each stands.

        The work for one frame is bounded by the band and independent of what came before; how frames are cut into
        calls does not change the result.
        """
        warped = Warped(np.empty(len(frames), np.int64), np.empty(len(frames)))
        if len(frames):
            frames = np.ascontiguousarray(frames, np.float32)
            arrays = (frames, self._reference, self._squares, self._paths, self._local, self._state)
            _warp(*arrays, self._mean_cost, self._band, *warped)
            self._mean_cost = float(warped.mean_cost[-1])
        return warped
