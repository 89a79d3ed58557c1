"""Optical music recognition: what an engine reads from the picture of one page, and how an engine is asked.

A ``Reading`` is to a page what ``Recording.notes`` is to a recording, without the truth: noteheads in pixels with
their pitches and their times in quarters. Anything that gives one is an engine (``OmrEngine``); engines are found by
name in ``scorebench.omr_engines``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.errors import DataError
from scorebench.score import SYSTEM_COLUMNS, as_table

READ_COLUMNS: Mapping[str, str] = {  # one row a notehead, sorted by READING_ORDER
    "system": "int64",  # counts from 0 on the page
    "measure": "int64",  # counts from 0 on the page; a measure is one bar of one system, all staves of it
    "staff": "int64",  # 0 is the top staff of its system
    "voice": "int64",  # counts from 0 within measure and staff, as far as onsets need voices
    "x_px": "float64",  # centre of the notehead on the page
    "y_px": "float64",
    "pitch": "int64",  # MIDI number as it sounds: key, accidentals, clef and octave signs applied
    "spelling": "str",  # step, #, ##, b, bb or nothing, octave: "F#4", "Bb3", "C-1"; says the same as pitch
    "onset_quarters": "float64",  # from the beginning of the page, measures laid end to end
    "duration_quarters": "float64",  # of this head alone, in its measure; 0: a grace note, at its main note's onset
    "tied": "bool",  # the right end of a tie: it does not sound again
    "confidence": "float64",  # 0 (a guess) to 1
}
MEASURE_COLUMNS: Mapping[str, str] = {
    "measure": "int64",
    "system": "int64",
    "left_px": "float64",
    "right_px": "float64",
    "onset_quarters": "float64",  # where the measure before it ends; the first begins at 0
    "duration_quarters": "float64",  # long enough for every note in it, whatever the time signature says
    "beats": "int64",  # the time signature in force: beats / beat_type
    "beat_type": "int64",
    "fifths": "int64",  # the key in force: sharps, or flats below 0
    "repeat_begins": "bool",  # a repeat sign stands where the measure begins: what is repeated begins here
    "repeat_ends": "bool",  # and where it ends: from here it goes back
    "clefs": "str",  # one a staff from the top, in force where the measure begins: "G,F"; see CLEFS
}
READING_ORDER = ("system", "onset_quarters", "staff", "pitch")
CLEFS = (*(sign + octave for sign in "GF" for octave in ("", "8va", "8vb", "15ma", "15mb")), "C1", "C2", "C", "C4")
"""What ``clefs`` can say: G on the second line, F on the fourth, C on the third, or on the line that is named."""

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ALTERS = {"": 0, "#": 1, "##": 2, "b": -1, "bb": -2}
_SPELLING = re.compile(r"([A-G])(##|#|bb|b|)(-?\d+)")
_NEGLIGIBLE = 1e-6
"""Quarters by which sums of durations may be off."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What an engine read from one page. Make it with ``as_reading``, which checks it.

    Attributes:
        notes: ``READ_COLUMNS``, sorted by ``READING_ORDER``.
        measures: ``MEASURE_COLUMNS``, in reading order.
        systems: ``SYSTEM_COLUMNS``, system and page counted from 0.
        confidence: 0 (nothing that looks like music was found: all tables are empty) to 1.
    """

    notes: pd.DataFrame
    measures: pd.DataFrame
    systems: pd.DataFrame
    confidence: float


@runtime_checkable
class OmrEngine(Protocol):
    """Something that reads the picture of a page."""

    def read(self, page: NDArray[np.uint8]) -> Reading:
        """Read ``page``, (height, width) uint8, 0 black, 255 white.

        Raises:
            DataError: this is no picture an engine can take (its shape, its size).
        """
        ...


def pitch_of(spelling: str) -> int:
    """MIDI number of a spelled pitch: "C4" is 60, "Cb4" 59, "C-1" 0.

    Raises:
        DataError: it is not spelled like that, or is no MIDI number.
    """
    step, alter, octave = split_spelling(spelling)
    pitch = _STEPS[step] + alter + 12 * (octave + 1)
    if not 0 <= pitch <= 127:
        raise DataError(f"{spelling!r} would be MIDI number {pitch}; they go from 0 to 127")
    return pitch


def split_spelling(spelling: str) -> tuple[str, int, int]:
    """Step, semitones of alteration (-2 to 2) and octave of a spelled pitch.

    Raises:
        DataError: it is not spelled like "F#4".
    """
    match = _SPELLING.fullmatch(spelling)
    if match is None:
        raise DataError(f"{spelling!r} is no pitch; they are spelled like F#4, Bb3 or C-1")
    step, alter, octave = match.groups()
    return step, _ALTERS[alter], int(octave)


def rows_of(table: pd.DataFrame) -> Iterable[Any]:
    """The rows of ``table``, each with its columns as attributes."""
    return table.itertuples()


def empty_reading() -> Reading:
    """What is read where there is no music: nothing, with confidence 0."""
    none = pd.DataFrame({c: [] for c in (*READ_COLUMNS, *MEASURE_COLUMNS, *SYSTEM_COLUMNS)})
    notes, measures, systems = (as_table(none, c, "reading") for c in (READ_COLUMNS, MEASURE_COLUMNS, SYSTEM_COLUMNS))
    return Reading(notes, measures, systems, 0.0)


def as_reading(
    notes: pd.DataFrame, measures: pd.DataFrame, systems: pd.DataFrame, confidence: float, source: str = "reading"
) -> Reading:
    """A ``Reading`` of typed, sorted tables that fit each other.

    Args:
        notes, measures, systems: with at least the columns of ``Reading``'s tables, rows in any order.
        source: what made it, for messages.

    Raises:
        DataError: a column is missing or of another kind, or a rule of the columns is broken; ``source`` is named.
    """
    read = as_table(notes, READ_COLUMNS, source).sort_values(list(READING_ORDER), kind="stable", ignore_index=True)
    bars = as_table(measures, MEASURE_COLUMNS, source).sort_values("measure", kind="stable", ignore_index=True)
    boxes = as_table(systems, SYSTEM_COLUMNS, source).sort_values("system", kind="stable", ignore_index=True)
    _demand_finite({"notes": read, "measures": bars, "systems": boxes}, confidence, source)
    _demand_measures(bars, boxes, source)
    _demand_notes(read, bars, source)
    return Reading(read, bars, boxes, float(confidence))


def _refuse(source: str, table: str, bad: "pd.Series[bool]", rule: str) -> None:
    """DataError where ``bad`` is true of a row."""
    if bad.any():
        raise DataError(f"{source}: row {int(bad.to_numpy().argmax())} of its {table}: {rule}")


def _demand_finite(tables: Mapping[str, pd.DataFrame], confidence: float, source: str) -> None:
    for name, table in tables.items():
        numbers = table.select_dtypes("float64")
        lost = pd.Series(~np.isfinite(numbers.to_numpy()).all(axis=1))
        _refuse(source, name, lost, f"{', '.join(map(str, numbers.columns))} must be finite")
    if not 0 <= confidence <= 1:
        raise DataError(f"{source}: its confidence is {confidence}; it goes from 0 to 1")
    if confidence == 0 and any(len(table) for table in tables.values()):
        raise DataError(f"{source}: confidence 0 says that nothing was read, but its tables are not empty")


def _demand_measures(bars: pd.DataFrame, boxes: pd.DataFrame, source: str) -> None:
    _refuse(source, "systems", boxes["system"] != boxes.index, "system must count from 0")
    _refuse(source, "measures", bars["measure"] != bars.index, "measure must count from 0")
    _refuse(source, "measures", ~bars["system"].isin(boxes["system"]), "there is no such system")
    _refuse(source, "measures", bars["system"].diff() < 0, "measures must count on from system to system")
    _refuse(source, "measures", bars["duration_quarters"] < 0, "duration_quarters must be 0 or more")
    ends = bars["duration_quarters"].cumsum().shift(fill_value=0.0)
    apart = (bars["onset_quarters"] - ends).abs() > _NEGLIGIBLE
    _refuse(source, "measures", apart, "onset_quarters must be where the measure before it ends")
    _refuse(source, "measures", (bars["beats"] < 1) | (bars["beat_type"] < 1), "beats / beat_type is no time signature")
    _refuse(source, "measures", bars["fifths"].abs() > 7, "fifths must be -7 to 7")
    known = bars["clefs"].map(lambda clefs: set(clefs.split(",")) <= set(CLEFS)).astype(bool)
    _refuse(source, "measures", ~known, f"clefs must be of {', '.join(CLEFS)}")


def _demand_notes(read: pd.DataFrame, bars: pd.DataFrame, source: str) -> None:
    _refuse(source, "notes", ~read["measure"].isin(bars["measure"]), "there is no such measure")
    its = bars.loc[read["measure"]].reset_index(drop=True)
    _refuse(source, "notes", read["system"] != its["system"], "its measure is in another system")
    staves = its["clefs"].str.count(",").astype("int64") + 1
    _refuse(source, "notes", ~read["staff"].between(0, staves - 1), "its measure has no clef for such a staff")
    _refuse(source, "notes", read["voice"] < 0, "voice must be 0 or more")
    wrong = [pitch_of(spelling) != pitch for spelling, pitch in zip(read["spelling"], read["pitch"], strict=True)]
    _refuse(source, "notes", pd.Series(wrong, dtype=bool), "spelling and pitch differ")
    early = read["onset_quarters"] < its["onset_quarters"] - _NEGLIGIBLE
    late = (
        read["onset_quarters"] + read["duration_quarters"]
        > its["onset_quarters"] + its["duration_quarters"] + _NEGLIGIBLE
    )
    _refuse(source, "notes", early | late | (read["duration_quarters"] < 0), "it must begin and end within its measure")
    _refuse(source, "notes", ~read["confidence"].between(0, 1), "confidence goes from 0 to 1")
