"""A tracker that is told the answer: the ceiling that a protocol allows."""

import numpy as np
from numpy.typing import NDArray

from scorebench.score import ScoreView
from scorebench.timebase import HOP_SAMPLES, SAMPLE_RATE, WINDOW_SAMPLES
from scorebench.tracker import Position, heard_s

BORDER_FRAMES = 1e-6
"""Onsets this near to the border of two frames count as begun in the earlier one. Theirs are seconds from the page's
start, a difference of rounded numbers, so nobody can tell into which of the two frames the protocol rounds them. To be
a frame early there costs nothing that is scored; a frame late would be the note before. A millionth of a frame is 50
nanoseconds, far more than rounding and far less than music."""


class Oracle:
    """Answers the last onset that has begun by the newest frame."""

    given = frozenset({"truth"})

    def open(self, score: ScoreView, seed: int) -> "OracleFollower":  # noqa: ARG002
        """Look at the answers."""
        return OracleFollower(score)


class OracleFollower:
    """Reads the answer off the time."""

    def __init__(self, score: ScoreView) -> None:
        truth = score.truth.sort_values("onset_s", kind="stable")
        frames = truth["onset_s"].to_numpy() * SAMPLE_RATE / HOP_SAMPLES
        self._begins = np.floor(frames - BORDER_FRAMES)
        self._x, self._y = truth["x_px"].to_numpy(), truth["y_px"].to_numpy()
        self._page = truth["page"].to_numpy()
        self._heard = 0

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """The onset that sounds in the newest frame; before any, the first."""
        self._heard += len(samples)
        # Rounded up: a sound may end within a frame, and what began in it is asked all the same.
        newest = np.ceil((self._heard - WINDOW_SAMPLES) / HOP_SAMPLES)
        now = max(int(np.searchsorted(self._begins, newest, side="right")) - 1, 0)
        return Position(
            float(self._x[now]), float(self._y[now]), page=int(self._page[now]), heard_s=heard_s(self._heard)
        )
