"""Sound through a SIMULATED room: what a microphone a few steps from the piano would pick up.

The room is a box computed by the image source method (Allen & Berkley 1979) of pyroomacoustics, with walls that
absorb as those of a furnished living or practice room do, and pinkish noise behind the music. No real room is in it:
`subset-room` of the embedded dataset shows that a follower survives reverberation, not how it does in a given hall.
"""

import functools
import importlib.metadata
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorebench.build.seeds import generator
from scorebench.errors import DataError, MissingDependencyError
from scorebench.timebase import SAMPLE_RATE

PEAK_LIMIT = 0.99
"""Largest sample that leaves ``in_room``: above it the whole sound is turned down, never clipped."""

_FILTER_DELAY_SAMPLES = 40
"""pyroomacoustics writes each arrival with an 81-sample interpolation filter, whose centre is this late."""


@dataclass(frozen=True)
class Room:
    """A simulated room. Lengths in metres, x and y along the walls, z up.

    The absorption rises with frequency as curtains, carpet and seats make it do; with these values the reverberation
    time at mid frequencies (octaves of 500 and 1000 Hz) is between 0.5 and 0.6 s. Piano and microphone are 2.8 m
    apart: 180 samples of travel exactly, so that the direct sound is one sample and not a sinc between two.
    """

    size_m: tuple[float, float, float] = (6.4, 4.6, 2.7)
    piano_m: tuple[float, float, float] = (1.5, 1.4, 0.7)
    microphone_m: tuple[float, float, float] = (3.9, 2.6, 1.5)
    band_hz: tuple[float, ...] = (125, 250, 500, 1000, 2000, 4000, 8000)
    absorption: tuple[float, ...] = (0.24, 0.24, 0.23, 0.24, 0.25, 0.27, 0.29)  # of the energy, on every surface
    reflections: int = 40  # highest order of image sources; what is later is 65 dB below the whole
    snr_db: float = 20.0  # music in the room against noise, mean power over the whole sound
    noise_floor_hz: float = 30.0  # noise power falls as 1/f from here up, and there is none below


ROOM = Room()
"""The room of `subset-room`."""


def in_room(audio: NDArray[np.float32], seed: int, piece: str = "", room: Room = ROOM) -> NDArray[np.float32]:
    """``audio`` as the microphone in ``room`` hears it, aligned so that the direct sound is not late.

    The room changes the sound, not its level: the music in the room has the RMS of ``audio``, and noise is added
    ``room.snr_db`` below. Only where a sample would exceed ``PEAK_LIMIT`` the whole is turned down to it.

    Args:
        audio: (samples,) float32 at 22 050 Hz, dry.
        seed: with ``piece``, draws the noise. The room is the same for all.

    Returns:
        (samples,) float32, 22 050 Hz.

    Raises:
        DataError: ``audio`` holds samples that are not finite, or is not mono.
        MissingDependencyError: pyroomacoustics is not installed.
    """
    from scipy.signal import oaconvolve

    if audio.ndim != 1 or not np.isfinite(audio).all():
        raise DataError("the sound for the room must be mono and without NaN; render or read it again")
    if not len(audio):
        return audio
    dry = audio.astype(np.float64)
    wet = oaconvolve(dry, impulse_response(room))[: len(dry)]
    return with_noise(wet, audio, room.snr_db, generator(seed, piece, "noise"), room.noise_floor_hz)


def with_noise(
    wet: NDArray[np.float64],
    dry: NDArray[np.float32],
    snr_db: float,
    rng: np.random.Generator,
    floor_hz: float = Room.noise_floor_hz,
) -> NDArray[np.float32]:
    """``wet`` at the RMS of ``dry``, with noise ``snr_db`` below it whose power falls as 1/f above ``floor_hz``.

    Returns:
        (samples,) float32; turned down, never clipped, where a sample would exceed ``PEAK_LIMIT``.
    """
    if not len(wet):
        return np.zeros(0, np.float32)
    wet = wet * (_rms(dry.astype(np.float64)) / max(_rms(wet), np.finfo(float).tiny))
    noise = _pinkish(len(wet), rng, floor_hz)
    heard = wet + noise * (_rms(wet) * 10 ** (-snr_db / 20))
    heard *= PEAK_LIMIT / max(float(np.abs(heard).max()), PEAK_LIMIT)
    return np.asarray(heard, np.float32)


