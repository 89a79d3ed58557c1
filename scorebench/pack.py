"""A training set in one small file, for a machine that has neither LilyPond nor a synthesiser.

A pack is a zip archive: pages as lossless WebP in 8 grey levels, the notes and systems of all pieces as parquet, a
recorded piano (``sampler``) and shortened impulse responses. It is read with pillow, pyarrow, pandas and numpy
alone. **For local use only**: the soundfont behind the piano and some of the pieces have licences that do not allow
passing them on; the file says so itself.
"""

import hashlib
import io
import json
import lzma
import zipfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.errors import DataError, UsageError
from scorebench.sampler import SampledPiano, play
from scorebench.score import NOTE_COLUMNS, SYSTEM_COLUMNS, Page, Recording, as_table

FORMAT = 1
GREY_LEVELS = 8
LOCAL_USE = (
    "For local use only: do not pass this file on. Its piano was recorded from a soundfont and some of its pieces have "
    "licences that were not read or do not allow it. Build your own with `scorebench data pack`."
)
MAX_MEMBER_BYTES = 512 << 20
"""Most bytes a part may unpack to."""


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``image`` in 8 grey levels, 0 and 255 kept: half the size, and invisible at the sizes that networks see."""
    step = 255 / (GREY_LEVELS - 1)
    return (np.round(np.round(image / step) * step)).astype(np.uint8)


def page_bytes(image: NDArray[np.uint8]) -> bytes:
    """A page as lossless WebP."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(grey(image)).save(out, "WEBP", lossless=True, quality=80, method=4)
    return out.getvalue()


def waves_bytes(waves: NDArray[np.int16]) -> bytes:
    """int16 sounds, (..., samples), as differences from sample to sample, compressed."""
    differences = np.diff(waves, axis=-1, prepend=np.int16(0)).astype("<i2")
    return lzma.compress(differences.tobytes(), preset=6)


def waves_from(content: bytes, shape: Sequence[int]) -> NDArray[np.int16]:
    """What ``waves_bytes`` packed."""
    flat = np.frombuffer(lzma.decompress(content), "<i2").reshape(shape)
    whole: NDArray[np.int16] = np.cumsum(flat, axis=-1, dtype=np.int16)
    return whole


class Pack:
    """A pack as a dataset: recordings whose sound is played when it is read.

    Attributes:
        name: of the dataset it was packed from.
        hash: sha256 of the file.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path``. DataError where it is no pack."""
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            self._facts: dict[str, Any] = json.loads(self._part("pack.json"))
            if self._facts["format"] != FORMAT:
                raise ValueError(f"format {self._facts['format']}, not {FORMAT}")
            self.name: str = self._facts["name"]
        except (OSError, zipfile.BadZipFile, ValueError, KeyError) as error:
            raise DataError(f"{path}: no training pack ({error}); make it with `scorebench data pack`") from error

    @cached_property
    def hash(self) -> str:
        """sha256 (hex) of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _part(self, name: str) -> bytes:
        try:
            member = self._zip.getinfo(name)
            if member.file_size > MAX_MEMBER_BYTES:
                raise DataError(f"{self.path}: {name} is too large to be a part of a pack")
            return self._zip.read(member)
        except (KeyError, zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{self.path}: {name} is missing or damaged ({error}); make the pack again") from error

    def splits(self) -> Sequence[str]:
        """Names of the splits in the pack."""
        return tuple(self._facts["splits"])

    def pieces(self, split: str) -> Sequence[str]:
        """Names of the pieces of ``split``, sorted. UsageError for an unknown split."""
        if split not in self._facts["splits"]:
            raise UsageError(f"{self.path}: no split {split!r}; it has {', '.join(self.splits())}")
        return tuple(self._facts["splits"][split])

    @cached_property
    def piano(self) -> SampledPiano:
        """The recorded piano."""
        about = self._facts["piano"]
        samples = waves_from(self._part("piano.bin"), about["shape"])
        return SampledPiano(np.array(about["pitches"]), np.array(about["velocities"]), samples, about["scale"])

    @cached_property
    def responses(self) -> dict[str, NDArray[np.float32]]:
        """Impulse responses by name: (samples,) float32, direct sound first, unit energy."""
        flat, at, found = waves_from(self._part("responses.bin"), (-1,)), 0, {}
        for about in self._facts["responses"]:
            found[about["name"]] = flat[at : at + about["samples"]].astype(np.float32) * np.float32(about["scale"])
            at += about["samples"]
        return found

    def _table(self, name: str) -> dict[str, pd.DataFrame]:
        import pyarrow.parquet as pq

        rows = pq.read_table(io.BytesIO(self._part(name))).to_pandas()
        return dict(list(rows.groupby("piece", sort=False)))

    @cached_property
    def _notes(self) -> dict[str, pd.DataFrame]:
        return self._table("notes.parquet")

    @cached_property
    def _systems(self) -> dict[str, pd.DataFrame]:
        return self._table("systems.parquet")

    def load(self, split: str, piece: str) -> Recording:
        """One piece; its sound is played on the recorded piano when it is read.

        Raises:
            UsageError: no such split, or no such piece in it.
            DataError: a part is damaged.
        """
        if piece not in self.pieces(split):
            raise UsageError(f"{self.path}: no piece {piece!r} in {split}")
        notes = as_table(self._notes[piece], NOTE_COLUMNS, f"{self.path} (notes of {piece})")
        systems = as_table(self._systems[piece], SYSTEM_COLUMNS, f"{self.path} (systems of {piece})")
        pages = tuple(
            Page(piece, index, self._image(piece, index), systems[systems["page"] == index].reset_index(drop=True))
            for index in range(self._facts["pages"][piece])
        )
        return Recording(piece, split, pages, notes, lambda: play(notes, self.piano))

    def _image(self, piece: str, index: int) -> NDArray[np.uint8]:
        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(self._part(f"pages/{piece}_{index:03d}.webp"))).convert("L"))
