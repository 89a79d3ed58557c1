"""Writing a page store: the same content gives the same bytes, and a piece is there whole or not at all."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.errors import DataError, ScorebenchError
from scorebench.files import sha256_file, write_bytes, write_json
from scorebench.score import BAR_COLUMNS, PRINTED_COLUMNS, SYSTEM_COLUMNS, Page, as_table
from scorebench.store import FORMAT, INDEX, TIMING_COLUMNS
from scorebench.timebase import SAMPLE_RATE

PIECES = "pieces"


def write_piece(
    root: Path,
    pages: Sequence[Page],
    notes: pd.DataFrame,
    timings: Mapping[str, pd.DataFrame],
    sounds: Mapping[str, NDArray[np.float32]],
    facts: Mapping[str, Any],
) -> None:
    """Put one piece into the store in ``root``, in one step.

    Args:
        pages: all of one piece.
        notes: ``PRINTED_COLUMNS``.
        timings: name -> ``TIMING_COLUMNS``, one row a printed note.
        sounds: name -> (samples,) float32 in [-1, 1] at 22 050 Hz.
        facts: for piece.json; ``conditions`` says which timing and sound each split has.

    Raises:
        DataError: a table does not fit, or a sound is louder than 1.
        ScorebenchError: the disk is full or not writable; nothing is left behind.
    """
    final = root / PIECES / pages[0].piece
    partial = root / PIECES / f".{pages[0].piece}.{os.getpid()}"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _write_pages(partial, pages)
        write_table(partial / "notes.parquet", notes, PRINTED_COLUMNS)
        for name, times in timings.items():
            write_table(partial / f"timing_{name}.parquet", times, TIMING_COLUMNS)
        for name, sound in sounds.items():
            _write_sound(partial / f"{name}.flac", sound)
        lengths = {name: len(sound) for name, sound in sounds.items()}
        write_json(partial / "piece.json", {**facts, "samples": lengths})
        if not final.is_dir():  # a worker that outlived a killed build may have been faster: the same bytes
            partial.replace(final)
    except OSError as error:
        raise ScorebenchError(
            f"{final}: cannot be written ({error.strerror or error}); make room, or set SCOREBENCH_CACHE"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_pages(folder: Path, pages: Sequence[Page]) -> None:
    from PIL import Image

    for page in pages:
        Image.fromarray(page.image).save(folder / f"page_{page.index:03d}.png", compress_level=6)
    write_table(folder / "systems.parquet", pd.concat([p.systems for p in pages]), SYSTEM_COLUMNS)
    bars = [p.bars for p in pages if p.bars is not None]
    if bars:
        write_table(folder / "bars.parquet", pd.concat(bars), BAR_COLUMNS)


def write_table(path: Path, rows: pd.DataFrame, columns: Mapping[str, str]) -> None:
    """``rows`` as parquet with exactly ``columns``; no metadata of pandas, whose versions would change the bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"str": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
    table = as_table(rows, columns, str(path))
    arrays = [pa.array(table[name].to_numpy(), kinds[kind]) for name, kind in columns.items()]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path, compression="zstd")


def _write_sound(path: Path, sound: NDArray[np.float32]) -> None:
    import soundfile

    if not np.isfinite(sound).all() or np.abs(sound).max(initial=0) > 1:
        raise DataError(f"{path.name}: the sound is louder than full scale or not finite; lower the synthesiser's gain")
    steps = np.rint(sound * 32767).astype(np.int16)
    soundfile.write(path, steps, SAMPLE_RATE, format="FLAC", subtype="PCM_16")


def finish(root: Path, facts: Mapping[str, Any], splits: Mapping[str, Sequence[str]]) -> str:
    """Write the splits and, last of all, the index. Returns the hash of the dataset.

    Args:
        facts: name, version, and whatever else dataset.json shall say (definition, tools).
    """
    for split, names in splits.items():
        write_bytes(root / "splits" / f"{split}.txt", "".join(f"{n}\n" for n in sorted(names)).encode())
    files = {path.relative_to(root).as_posix(): sha256_file(path) for path in content_files(root)}
    value = dataset_hash(files)
    write_json(root / INDEX, {**facts, "format": FORMAT, "hash": value, "files": files})
    return value


def content_files(root: Path) -> list[Path]:
    """Every file that counts, sorted by path: all but the index and what a killed build left."""
    places = [root / "splits", *(p for p in sorted((root / PIECES).glob("*")) if not p.name.startswith("."))]
    found = [p for place in places for p in place.rglob("*") if p.is_file() and not p.name.startswith(".")]
    return sorted(found, key=lambda p: p.relative_to(root).as_posix())


def dataset_hash(files: Mapping[str, str]) -> str:
    """sha256 (hex) over the sorted paths and sha256 of the content files."""
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def changed_files(root: Path, files: Mapping[str, str]) -> list[str]:
    """One line for each file that is missing, changed, or not listed in ``files`` (path -> sha256)."""
    found = {path.relative_to(root).as_posix(): path for path in content_files(root)}
    lines = [f"{path}: missing" for path in files if path not in found]
    lines += [f"{path}: not part of the dataset" for path in found if path not in files]
    lines += [
        f"{path}: changed (its sha256 is not the one in {INDEX})"
        for path, digest in files.items()
        if path in found and sha256_file(found[path]) != digest
    ]
    return sorted(lines)
