"""Following at a tempo that nobody told: the reading is played at several, and each is warped; the best fit answers.

One reference played much slower or faster than the performance still leads to the right bar, but not to the right
note: in a room, with a reference 1.6 times too slow, 82 of 100 onsets were within 0.1 s instead of 94 (docs/omr.md).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from baselines.dtw.features import HOP_SAMPLES, FeatureStream
from baselines.dtw.printed import LEAD_IN_S, Places
from baselines.dtw.tracker import answer
from baselines.dtw.warping import UNSURE, OnlineWarping
from scorebench.timebase import SAMPLE_RATE, samples_heard
from scorebench.tracker import Position, Positions

PATIENCE_S = 6.0
"""Time constant of the mean cost by which tempi are compared."""


class Rendering(NamedTuple):
    """What was read, played at one tempo.

    Attributes:
        features: (score frames, dimensions) float32.
        where: the score positions in the time of those features.
    """

    features: NDArray[np.float32]
    where: Places


class _Chosen(NamedTuple):
    """Which rendering answers at each of some hops, and what it says. All (hops,)."""

    rendering: NDArray[np.int64]
    score_frame: NDArray[np.int64]
    mean_cost: NDArray[np.float64]


class TempiFollower:
    """Follows one performance by the rendering that has fitted best in the last seconds.

    Args:
        renderings: the likeliest tempo first: it answers where all fit alike, as in silence.
        confidence: no answer is surer; 0 to 1.
    """

    def __init__(self, renderings: Sequence[Rendering], confidence: float) -> None:
        self._renderings, self._confidence = renderings, confidence
        self._restart()

    def _restart(self) -> None:
        start = int(LEAD_IN_S * SAMPLE_RATE) // HOP_SAMPLES + 1
        self._ears = FeatureStream()
        self._warpings = [OnlineWarping(each.features, start_frames=start) for each in self._renderings]
        self._costs = np.full(len(self._warpings), UNSURE)
        self._samples = 0
        self._last: tuple[int, int, float] = (0, 0, UNSURE)

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """Where the music is after ``samples``, any number of them; before the first, at the first position."""
        self._samples += len(samples)
        chosen = self._push(samples)
        if len(chosen.rendering):
            self._last = int(chosen.rendering[-1]), int(chosen.score_frame[-1]), float(chosen.mean_cost[-1])
        return self._answer(*self._last, self._samples)

    def follow(self, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
        """Answers at ``frames`` of ``audio``, heard from its beginning: those of ``hear``, faster."""
        self._restart()
        heard = [min(samples_heard(int(frame)), len(audio)) for frame in frames]
        chosen = self._push(audio[: max(heard, default=0)])
        said = zip(*(column.tolist() for column in chosen), strict=True)
        hops: list[tuple[int, int, float]] = [self._last, *((which, at, cost) for which, at, cost in said)]
        rows = (self._answer(*hops[samples // HOP_SAMPLES], samples) for samples in heard)
        positions = Positions.from_list(frames, rows)
        self._restart()
        return positions

    def _push(self, samples: NDArray[np.float32]) -> _Chosen:
        frames = self._ears.push(samples)
        warped = [warping.push(frames) for warping in self._warpings]
        costs = np.stack([each.mean_cost for each in warped])
        chosen = np.empty(len(frames), np.int64)
        memory = float(np.exp(-HOP_SAMPLES / (SAMPLE_RATE * PATIENCE_S)))
        for hop in range(len(frames)):
            self._costs = memory * self._costs + (1 - memory) * costs[:, hop]
            chosen[hop] = self._costs.argmin()
        hops = np.arange(len(frames))
        return _Chosen(chosen, np.stack([each.score_frame for each in warped])[chosen, hops], costs[chosen, hops])

    def _answer(self, rendering: int, score_frame: int, mean_cost: float, samples: int) -> Position:
        said = answer(self._renderings[rendering].where, score_frame, mean_cost, samples)
        return replace(said, confidence=said.confidence * self._confidence)
