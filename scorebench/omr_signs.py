"""Signs of a measure, as music21 has them: clef, key, time and repeats."""

import importlib
from typing import Any

from scorebench.errors import MissingDependencyError

_OCTAVES = {"8va": 1, "8vb": -1, "15ma": 2, "15mb": -2}
_LINES = {"G": 2, "F": 4, "C": 3}


def music21_module(module: str) -> Any:
    """``music21.module``. MissingDependencyError where it is not installed."""
    try:
        return importlib.import_module(f"music21.{module}")
    except ImportError as error:
        raise MissingDependencyError(
            f"music21 writes scores and is not installed ({error}); pip install 'scorebench[omr]'"
        ) from error


def put_signs(measure: Any, row: Any, before: Any, staff: int) -> None:
    """Put the signs of ``row``, of a ``Reading``'s measures, into music21's ``measure``.

    Clef, key and time where they differ from those of the row ``before`` (None at the beginning), and repeats.
    """
    clef = _of_staff(row, staff)
    if clef and (before is None or _of_staff(before, staff) != clef):
        measure.insert(0, _clef(clef))
    if before is None or before.fifths != row.fifths:
        measure.insert(0, music21_module("key").KeySignature(int(row.fifths)))
    if before is None or (before.beats, before.beat_type) != (row.beats, row.beat_type):
        measure.insert(0, music21_module("meter").TimeSignature(f"{row.beats}/{row.beat_type}"))
    if row.repeat_begins:
        measure.leftBarline = music21_module("bar").Repeat(direction="start")
    if row.repeat_ends:
        measure.rightBarline = music21_module("bar").Repeat(direction="end")


def _of_staff(row: Any, staff: int) -> str:
    clefs: list[str] = row.clefs.split(",")
    return clefs[staff] if staff < len(clefs) else ""


def _clef(name: str) -> Any:
    sign, rest = name[0], name[1:]
    octave = _OCTAVES.get(rest, 0)
    line = int(rest) if rest.isdigit() else _LINES[sign]
    return music21_module("clef").clefFromString(f"{sign}{line}", octaveShift=octave)
