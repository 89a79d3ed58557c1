"""Writing a training pack: the same dataset, the same bytes."""

import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.dataset import Dataset
from scorebench.errors import DataError
from scorebench.files import write_atomic
from scorebench.pack import FORMAT, LOCAL_USE, page_bytes, waves_bytes
from scorebench.responses import spread_responses
from scorebench.sampler import SampledPiano, record
from scorebench.score import NOTE_COLUMNS, SYSTEM_COLUMNS, Recording

STEPS_A_PX = 64
"""Places of noteheads are kept to a 64th of a pixel: they take a third of the space, and no network sees more."""

EPOCH = (2021, 8, 23, 0, 0, 0)
"""Time stamp of every part, so that bytes do not depend on the day."""


def write_pack(
    dataset: Dataset,
    splits: Sequence[str],
    path: Path,
    responses: Path | None = None,
    advance: Callable[[], None] = lambda: None,
) -> int:
    """Pack ``splits`` of ``dataset`` into ``path``, with the impulse responses found under ``responses``.

    Args:
        advance: called after each piece.

    Returns:
        Size of the file in bytes.

    Raises:
        DataError: two splits have one piece in different conditions, or a file cannot be read.
        ScorebenchError: ``path`` cannot be written.
    """
    listed = {split: list(dataset.pieces(split)) for split in splits}
    names = [(split, piece) for split, pieces in listed.items() for piece in pieces]
    if len({piece for _, piece in names}) != len(names):
        raise DataError(f"{dataset.name}: a piece is in two of the splits {', '.join(splits)}; pack them apart")
    piano = record()
    rooms = spread_responses(responses) if responses is not None else {}

    def write(temporary: Path) -> None:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            notes, systems, pages = _write_pieces(archive, dataset, names, advance)
            _add(archive, "notes.parquet", _parquet(notes, {"piece": "str", **NOTE_COLUMNS}))
            _add(archive, "systems.parquet", _parquet(systems, {"piece": "str", **SYSTEM_COLUMNS}))
            _add(archive, "piano.bin", waves_bytes(piano.samples))
            whole = {name: _as_int16(wave) for name, wave in rooms.items()}
            flat = np.concatenate([w for w, _ in whole.values()]) if whole else np.zeros(0, np.int16)
            _add(archive, "responses.bin", waves_bytes(flat))
            facts = {
                "format": FORMAT,
                "name": dataset.name,
                "dataset_hash": dataset.hash,
                "licence": LOCAL_USE,
                "splits": listed,
                "pages": pages,
                "piano": _about(piano),
                "responses": [{"name": n, "samples": len(w), "scale": s} for n, (w, s) in whole.items()],
            }
            _add(archive, "pack.json", json.dumps(facts, indent=1, sort_keys=True).encode())

    write_atomic(path, write)
    return path.stat().st_size


def _about(piano: SampledPiano) -> dict[str, Any]:
    return {
        "shape": list(piano.samples.shape),
        "pitches": piano.pitches.tolist(),
        "velocities": piano.velocities.tolist(),
        "scale": piano.scale,
    }


def _write_pieces(
    archive: zipfile.ZipFile, dataset: Dataset, names: Sequence[tuple[str, str]], advance: Callable[[], None]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    notes, systems, pages = [], [], {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # WebP is packed outside Python's lock
        for recording, pictures in pool.map(lambda name: _pictures(dataset.load(*name)), names):
            for page, content in zip(recording.pages, pictures, strict=True):
                _add(archive, f"pages/{page.piece}_{page.index:03d}.webp", content)
                systems.append(page.systems.assign(piece=recording.piece))
            places = recording.notes[["x_px", "y_px"]].mul(STEPS_A_PX).round().div(STEPS_A_PX)
            notes.append(recording.notes.assign(**places, piece=recording.piece))
            pages[recording.piece] = len(recording.pages)
            advance()
    return pd.concat(notes, ignore_index=True), pd.concat(systems, ignore_index=True), pages


def _pictures(recording: Recording) -> tuple[Recording, list[bytes]]:
    return recording, [page_bytes(page.image) for page in recording.pages]


def _as_int16(wave: NDArray[np.float32]) -> tuple[NDArray[np.int16], float]:
    scale = float(np.abs(wave).max()) / 32767
    return np.round(wave / scale).astype(np.int16), scale


def _parquet(rows: pd.DataFrame, columns: Mapping[str, str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    table = pa.Table.from_pandas(rows.astype(dict(columns))[list(columns)], preserve_index=False)
    pq.write_table(table.replace_schema_metadata(None), out, compression="zstd", compression_level=15)
    return out.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, EPOCH), content)
