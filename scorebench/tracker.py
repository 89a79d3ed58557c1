"""The tracker interface: small enough to remember.

``Tracker.open(score, seed)`` gives a ``Follower``; ``Follower.hear(samples)`` gives the newest
``Position``. Three optional fast paths must give the same answers (`scorebench check-tracker`):
``Follower.follow(audio, frames)``, ``Tracker.follow_many(jobs)`` and ``Tracker.follow_seeds(..., seeds)``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.errors import TrackerError
from scorebench.score import ScoreView
from scorebench.timebase import SAMPLE_RATE, samples_heard

POSITION_COLUMNS = ("x_px", "y_px", "w_px", "h_px", "page", "confidence", "heard_s")


@dataclass(frozen=True)
class Position:
    """Where the music is: a box on a page.

    Attributes:
        x_px, y_px: centre of the box in page pixels.
        w_px, h_px: its size; 0 where a tracker points instead of boxing.
        page: index into ``ScoreView.pages``.
        confidence: 0 (a guess) to 1.
        heard_s: seconds of sound the answer is based on.
    """

    x_px: float
    y_px: float
    w_px: float = 0.0
    h_px: float = 0.0
    page: int = 0
    confidence: float = 1.0
    heard_s: float = 0.0


@dataclass(frozen=True)
class Positions:
    """A trajectory: one position for each frame asked for. All arrays are (frames,).

    Attributes:
        frame: int64, counted from the first sample heard; x_px to heard_s as in ``Position``.
    """

    frame: NDArray[np.int64]
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    w_px: NDArray[np.float64]
    h_px: NDArray[np.float64]
    page: NDArray[np.int64]
    confidence: NDArray[np.float64]
    heard_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def from_list(cls, frames: Sequence[int] | NDArray[np.int64], rows: Iterable[Position]) -> "Positions":
        """Stack ``rows``, the answers at ``frames``."""
        table = np.array([[getattr(p, c) for c in POSITION_COLUMNS] for p in rows], dtype=np.float64)
        x, y, w, h, page, confidence, heard = table.reshape(-1, len(POSITION_COLUMNS)).T
        return cls(np.asarray(frames, np.int64), x, y, w, h, page.astype(np.int64), confidence, heard)

    def to_table(self) -> pd.DataFrame:
        """A frame with the columns ``frame`` and ``POSITION_COLUMNS``."""
        return pd.DataFrame({c: getattr(self, c) for c in ("frame", *POSITION_COLUMNS)})


@runtime_checkable
class Follower(Protocol):
    """One performance being followed. May also have the fast path ``follow``."""

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """Take any number of new samples (float32, 22 050 Hz) and give the newest position."""
        ...


@runtime_checkable
class FastFollower(Follower, Protocol):
    """A follower that answers for a whole sound at once."""

    def follow(self, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
        """Answers at ``frames`` (ascending) of ``audio``; equal to hearing it piece by piece."""
        ...


@runtime_checkable
class Tracker(Protocol):
    """A score follower. ``given`` names what it is told beyond the page (``score.GIVEN``)."""

    given: frozenset[str]

    def open(self, score: ScoreView, seed: int) -> Follower:
        """Prepare to follow a performance of ``score``; ``seed`` decides all randomness."""
        ...


Job = tuple[ScoreView, NDArray[np.float32], NDArray[np.int64]]
"""(score, audio (samples,), frames (frames,)): one page to follow."""


@runtime_checkable
class BatchTracker(Tracker, Protocol):
    """A tracker that follows many pages at once, for a GPU."""

    def follow_many(self, jobs: Sequence[Job], seed: int) -> list[Positions]:
        """One trajectory a job; equal to opening and following each by itself."""
        ...


@runtime_checkable
class SeedsTracker(Tracker, Protocol):
    """A tracker that follows a page with many seeds at once: where it draws its answers, a table shows several."""

    def follow_seeds(
        self, score: ScoreView, audio: NDArray[np.float32], frames: NDArray[np.int64], seeds: Sequence[int]
    ) -> list[Positions]:
        """One trajectory a seed; equal to opening with each and following."""
        ...


def stream(follower: Follower, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
    """Feed ``audio`` up to each of ``frames`` (ascending) and collect the answers."""
    heard, rows = 0, []
    for frame in frames:
        until = min(samples_heard(int(frame)), len(audio))
        rows.append(follower.hear(audio[heard:until]))
        heard = until
    return Positions.from_list(frames, rows)


def follow(
    tracker: Tracker, score: ScoreView, audio: NDArray[np.float32], frames: NDArray[np.int64], seed: int
) -> Positions:
    """Open ``score`` and follow ``audio``, by the fast path where there is one.

    Raises:
        TrackerError: the answers are not one finite position for each frame.
    """
    follower = tracker.open(score, seed)
    if isinstance(follower, FastFollower):
        positions = follower.follow(audio, frames)
    else:
        positions = stream(follower, audio, frames)
    validate(positions, frames)
    return positions


def validate(positions: Positions, frames: NDArray[np.int64]) -> None:
    """Refuse a trajectory that does not answer ``frames`` with finite numbers."""
    if not np.array_equal(positions.frame, frames):
        raise TrackerError(f"asked for {len(frames)} frames, the tracker answered {len(positions)} others")
    for name in POSITION_COLUMNS:
        values = getattr(positions, name)
        if len(values) != len(frames) or not np.isfinite(values).all():
            raise TrackerError(f"the tracker's {name} is not one finite number for each frame")


def heard_s(samples: int) -> float:
    """Seconds that ``samples`` samples last."""
    return samples / SAMPLE_RATE
