"""Pages to play on, and pages as they are played once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.rl.performing import Performance, performance_of
from baselines.rl.rules import THRESHOLD_PX, Standing
from baselines.rl.views import Sheet, Sound
from baselines.strip.material import StripPage

ASIDE_PX = (12.0, 60.0)
"""In practice an agent begins beside the music: by a normal distribution of either width, as often."""
SPEED_ASIDE = 3.0
"""And with a speed beside that of the music, px a frame."""
_AROUND = 8
"""Frames before and after over which the speed of the music is taken."""


@dataclass(frozen=True, eq=False)
class Round:
    """A page as it is played once.

    Attributes:
        name: piece and page.
        sheet: what is seen, ``sound``: what is heard.
        music_at: (frames,) float64, where along the strip the music is, px.
        onset_frame: (onsets,) int64, ascending; at the last one the game ends.
    """

    name: str
    sheet: Sheet
    sound: Sound
    music_at: NDArray[np.float64]
    onset_frame: NDArray[np.int64]

    @property
    def last(self) -> int:
        """Frame at which the game ends."""
        return int(self.onset_frame[-1])

    def observe(self, standing: Standing) -> dict[str, NDArray[np.float32]]:
        """What is heard and seen: ``perf`` (2, 78, 40) and ``score`` (2, 80, 256)."""
        return {
            "perf": self.sound.view(standing.frame),
            "score": self.sheet.view(standing.place, standing.place_before),
        }

    def error_px(self, standing: Standing) -> float:
        """How far an agent is ahead of the music."""
        return float(standing.place - self.music_at[min(standing.frame, len(self.music_at) - 1)])


@dataclass(frozen=True, eq=False)
class Board:
    """A page to play on, as often as one likes."""

    page: StripPage
    sheet: Sheet

    @classmethod
    def of(cls, page: StripPage) -> "Board":
        """``page``, ready to be looked at."""
        return cls(page, Sheet(page.strip.image))

    def played(self, performance: Performance | None = None) -> Round:
        """The page as it was recorded, or in a ``performance`` of as many frames."""
        played = self.page.played() if performance is None else self.page.played(performance.moments, performance.gain)
        return Round(self.page.name, self.sheet, Sound(played.spectrum), played.at_frame, played.onset_frame)


def observe_all(rounds: Sequence[Round], standings: Sequence[Standing]) -> dict[str, NDArray[np.float32]]:
    """What is heard and seen in n rounds: ``perf`` (n, 2, 78, 40) and ``score`` (n, 2, 80, 256)."""
    views = [played.observe(standing) for played, standing in zip(rounds, standings, strict=True)]
    return {name: np.stack([view[name] for view in views]) for name in ("perf", "score")}


def practised(board: Board, random: np.random.Generator) -> Round:
    """A round of practice on ``board``: no two are played alike."""
    return board.played(performance_of(board.page.frames, random))


def somewhere(played: Round, random: np.random.Generator) -> Standing:
    """An agent within a page, at any frame before the last onset, beside the music and not lost."""
    frame = int(random.integers(max(played.last, 1)))
    begin, end = max(frame - _AROUND, 0), min(frame + _AROUND, played.last)
    music_speed = (played.music_at[end] - played.music_at[begin]) / max(end - begin, 1)
    speed = round(max(music_speed, 0.0) + random.normal(0, SPEED_ASIDE))
    aside = random.normal(0, ASIDE_PX[int(random.integers(2))])
    aside = float(np.clip(aside, -THRESHOLD_PX + 1, THRESHOLD_PX - 1))
    place = int(np.clip(round(played.music_at[frame] + aside), 0, played.sheet.columns - 1))
    place_before = int(np.clip(place - speed, 0, played.sheet.columns - 1))
    return Standing(frame, place, speed, place_before)
