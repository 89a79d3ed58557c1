"""Datasets in the layout that the authors published: ``<piece>.npz`` beside ``<piece>.wav``, in a folder a split.

Keys read: sheets, coords (note_x, onset, system_idx, page_nr, pitch and note_y where present),
systems and bars (x, y, w, h, page_nr; x and y are centres), synthesized.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.dataset import in_order
from scorebench.errors import DataError, UsageError
from scorebench.files import sha256_file
from scorebench.safe_npz import read_npz
from scorebench.score import BAR_COLUMNS, NOTE_COLUMNS, SYSTEM_COLUMNS, Page, Recording, as_table

CHORD_SPREAD_S = 0.15
"""Notes of one chord in a performance begin within this time of its first."""

CHORD_WIDTH_PX = 10.0
"""Noteheads of one chord stand within this distance: a head is 9 px wide, seconds stand side by side."""

LONGEST_NOTE_S = 4.0
"""The layout has no durations: a note is taken to last until the next onset, at most this long."""


class AuthorsDataset:
    """A folder of npz and wav files as one split, ``full``; or of such folders, each of which is a split."""

    def __init__(self, folder: Path) -> None:
        """Look at ``folder``; files are read when they are used.

        Raises:
            UsageError: there is no npz file in it, nor in a folder in it.
        """
        self.folder = folder
        self.name = folder.resolve().name
        inner = {path.name: path for path in sorted(folder.glob("[!.]*/"))}
        self._places = {"full": folder} if _stems(folder) else {s: path for s, path in inner.items() if _stems(path)}
        if not self._places:
            raise UsageError(
                f"{folder}: no dataset here (neither dataset.json nor <piece>.npz nor <split>/<piece>.npz files)"
            )

    @cached_property
    def hash(self) -> str:
        """sha256 over the names and contents of all npz and wav files."""
        digest = hashlib.sha256()
        for place in self._places.values():
            for path in sorted([*place.glob("*.npz"), *place.glob("*.wav")]):
                name = path.relative_to(self.folder).as_posix()
                digest.update(f"{name} {sha256_file(path)}\n".encode())
        return digest.hexdigest()

    def splits(self) -> Sequence[str]:
        """``full``, or the names of the folders: Table II's first and in its order."""
        return in_order(self._places)

    def pieces(self, split: str) -> Sequence[str]:
        """File names without their endings, sorted. UsageError for an unknown split."""
        if split not in self._places:
            raise UsageError(f"{self.folder}: no split {split!r}; it has {', '.join(self.splits())}")
        return _stems(self._places[split])

    def load(self, split: str, piece: str) -> Recording:
        """One piece. Every note must lie on a system and a page that exist."""
        if piece not in self.pieces(split):
            raise UsageError(f"{self.folder}: no piece {piece!r} in {split}")
        return read_piece(self._places[split] / f"{piece}.npz", split)


