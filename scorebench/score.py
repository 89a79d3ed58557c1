"""Pages, systems and notes: what is printed, and what of it a tracker may see.

Tables are pandas frames with fixed, typed columns (units in their names). Coordinates are pixels of
the page image, origin in its top left corner; a box is given by its centre and its size.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.errors import DataError, NotGivenError

GIVEN = ("systems", "bars", "notes", "duration", "truth")
"""What a tracker can be told beyond the page image."""

SYSTEM_COLUMNS: Mapping[str, str] = {
    "system": "int64",  # counts through the piece, in reading order
    "page": "int64",
    "x_px": "float64",  # centre of the box
    "y_px": "float64",
    "w_px": "float64",
    "h_px": "float64",
}
BAR_COLUMNS: Mapping[str, str] = {"bar": "int64", **SYSTEM_COLUMNS}
PRINTED_COLUMNS: Mapping[str, str] = {
    "note_id": "str",
    "page": "int64",
    "system": "int64",
    "position": "int64",  # score position: notes that begin together share it; counts in playing order
    "pitch": "int64",  # MIDI number
    "x_px": "float64",  # centre of the notehead
    "y_px": "float64",  # centre of the notehead, NaN where a dataset does not know it
    "score_onset_s": "float64",  # when the score alone is played straight through; NaN if unknown
    "score_duration_s": "float64",
}
NOTE_COLUMNS: Mapping[str, str] = {
    **PRINTED_COLUMNS,
    "onset_s": "float64",  # in the recording at hand; NaN: printed, but not played
    "duration_s": "float64",
    "velocity": "int64",
}
ONSET_COLUMNS: Mapping[str, str] = {
    "onset_s": "float64",
    "page": "int64",
    "system": "int64",
    "position": "int64",
    "x_px": "float64",  # mean over the noteheads that begin here
    "y_px": "float64",  # centre of the system
}


def as_table(rows: pd.DataFrame, columns: Mapping[str, str], source: str) -> pd.DataFrame:
    """``rows`` with exactly ``columns``, in that order and of those types.

    Raises:
        DataError: a column is missing or holds values of another kind; ``source`` is named.
    """
    missing = [c for c in columns if c not in rows.columns]
    if missing:
        raise DataError(f"{source}: column(s) {', '.join(missing)} missing; build the dataset again")
    try:
        return rows[list(columns)].astype(dict(columns)).reset_index(drop=True)
    except (ValueError, TypeError) as error:
        raise DataError(f"{source}: a column has values of the wrong kind ({error})") from error


@dataclass(frozen=True)
class Page:
    """One score image of a piece.

    Attributes:
        piece: name of the piece; ``index`` counts its pages from 0.
        image: (height, width) uint8, 0 black, 255 white.
        systems: ``SYSTEM_COLUMNS``, the systems of this page only.
        bars: ``BAR_COLUMNS`` of this page, or None where the dataset has none.
    """

    piece: str
    index: int
    image: NDArray[np.uint8]
    systems: pd.DataFrame
    bars: pd.DataFrame | None = None


@dataclass(frozen=True)
class Recording:
    """One piece as it sounds in one condition: what a run walks over.

    Attributes:
        notes: ``NOTE_COLUMNS``, every printed note that the score sounds, in playing order.
        read_audio: gives (samples,) float32 in [-1, 1] at 22 050 Hz. Reads the file when called.
        has_score_time: whether ``score_onset_s`` is known, so that ``notes`` may be given.
        has_durations: whether ``duration_s`` is known, and not a guess.
    """

    piece: str
    condition: str
    pages: tuple[Page, ...]
    notes: pd.DataFrame
    read_audio: Callable[[], NDArray[np.float32]]
    has_score_time: bool = True
    has_durations: bool = True

    def onsets(self) -> pd.DataFrame:
        """One row a played score position (``ONSET_COLUMNS``), at its first note, by time."""
        return onsets_of(self.notes, pd.concat([p.systems for p in self.pages]))


def onsets_of(notes: pd.DataFrame, systems: pd.DataFrame) -> pd.DataFrame:
    """Score positions of ``notes`` (``NOTE_COLUMNS``) as ``ONSET_COLUMNS``, sorted by time."""
    played = notes[notes["onset_s"].notna()]
    rows = played.groupby("position", sort=True).agg(
        onset_s=("onset_s", "min"), page=("page", "first"), system=("system", "first"), x_px=("x_px", "mean")
    )
    rows = rows.reset_index().merge(systems[["system", "y_px"]], on="system", how="left")
    rows = rows.sort_values(["onset_s", "position"], kind="stable")
    return as_table(rows, ONSET_COLUMNS, "onsets")


@dataclass(frozen=True)
class ScoreView:
    """What a tracker sees of a score: the page images, and only what its ``given`` declares.

    Attributes:
        pages: one (height, width) uint8 image a page, 0 black. The benchmark opens one at a time.
        told: the given things by name, for those declared; reading another raises NotGivenError.
    """

    pages: tuple[NDArray[np.uint8], ...]
    told: Mapping[str, Any] = field(default_factory=dict)

    def _get(self, name: str) -> Any:
        if name not in self.told:
            declared = ", ".join(sorted(self.told)) or "nothing"
            raise NotGivenError(f"the tracker read {name!r} but is given {declared}: declare it in `given`")
        return self.told[name]

    def _table(self, name: str) -> pd.DataFrame:
        table: pd.DataFrame = self._get(name)
        return table

    @property
    def systems(self) -> pd.DataFrame:
        """``SYSTEM_COLUMNS``; ``system`` and ``page`` count from 0 within this view."""
        return self._table("systems")

    @property
    def bars(self) -> pd.DataFrame:
        """``BAR_COLUMNS``, counted from 0 within this view."""
        return self._table("bars")

    @property
    def notes(self) -> pd.DataFrame:
        """``PRINTED_COLUMNS``: the printed notes with the score's own time, not the performer's."""
        return self._table("notes")

    @property
    def duration(self) -> float:
        """Seconds of sound that will be heard on this view."""
        return float(self._get("duration"))

    @property
    def truth(self) -> pd.DataFrame:
        """``ONSET_COLUMNS`` with ``onset_s`` counted from the first sample that will be heard."""
        return self._table("truth")
