"""The page store: a dataset as a folder of pictures, typed tables and FLAC files. Nothing in it is pickled.

dataset.json                       name, version, hash, definition, tools, sha256 of every other file
splits/<split>.txt                 names of pieces, one a line
pieces/<piece>/piece.json          title, composer, conditions: {split: {audio, timing}}, samples: {audio: n}
               page_000.png ...    8-bit grey
               systems.parquet     SYSTEM_COLUMNS;  bars.parquet (may be absent): BAR_COLUMNS
               notes.parquet       PRINTED_COLUMNS
               timing_<t>.parquet  note_id, onset_s (NaN: not played), duration_s, velocity
               <audio>.flac        22 050 Hz mono
rooms/...                          impulse responses to train in (may be absent; no part of the hash)
"""

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.dataset import in_order
from scorebench.errors import DataError, UsageError
from scorebench.files import sha256_file
from scorebench.score import BAR_COLUMNS, NOTE_COLUMNS, PRINTED_COLUMNS, SYSTEM_COLUMNS, Page, Recording, as_table

INDEX = "dataset.json"
"""The file that makes a folder a page store; written last."""

ROOMS = "rooms"
SOUND = ".flac"

FORMAT = 1
"""Raised when a reader of the old format would misread the new one."""

TIMING_COLUMNS: Mapping[str, str] = {
    "note_id": "str",
    "onset_s": "float64",
    "duration_s": "float64",
    "velocity": "int64",
}


class StoreDataset:
    """A page store on disk. Files are read when they are used, and only as the index says they were built.

    Attributes:
        facts: what dataset.json says: version, definition, tools.
        titles: what tables call its splits, for those its definition has a name for.
        rooms: folder with impulse responses to train in, which may not be there.
    """

    def __init__(self, root: Path) -> None:
        """Read the index of the store in ``root``.

        Raises:
            DataError: the index is missing, damaged, or of a newer format.
        """
        self.root, self.rooms = root, root / ROOMS
        self.facts = _read_json(root / INDEX)
        missing = {"name", "version", "hash", "format", "files"} - self.facts.keys()
        if missing or self.facts["format"] != FORMAT:
            raise DataError(f"{root / INDEX}: not a page store of format {FORMAT}; build or get the dataset again")
        self.name = _file_name(self.facts["name"], root / INDEX)
        self.hash: str = self.facts["hash"]
        conditions = self.facts.get("definition", {}).get("conditions", {})
        self.titles = {split: about["title"] for split, about in conditions.items() if "title" in about}

    def split_hash(self, split: str) -> str:
        """sha256 (hex) over the files of the pieces of ``split``, from the index: other pieces do not change it."""
        folders = tuple(f"pieces/{piece}/" for piece in self.pieces(split))
        files: dict[str, str] = self.facts["files"]
        lines = "".join(f"{files[path]}  {path}\n" for path in sorted(files) if path.startswith(folders))
        return hashlib.sha256(f"{split}\n{lines}".encode()).hexdigest()

    def splits(self) -> Sequence[str]:
        """Names of the splits, Table II's first and in its order."""
        return in_order(path.stem for path in (self.root / "splits").glob("*.txt"))

    def pieces(self, split: str) -> Sequence[str]:
        """Names of the pieces of ``split``, sorted. UsageError for an unknown split, DataError for a changed list."""
        if split not in self.splits():
            raise UsageError(f"{self.name} has no split {split!r}; {_near(split, self.splits())}")
        path = self.root / "splits" / f"{split}.txt"
        self._demand_unchanged(path)
        try:
            return sorted(_file_name(name, path) for name in path.read_text(encoding="utf-8").split())
        except (OSError, UnicodeDecodeError) as error:
            raise _damaged(path, error) from error

    def _demand_unchanged(self, *paths: Path) -> None:
        """What is read is what the hash stands for. DataError for the first file that is not."""
        for path in paths:
            try:
                found = sha256_file(path)
            except OSError as error:
                raise _damaged(path, error) from error
            if found != self.facts["files"].get(path.relative_to(self.root).as_posix()):
                raise DataError(f"{path}: not as it was built (other sha256 than in {INDEX}); build or get it again")

    def load(self, split: str, piece: str) -> Recording:
        """One piece in the condition of ``split``. Reads images and tables, not yet the sound.

        Raises:
            UsageError: no such split, or no such piece in it.
            DataError: a file is missing, damaged or changed, or does not fit the others; it is named.
        """
        names = self.pieces(split)
        if piece not in names:
            raise UsageError(f"{self.name}: no piece {piece!r} in {split}; {_near(piece, names)}")
        folder = self.root / "pieces" / piece
        listed = (self.root / path for path in self.facts["files"] if path.startswith(f"pieces/{piece}/"))
        self._demand_unchanged(*sorted(p for p in {*listed, *folder.glob("[!.]*")} if p.suffix != SOUND))
        facts = _read_json(folder / "piece.json")
        made = facts.get("conditions", {}).get(split)
        if made is None:
            raise DataError(f"{folder / 'piece.json'}: says nothing about {split}; build the dataset again")
        audio = folder / f"{made['audio']}{SOUND}"
        if not audio.is_file():
            raise DataError(f"{audio}: missing; build or get the dataset again")
        pages = _read_pages(folder, piece)
        notes = _read_notes(folder, made["timing"], pages)
        known = bool(notes["score_onset_s"].notna().all())
        return Recording(piece, split, pages, notes, partial(self._read_audio, audio), known)

    def _read_audio(self, path: Path) -> NDArray[np.float32]:
        from scorebench.audio import read_audio

        self._demand_unchanged(path)
        return read_audio(path)


