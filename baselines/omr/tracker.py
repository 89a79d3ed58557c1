"""``omr``: read the page, play what was read, and follow by on-line time warping against that sound.

The baseline "OMR" of Henkel & Widmer (2021): told nothing, it has the notes from an engine of optical music
recognition, where ``score-dtw`` is told the true ones. The warping is that of ``score-dtw``, at several tempi at once.
"""

import hashlib
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baselines.dtw.printed import places, reference, timed
from baselines.omr.printed import PRINTED_TEMPO, printed
from baselines.omr.tempi import Rendering, TempiFollower
from scorebench.omr import OmrEngine, Reading
from scorebench.omr_engines import DEFAULT, load_engine
from scorebench.score import ScoreView
from scorebench.tracker import Follower, Position, heard_s

QUARTERS_A_MINUTE = (120.0, 75.0, 192.0, 47.0)
"""The tempi at which a reading is played, the likeliest first; each is 1.6 times the next. Where there are repeat signs
it is played once more at each, with what they repeat."""


class OmrTracker:
    """Reads the page, plays what it read at several tempi, and follows by on-line warping; ``seed`` changes nothing.

    Attributes:
        identity: the engine, and what it says of itself.
    """

    given: frozenset[str] = frozenset()

    def __init__(self, engine: OmrEngine, name: str = "unnamed") -> None:
        self._engine = engine
        self._readings: dict[str, Reading] = {}
        self.identity = {"engine": name, **getattr(engine, "identity", {})}

    def open(self, score: ScoreView, seed: int) -> Follower:  # noqa: ARG002
        """Read the pages of ``score`` and render what they say, in one.

        Raises:
            ScorebenchError: the engine cannot take a page, or there is no synthesiser or soundfont.
        """
        readings = [self._read(page) for page in score.pages]
        known = [printed(readings)]
        if known[0].empty:
            height, width = score.pages[0].shape
            return NothingRead(width / 2, height / 2)
        heights = tuple(page.shape[0] for page in score.pages)
        confidence = min(reading.confidence for reading in readings if reading.confidence > 0)
        if any(reading.measures["repeat_ends"].any() for reading in readings):
            known.append(printed(readings, with_repeats=True))
        renderings = [_render(notes, tempo, heights) for notes in known for tempo in QUARTERS_A_MINUTE]
        return TempiFollower(renderings, confidence)

    def _read(self, page: NDArray[np.uint8]) -> Reading:
        """What the engine reads; a page that is opened again is not read again."""
        key = hashlib.sha256(page.tobytes() + repr(page.shape).encode()).hexdigest()
        if key not in self._readings:
            self._readings[key] = self._engine.read(page.copy())
        return self._readings[key]


def omr(engine: str = DEFAULT) -> OmrTracker:
    """The tracker, with the engine of this name.

    Raises:
        UsageError: there is no such engine.
        ScorebenchError: it is not installed; the message says how.
    """
    return OmrTracker(load_engine(engine), engine)


omr_audiveris, omr_homr, omr_oemer = (partial(omr, name) for name in ("audiveris", "homr", "oemer"))


def _render(notes: pd.DataFrame, quarters_a_minute: float, page_heights_px: tuple[int, ...]) -> Rendering:
    """``notes``, as ``printed`` gives them, played at one tempo."""
    faster = quarters_a_minute / PRINTED_TEMPO
    times = {name: notes[name] / faster for name in ("score_onset_s", "score_duration_s")}
    known = timed(notes.assign(**times))
    return Rendering(reference(known), places(known, page_heights_px))


class NothingRead:
    """Stands in the middle of a page on which no note was read, and says that it does not know."""

    def __init__(self, x_px: float, y_px: float) -> None:
        self._x_px, self._y_px, self._samples = x_px, y_px, 0

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """The middle of the page, with confidence 0."""
        self._samples += len(samples)
        return Position(self._x_px, self._y_px, confidence=0.0, heard_s=heard_s(self._samples))