def _stems(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.npz"))


def read_piece(path: Path, condition: str) -> Recording:
    """The piece stored in ``path`` with the sound beside it.

    Raises:
        DataError: a key or field is missing, or a note points at a page or system that is not there.
    """
    content = read_npz(path)
    for key in ("sheets", "coords", "systems"):
        if key not in content:
            raise DataError(f"{path}: has no {key!r}; it is not in the authors' layout")
    sheets = content["sheets"]
    if sheets.ndim != 3 or sheets.dtype != np.uint8:
        raise DataError(f"{path}: sheets are {sheets.dtype} {sheets.shape}, not uint8 (pages, height, width)")
    systems = as_table(_boxes(path, "systems", content["systems"], "system"), SYSTEM_COLUMNS, str(path))
    bars = _bars(path, content["bars"], systems) if "bars" in content else None
    deadpan = bool(content.get("synthesized", np.array(False)))
    notes = _notes(path, content["coords"], systems, len(sheets), deadpan)
    return Recording(
        piece=path.stem,
        condition=condition,
        pages=tuple(
            Page(path.stem, index, sheet, _on(systems, index), None if bars is None else _on(bars, index))
            for index, sheet in enumerate(sheets)
        ),
        notes=notes,
        read_audio=lambda: _read_audio(path.with_suffix(".wav")),
        has_score_time=deadpan and bool((notes["pitch"] >= 0).all()),
        has_durations=False,
    )


def _read_audio(path: Path) -> NDArray[np.float32]:
    from scorebench.audio import read_audio

    return read_audio(path)


def _on(boxes: pd.DataFrame, page: int) -> pd.DataFrame:
    return boxes[boxes["page"] == page].reset_index(drop=True)


def _rows(path: Path, key: str, items: Any, fields: Sequence[str]) -> pd.DataFrame:
    table = pd.DataFrame([dict(item) for item in np.atleast_1d(items) if isinstance(item, Mapping)])
    missing = [name for name in fields if name not in table.columns]
    if missing:
        raise DataError(f"{path}: {key} has no {', '.join(missing)}")
    return table


def _boxes(path: Path, key: str, items: Any, index: str) -> pd.DataFrame:
    rows = _rows(path, key, items, ("x", "y", "w", "h", "page_nr"))
    rows[index] = np.arange(len(rows))
    return rows.rename(columns={"x": "x_px", "y": "y_px", "w": "w_px", "h": "h_px", "page_nr": "page"})


def _bars(path: Path, items: Any, systems: pd.DataFrame) -> pd.DataFrame:
    """Bars, each on the system of its page that is nearest: not every file says which."""
    rows = _boxes(path, "bars", items, "bar")
    away = np.abs(rows["y_px"].to_numpy(float)[:, None] - systems["y_px"].to_numpy()[None, :])
    away[rows["page"].to_numpy()[:, None] != systems["page"].to_numpy()[None, :]] = np.inf
    rows["system"] = systems["system"].to_numpy()[away.argmin(axis=1)]
    return as_table(rows, BAR_COLUMNS, f"{path} (bars)")


def _notes(path: Path, items: Any, systems: pd.DataFrame, pages: int, deadpan: bool) -> pd.DataFrame:
    rows = _rows(path, "coords", items, ("note_x", "onset", "system_idx", "page_nr"))
    rows = rows.rename(
        columns={"note_x": "x_px", "note_y": "y_px", "onset": "onset_s", "system_idx": "system", "page_nr": "page"}
    )
    rows["note_id"] = [f"n{index}" for index in range(len(rows))]
    for name, unknown in (("y_px", np.nan), ("pitch", -1)):
        rows[name] = rows.get(name, unknown)
    rows = rows.sort_values("onset_s", kind="stable", ignore_index=True)
    rows["position"] = score_positions(rows, spread_s=0.0 if deadpan else CHORD_SPREAD_S)
    rows["duration_s"] = _until_next(rows["onset_s"].to_numpy(np.float64))
    rows["score_onset_s"] = rows["onset_s"] if deadpan else np.nan
    rows["score_duration_s"] = rows["duration_s"] if deadpan else np.nan
    rows["velocity"] = 64
    table = as_table(rows, NOTE_COLUMNS, f"{path} (coords)")
    if not table["system"].isin(systems["system"]).all() or not table["page"].between(0, pages - 1).all():
        raise DataError(f"{path}: a note lies on a system or page that the file does not have")
    return table


def _until_next(onset_s: NDArray[np.float64]) -> NDArray[np.float64]:
    distinct = np.unique(onset_s)
    after = np.append(distinct[1:], np.inf)[np.searchsorted(distinct, onset_s)] if len(distinct) else onset_s
    return np.minimum(after - onset_s, LONGEST_NOTE_S)


def score_positions(notes: pd.DataFrame, spread_s: float) -> NDArray[np.int64]:
    """Which notes are one score position, where only times and places are known.

    Notes (sorted by ``onset_s``) that begin together are; so are those that begin within ``spread_s`` of the first
    (0 where the score plays itself) and stand on the same system within ``CHORD_WIDTH_PX`` of it.
    """
    position, first = np.zeros(len(notes), np.int64), 0
    onset, x, system = (notes[c].to_numpy() for c in ("onset_s", "x_px", "system"))
    for index in range(1, len(notes)):
        together = onset[index] == onset[first]
        stacked = system[index] == system[first] and abs(x[index] - x[first]) <= CHORD_WIDTH_PX
        spread = stacked and onset[index] - onset[first] <= spread_s
        same = together or spread
        position[index] = position[index - 1] + (not same)
        first = first if same else index
    return position
