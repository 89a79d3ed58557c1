"""The built-in engine: a picture to a ``Reading``."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baselines.omr.recogniser.columns import QUARTER
from baselines.omr.recogniser.layout import System
from baselines.omr.recogniser.look import look, marker, weights_sha256
from baselines.omr.recogniser.marks import Marks, find_marks
from baselines.omr.recogniser.music import ReadMeasure, read_music
from baselines.omr.recogniser.picture import Prepared, prepare
from baselines.omr.recogniser.stems import with_counted
from scorebench.omr import Reading, as_reading, empty_reading

FEWEST_NOTES = 3
"""A page with fewer heads is no music."""


class BuiltIn:
    """The engine that needs no other program.

    Attributes:
        identity: the sha256 of its weights.
    """

    def __init__(self) -> None:
        self.identity = {"weights_sha256": weights_sha256()}

    def read(self, page: NDArray[np.uint8]) -> Reading:
        """Read ``page``, (height, width) uint8, 0 black, 255 white; what holds no staves gives confidence 0.

        Raises:
            DataError: it is not a grey picture, or too small.
            MissingDependencyError: torch is not installed.
        """
        prepared = prepare(page)
        if prepared is None:
            return empty_reading()
        return reading(prepared, find_marks(look(marker(), prepared.ink)))


def reading(prepared: Prepared, marks: Marks) -> Reading:
    """What the marks on a prepared page mean."""
    systems, measures = read_music(prepared.systems, with_counted(marks), prepared.ink)
    notes = _notes(prepared, measures)
    if len(notes) < FEWEST_NOTES:
        return empty_reading()
    confidence = float(np.clip(notes["confidence"].mean(), 0.01, 1))
    return as_reading(notes, _measures(prepared, measures), _systems(prepared, systems), confidence, "built-in")


def _quarters(measures: Sequence[ReadMeasure]) -> list[float]:
    """Where each measure begins."""
    return [float(t) / QUARTER for t in np.cumsum([0, *(m.ticks for m in measures)])[:-1]]


def _notes(prepared: Prepared, measures: Sequence[ReadMeasure]) -> pd.DataFrame:
    rows = []
    for number, (measure, begin) in enumerate(zip(measures, _quarters(measures), strict=True)):
        for note in measure.notes:
            mark = note.placed.mark
            x, y = prepared.to_page(mark.x, mark.y)
            rows.append(
                {
                    "system": measure.system,
                    "measure": number,
                    "staff": note.placed.staff,
                    "voice": note.voice,
                    "x_px": x,
                    "y_px": y,
                    "pitch": note.pitch.midi,
                    "spelling": note.pitch.spelling,
                    "onset_quarters": begin + note.onset / QUARTER,
                    "duration_quarters": note.length / QUARTER,
                    "tied": note.tied,
                    "confidence": float(np.clip(mark.chance, 0, 1)),
                }
            )
    return pd.DataFrame(rows)


def _measures(prepared: Prepared, measures: Sequence[ReadMeasure]) -> pd.DataFrame:
    middle = [prepared.systems[m.system][0].middle for m in measures]
    rows = [
        {
            "measure": number,
            "system": measure.system,
            "left_px": prepared.to_page(measure.left, y)[0],
            "right_px": prepared.to_page(measure.right, y)[0],
            "onset_quarters": begin,
            "duration_quarters": measure.ticks / QUARTER,
            "beats": measure.metre.beats,
            "beat_type": measure.metre.unit,
            "fifths": measure.fifths,
            "repeat_begins": measure.repeat_begins,
            "repeat_ends": measure.repeat_ends,
            "clefs": ",".join(measure.clefs),
        }
        for number, (measure, begin, y) in enumerate(zip(measures, _quarters(measures), middle, strict=True))
    ]
    return pd.DataFrame(rows)


def _systems(prepared: Prepared, systems: Sequence[System]) -> pd.DataFrame:
    rows = []
    for number, system in enumerate(systems):
        left, top = prepared.to_page(system.left, system.staves[0].top)
        right, bottom = prepared.to_page(system.right, system.staves[-1].bottom)
        centre = {"x_px": (left + right) / 2, "y_px": (top + bottom) / 2}
        rows.append({"system": number, "page": 0, **centre, "w_px": right - left, "h_px": bottom - top})
    return pd.DataFrame(rows)
