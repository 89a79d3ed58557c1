"""A tracker that never moves: what standing still is worth."""

import numpy as np
from numpy.typing import NDArray

from scorebench.score import ScoreView
from scorebench.timebase import samples_heard
from scorebench.tracker import Position, Positions, heard_s


class Still:
    """Stays in the top left corner of the page, and so on its first onset."""

    given: frozenset[str] = frozenset()

    def open(self, score: ScoreView, seed: int) -> "StillFollower":  # noqa: ARG002
        """Nothing to prepare."""
        return StillFollower()


class StillFollower:
    """Counts what it hears and stays where it is."""

    def __init__(self) -> None:
        self._heard = 0

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """The top left corner."""
        self._heard += len(samples)
        return self._after(self._heard)

    def follow(self, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
        """The same for every one of ``frames``."""
        return Positions.from_list(frames, [self._after(min(samples_heard(int(f)), len(audio))) for f in frames])

    def _after(self, heard: int) -> Position:
        """The answer once ``heard`` samples have been heard."""
        return Position(0.0, 0.0, confidence=0.0, heard_s=heard_s(heard))