def _file_name(name: Any, source: Path) -> str:
    """``name``, said in ``source``, where it can name a folder: runs are kept under it. DataError where it cannot."""
    if not isinstance(name, str) or not name or name.startswith(".") or any(c in name for c in "/\\:"):
        raise DataError(f"{source}: {name!r} is no name for a folder; build or get the dataset again")
    return name


def _near(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.4)
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"


def _damaged(path: Path, error: Exception) -> DataError:
    what = "missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({str(error).splitlines()[0]})"
    return DataError(f"{path}: {what}; build or get the dataset again")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(value, dict):
        raise DataError(f"{path}: not a JSON object; build or get the dataset again")
    return value


def _read_table(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            rows = pq.read_table(file).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error
    return as_table(rows, columns, str(path))


def _read_pages(folder: Path, piece: str) -> tuple[Page, ...]:
    systems = _read_table(folder / "systems.parquet", SYSTEM_COLUMNS)
    bars_path = folder / "bars.parquet"
    bars = _read_table(bars_path, BAR_COLUMNS) if bars_path.is_file() else None
    count = 1 + int(systems["page"].max()) if len(systems) else 0
    if not count or systems["system"].duplicated().any():
        raise DataError(f"{folder / 'systems.parquet'}: no systems, or one twice; build or get the dataset again")
    return tuple(
        Page(
            piece,
            index,
            _read_image(folder / f"page_{index:03d}.png"),
            systems[systems["page"] == index].reset_index(drop=True),
            None if bars is None else bars[bars["page"] == index].reset_index(drop=True),
        )
        for index in range(count)
    )


def _read_image(path: Path) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            if picture.mode != "L":
                raise DataError(f"{path}: {picture.mode} instead of 8-bit grey; build or get the dataset again")
            return np.asarray(picture, np.uint8)
    except (OSError, SyntaxError, ValueError) as error:  # Pillow raises SyntaxError for a broken PNG
        raise _damaged(path, error) from error


def _read_notes(folder: Path, timing: str, pages: Sequence[Page]) -> pd.DataFrame:
    """``NOTE_COLUMNS``: the printed notes with the times of one performance."""
    printed = _read_table(folder / "notes.parquet", PRINTED_COLUMNS)
    path = folder / f"timing_{timing}.parquet"
    times = _read_table(path, TIMING_COLUMNS)
    if printed["note_id"].duplicated().any() or sorted(times["note_id"]) != sorted(printed["note_id"]):
        raise DataError(f"{path}: its notes are not those of notes.parquet; build or get the dataset again")
    systems = pd.concat([p.systems for p in pages])[["system", "page"]]
    placed = printed.merge(systems, on=["system", "page"])
    if len(placed) != len(printed):
        raise DataError(f"{folder / 'notes.parquet'}: a note is on no system; build or get the dataset again")
    return as_table(printed.merge(times, on="note_id", sort=False), NOTE_COLUMNS, str(path))
