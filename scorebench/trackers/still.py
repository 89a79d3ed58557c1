"""A tracker that never moves: what standing still is worth."""

import numpy as np
from numpy.typing import NDArray

from scorebench.score import ScoreView
from scorebench.tracker import Position, heard_s


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
        return Position(0.0, 0.0, confidence=0.0, heard_s=heard_s(self._heard))