@functools.lru_cache(maxsize=4)
def impulse_response(room: Room = ROOM) -> NDArray[np.float64]:
    """(samples,) float64 at 22 050 Hz: the direct sound at sample 0, sum of squares 1.

    Raises:
        MissingDependencyError: pyroomacoustics is not installed.
    """
    try:
        import pyroomacoustics as acoustics
    except ImportError as error:
        raise MissingDependencyError("rooms need pyroomacoustics: pip install pyroomacoustics") from error
    threads = acoustics.constants.get("num_threads")
    acoustics.constants.set("num_threads", 1)  # the order of additions decides the last bits
    try:
        walls = acoustics.Material({"coeffs": list(room.absorption), "center_freqs": list(room.band_hz)})
        box = acoustics.ShoeBox(
            list(room.size_m), fs=SAMPLE_RATE, materials=walls, max_order=room.reflections, air_absorption=True
        )
        box.add_source(list(room.piano_m)).add_microphone(list(room.microphone_m))
        box.compute_rir()
        travel_s = _distance_m(room) / acoustics.constants.get("c")
    finally:
        acoustics.constants.set("num_threads", threads)
    direct = round(travel_s * SAMPLE_RATE) + _FILTER_DELAY_SAMPLES
    response = np.asarray(box.rir[0][0][direct:], np.float64)
    response /= np.sqrt(np.sum(response**2))
    response.setflags(write=False)
    return response


def reverberation_time_s(response: NDArray[np.float64], band_hz: tuple[float, ...] = (500.0, 1000.0)) -> float:
    """T20 (ISO 3382-1): three times what the energy takes from -5 to -25 dB, mean over octave bands."""
    from scipy.signal import butter, sosfilt

    times = []
    for centre in band_hz:
        edges = [centre / np.sqrt(2), centre * np.sqrt(2)]
        band = sosfilt(butter(4, edges, "band", fs=SAMPLE_RATE, output="sos"), response)
        left = np.cumsum(band[::-1] ** 2)[::-1]
        level_db = 10 * np.log10(left / left[0] + 1e-12)
        times.append(3 * (np.argmax(level_db < -25) - np.argmax(level_db < -5)) / SAMPLE_RATE)
    return float(np.mean(times))


def describe(room: Room = ROOM) -> dict[str, Any]:
    """The room for a dataset card: its parameters, and what came out of them."""
    return {
        "simulated": True,
        "method": f"image sources, pyroomacoustics {importlib.metadata.version('pyroomacoustics')}",
        **asdict(room),
        "distance_m": round(_distance_m(room), 3),
        "reverberation_time_s": round(reverberation_time_s(impulse_response(room)), 2),
        "level": f"RMS of the dry sound; turned down where a sample would exceed {PEAK_LIMIT}",
    }


def _distance_m(room: Room) -> float:
    return float(np.linalg.norm(np.subtract(room.piano_m, room.microphone_m)))


def _rms(sound: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def _pinkish(samples: int, rng: np.random.Generator, floor_hz: float) -> NDArray[np.float64]:
    """(samples,) noise of RMS 1 whose power falls as 1/f above ``floor_hz``."""
    from scipy import fft

    size = fft.next_fast_len(max(samples, SAMPLE_RATE))  # short sounds too get noise of every frequency
    spectrum = fft.rfft(rng.standard_normal(size))
    hz = fft.rfftfreq(size, 1 / SAMPLE_RATE)
    audible = hz >= floor_hz
    spectrum[audible] /= np.sqrt(hz[audible])
    spectrum[~audible] = 0
    noise = fft.irfft(spectrum, size)[:samples]
    return np.asarray(noise / _rms(noise), np.float64)
