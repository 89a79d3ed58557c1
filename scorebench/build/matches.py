"""Performances aligned with their score note by note: ``.match`` files, read by partitura.

Nothing is aligned here. A .match file says of every note of the score which key stroke plays it, or that none does,
and of every other key stroke that it is not in the score: wrong notes, and the notes of ornaments.
"""

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scorebench.build.needs import need
from scorebench.errors import DataError

PEDAL_DOWN = 64
"""From this controller value on, the sustain pedal keeps strings sounding after their keys are released."""


@dataclass(frozen=True)
class Match:
    """One performance of one score.

    Attributes:
        strokes: one row a key stroke, by time: onset_s, duration_s (to the end of its sound, the sustain pedal
            included), pitch, velocity; the index counts from 0.
        links: one row a note of the score as it is played, in the score's order, repeats as often as they are
            played: anchor (name of the note, with what the file appends to it), beat (place in the score, in
            beats, counted through the repeats), stroke (row of ``strokes``; -1: not played).
    """

    strokes: pd.DataFrame
    links: pd.DataFrame


def read_match(path: Path) -> Match:
    """Read one .match file, of any version that partitura knows.

    Raises:
        DataError: it is missing, damaged, or holds no played note of the score; the file is named.
        MissingDependencyError: partitura is not installed.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such performance; get the source again")
    reader = match_reader()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # soft pedal lines, tracks: nothing that is used here
            lines = reader.load_matchfile(path)
            part = reader.performed_part_from_match(lines, pedal_threshold=PEDAL_DOWN)
            pairs = reader.note_alignment_from_matchfile(lines)
        strokes, rows = _strokes(part)
        links = _links(lines, pairs, rows)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OSError) as error:  # partitura's parser
        raise DataError(f"{path}: not a readable .match file ({error or type(error).__name__})") from error
    if not (links["stroke"] >= 0).any():
        raise DataError(f"{path}: none of its key strokes belongs to a note of the score")
    return Match(strokes, links)


def match_reader() -> Any:
    """partitura's module for .match files.

    partitura downloads a soundfont when it is imported beside pyfluidsynth: it must not see that package.

    Raises:
        MissingDependencyError: partitura is not installed.
    """
    absent = object()
    seen = sys.modules.get("fluidsynth", absent)
    if "partitura" not in sys.modules:
        sys.modules["fluidsynth"] = None  # type: ignore[assignment]  # Python's way to say: cannot be imported
    try:
        return need("partitura.io.importmatch", "reads performances")
    finally:
        if seen is absent:
            sys.modules.pop("fluidsynth", None)
        else:
            sys.modules["fluidsynth"] = seen  # type: ignore[assignment]


def _strokes(part: Any) -> tuple[pd.DataFrame, dict[str, int]]:
    """The key strokes by time, and the row of each by its name."""
    notes = sorted(part.notes, key=lambda n: (n["note_on"], n["midi_pitch"], str(n["id"])))
    onset = np.array([n["note_on"] for n in notes], np.float64)
    end = np.array([max(n["sound_off"], n["note_off"]) for n in notes], np.float64)
    table = pd.DataFrame(
        {
            "onset_s": onset,
            "duration_s": np.maximum(end - onset, 0.0),
            "pitch": np.array([n["midi_pitch"] for n in notes], np.int64),
            "velocity": np.clip([n["velocity"] for n in notes], 1, 127).astype(np.int64),
        }
    )
    return table, {str(n["id"]): row for row, n in enumerate(notes)}


def _links(lines: Any, pairs: list[dict[str, str]], rows: dict[str, int]) -> pd.DataFrame:
    """The score's notes in its order, each with its key stroke."""
    beat = {str(note.Anchor): float(note.OnsetInBeats) for note in lines.snotes}
    named = [
        (p["score_id"], rows[p["performance_id"]] if p["label"] == "match" else -1) for p in pairs if "score_id" in p
    ]
    table = pd.DataFrame(named, columns=["anchor", "stroke"]).drop_duplicates("anchor")
    table["beat"] = table["anchor"].map(beat)
    table = table.sort_values(["beat", "anchor"], kind="stable").reset_index(drop=True)
    return table[["anchor", "beat", "stroke"]].astype({"anchor": str, "beat": float, "stroke": "int64"})
