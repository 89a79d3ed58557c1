"""A tracker that keeps a steady pace: what knowing the length is worth."""

import numpy as np
from numpy.typing import NDArray

from scorebench.score import ScoreView
from scorebench.timebase import SAMPLE_RATE, WINDOW_SAMPLES
from scorebench.tracker import Position, heard_s


class Steady:
    """Walks along the systems, laid end to end, at constant speed, and arrives as the sound ends."""

    given = frozenset({"duration", "systems"})

    def open(self, score: ScoreView, seed: int) -> "SteadyFollower":  # noqa: ARG002
        """Measure the way."""
        return SteadyFollower(score)


class SteadyFollower:
    """Knows how far along it is by how much it has heard."""

    def __init__(self, score: ScoreView) -> None:
        systems = score.systems.sort_values(["page", "system"])
        self._left = (systems["x_px"] - systems["w_px"] / 2).to_numpy()
        self._width, self._height = systems["w_px"].to_numpy(), systems["h_px"].to_numpy()
        self._y, self._page = systems["y_px"].to_numpy(), systems["page"].to_numpy()
        self._begins = np.concatenate([[0.0], np.cumsum(self._width)])  # of each system on the way, then its end
        self._duration_s = max(score.duration, 1 / SAMPLE_RATE)
        self._heard = 0

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """The place that the share of the sound heard so far corresponds to."""
        self._heard += len(samples)
        # A frame's answer is about the time at which its window begins.
        now_s = max(self._heard - WINDOW_SAMPLES, 0) / SAMPLE_RATE
        way = self._begins[-1] * min(now_s / self._duration_s, 1.0)
        on = min(int(np.searchsorted(self._begins, way, side="right")) - 1, len(self._y) - 1)
        return Position(
            x_px=float(self._left[on] + min(way - self._begins[on], self._width[on])),
            y_px=float(self._y[on]),
            h_px=float(self._height[on]),
            page=int(self._page[on]),
            confidence=0.0,
            heard_s=heard_s(self._heard),
        )
