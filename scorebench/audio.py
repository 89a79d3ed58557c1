"""Reading sound: any rate, mono or stereo, to 22 050 Hz mono float32."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorebench.errors import DataError
from scorebench.timebase import SAMPLE_RATE


def read_audio(path: Path, channel: int | None = None) -> NDArray[np.float32]:
    """The sound in ``path`` (wav, flac, mp3, ogg) as mono at 22 050 Hz.

    Channels are averaged, other rates resampled by soxr at high quality, as the authors' reader does.

    Args:
        channel: read this one alone, counted from 0.

    Returns:
        (samples,) float32 in [-1, 1].

    Raises:
        DataError: the file is missing, truncated, of no known kind, empty, or holds NaN or infinite samples.
    """
    import soundfile
    import soxr

    if not path.is_file():
        raise DataError(f"{path}: no such sound file")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        raise DataError(f"{path}: no readable sound ({error}); fetch or build it again") from error
    if _is_cut(path):
        raise DataError(f"{path}: truncated, shorter than its header says; fetch or build it again")
    if not len(samples):
        raise DataError(f"{path}: holds no samples")
    if not np.isfinite(samples).all():
        raise DataError(f"{path}: holds samples that are NaN or infinite; render or record it again")
    if channel is not None:
        if channel >= samples.shape[1]:
            raise DataError(f"{path}: has {samples.shape[1]} channel(s), none numbered {channel}")
        samples = samples[:, [channel]]
    mono = samples.mean(axis=1, dtype=np.float32) if samples.shape[1] > 1 else samples[:, 0]
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="HQ")
    return np.ascontiguousarray(mono, dtype=np.float32)


def _is_cut(path: Path) -> bool:
    """Whether a wav file is shorter than it says. The decoder reads what is there; other formats it refuses itself."""
    with path.open("rb") as file:
        header = file.read(8)
    said = int.from_bytes(header[4:8], "little")
    # 0 and the largest number are what programs leave that write to a pipe and cannot come back to the header.
    return header[:4] == b"RIFF" and said not in (0, 0xFFFFFFFF) and path.stat().st_size < said + 8
