"""Sound through MEASURED rooms, none of which is ever used in training, with noise behind the music.

The responses are the ones that the user gave with the sources: three rooms of OpenAIR (B-format, of which channel W,
the omnidirectional one, is used alone) and one simulated living room, which is named as such wherever it is used.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorebench.build.room import with_noise
from scorebench.build.seeds import generator
from scorebench.responses import read_response

LONGEST_S = 4.0
"""Responses are cut, faded, after this long: the longest of the halls has decayed by 60 dB well before."""


@dataclass(frozen=True)
class MeasuredRoom:
    """One room of a dataset's card.

    Attributes:
        name: for piece.json and tables.
        source: the response's file below the source folder.
        simulated: computed, not measured.
        channel: the one that is used of a file with several; None where it is mono.
        licence: of the response.
    """

    name: str
    source: str
    simulated: bool
    licence: str
    channel: int | None = None


def in_measured_room(
    audio: NDArray[np.float32], response: NDArray[np.float32], snr_db: float, seed: int, piece: str
) -> NDArray[np.float32]:
    """``audio`` as the microphone in the room heard it, with noise ``snr_db`` below the music.

    Args:
        audio: (samples,) float32 at 22 050 Hz, dry.
        response: of the room, direct sound at sample 0, energy 1 (``read_response``).
        seed: with ``piece``, draws the noise.

    Returns:
        (samples,) float32, 22 050 Hz, at the RMS of ``audio``; turned down where a sample would exceed 0.99.
    """
    from scipy.signal import oaconvolve

    wet = oaconvolve(audio.astype(np.float64), response.astype(np.float64))[: len(audio)]
    return with_noise(wet, audio, snr_db, generator(seed, piece, "noise"))


def room_response(room: MeasuredRoom, source: Path) -> NDArray[np.float32]:
    """The response of ``room`` at 22 050 Hz. Raises DataError where its file is missing or damaged."""
    return read_response(source / room.source, LONGEST_S, room.channel)
