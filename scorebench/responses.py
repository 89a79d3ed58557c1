"""Impulse responses: read, put the direct sound first, bring to a known level."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorebench.audio import read_audio
from scorebench.errors import DataError
from scorebench.timebase import SAMPLE_RATE

DIRECT_SHARE = 0.5
"""The direct sound is the first sample that reaches this share of the largest: a strong reflection can be louder."""

LONGEST_S = 1.5
RESPONSES_A_ROOM = 8
"""Of a folder with more responses than this, so many are used in training, spread evenly."""


def read_response(path: Path, longest_s: float | None = None, channel: int | None = None) -> NDArray[np.float32]:
    """One response at 22 050 Hz, its direct sound at sample 0 and its energy 1.

    Measured rooms begin with the time that sound needs to the microphone, up to a tenth of a second: left in, every
    onset would be late by it.

    Args:
        longest_s: cut off, faded over the last tenth, after this many seconds.
        channel: of a file with several; by default their mean. Of a B-format file W, which is 0, is the microphone.

    Raises:
        DataError: the file cannot be read, or is silent.
    """
    response = read_audio(path, channel).astype(np.float64)
    peak = np.abs(response).max()
    if not peak > 0:
        raise DataError(f"{path}: a silent impulse response")
    response = response[int(np.argmax(np.abs(response) >= DIRECT_SHARE * peak)) :]
    if longest_s is not None and len(response) > longest_s * SAMPLE_RATE:
        response = response[: int(longest_s * SAMPLE_RATE)].copy()
        fade = len(response) // 10
        response[-fade:] *= np.linspace(1, 0, fade)
    level: NDArray[np.float32] = (response / np.sqrt(np.sum(response**2))).astype(np.float32)
    return level


def response_files(folder: Path) -> list[Path]:
    """Impulse responses under ``folder``, sorted."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".wav", ".flac"))


def spread_responses(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Responses for training: those under ``folder`` by their path below it, few of each room (two folders down).

    Raises:
        DataError: there are none, or one cannot be read.
    """
    files = response_files(folder)
    if not files:
        raise DataError(f"{folder}: no impulse response (.wav, .flac) here")
    rooms: dict[str, list[Path]] = {}
    for path in files:
        parts = path.relative_to(folder).parts
        rooms.setdefault("/".join(parts[:2]) if len(parts) > 2 else path.name, []).append(path)
    kept = [room[i] for room in rooms.values() for i in _spread(len(room))]
    return {p.relative_to(folder).as_posix(): read_response(p, LONGEST_S) for p in sorted(kept)}


def _spread(count: int) -> list[int]:
    """At most ``RESPONSES_A_ROOM`` of ``count``, evenly."""
    return sorted(set(np.linspace(0, count - 1, min(count, RESPONSES_A_ROOM)).round().astype(int).tolist()))
