"""Any dataset in the layout the authors published, so that their own evaluation runs on it: npz beside wav."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scorebench.dataset import Dataset
from scorebench.errors import DataError
from scorebench.files import write_atomic, write_bytes
from scorebench.score import Recording
from scorebench.timebase import SAMPLE_RATE

EPOCH = (2021, 8, 23, 0, 0, 0)
"""Time stamp of every member, so that bytes do not depend on the day."""

DEADPAN = ("full", "subset-synthetic", "train", "valid")
"""Splits in which the score plays itself; others are marked as performed."""


def export(dataset: Dataset, split: str, folder: Path, advance: Callable[[], None] = lambda: None) -> int:
    """Write every piece of ``split`` into ``folder``; how many.

    The authors' layout knows one size of page a piece, and no note that was not played: those are left out.

    Raises:
        DataError: pages of a piece differ in size, or a file of the dataset is damaged.
        ScorebenchError: ``folder`` cannot be written.
    """
    pieces = dataset.pieces(split)
    for piece in pieces:
        recording = dataset.load(split, piece)
        write_bytes(folder / f"{piece}.npz", npz_bytes(recording, split in DEADPAN))
        _write_wav(folder / f"{piece}.wav", recording)
        advance()
    return len(pieces)


def npz_bytes(recording: Recording, deadpan: bool) -> bytes:
    """The npz file of one piece."""
    sizes = {page.image.shape for page in recording.pages}
    if len(sizes) != 1:
        raise DataError(f"{recording.piece}: its pages have different sizes; the authors' layout cannot hold them")
    systems = pd.concat([page.systems for page in recording.pages], ignore_index=True)
    index = {int(system): at for at, system in enumerate(systems["system"])}
    arrays = {
        "sheets": np.stack([page.image for page in recording.pages]),
        "coords": _objects(_coords(recording, index)),
        "systems": _objects([_box(row) for row in systems.to_dict("records")]),
        "synthesized": np.array(deadpan),
    }
    if all(page.bars is not None for page in recording.pages):
        bars = pd.concat([page.bars for page in recording.pages], ignore_index=True)  # type: ignore[arg-type]
        rows = bars.to_dict("records")
        arrays["bars"] = _objects([{**_box(row), "system_idx": index[int(row["system"])]} for row in rows])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=True)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH), content.getvalue(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _objects(items: list[dict[str, Any]]) -> "np.ndarray[Any, Any]":
    array = np.empty(len(items), object)
    array[:] = items
    return array


def _coords(recording: Recording, index: dict[int, int]) -> list[dict[str, Any]]:
    played = recording.notes[recording.notes["onset_s"].notna()]
    return [
        {
            "note_x": float(row["x_px"]),
            "note_y": float(row["y_px"]),
            "onset": float(row["onset_s"]),
            "pitch": int(row["pitch"]),
            "system_idx": index[int(row["system"])],
            "page_nr": int(row["page"]),
        }
        for row in played.to_dict("records")
    ]


def _box(row: Any) -> dict[str, Any]:
    return {**{key: float(row[f"{key}_px"]) for key in "xywh"}, "page_nr": int(row["page"])}


def _write_wav(path: Path, recording: Recording) -> None:
    import soundfile

    whole = np.clip(np.round(recording.read_audio() * 32768), -32768, 32767).astype(np.int16)
    write_atomic(path, lambda p: soundfile.write(p, whole, SAMPLE_RATE, subtype="PCM_16", format="WAV"))
