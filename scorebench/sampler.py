"""A piano of recorded keys, played with numpy alone: for machines where no synthesiser can be installed.

Every few keys of a synthesiser's piano are recorded once, at two loudnesses; a note is the nearest of them, played
faster or slower. It stands in for the synthesiser in training only; benchmarks always use the synthesiser.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.timebase import SAMPLE_RATE

LOWEST_PITCH, HIGHEST_PITCH = 21, 108
LOUDNESS_EXPONENT = 2.0
"""Amplitude goes with velocity to this power outside the recorded loudnesses: 40 log10, as soundfonts define it."""

RELEASE_S = 0.08
"""Time in which a released key falls to 1/e."""

RELEASE_TAIL_S = 0.5


@dataclass(frozen=True)
class SampledPiano:
    """Recorded keys.

    Attributes:
        pitches: (keys,) int64 MIDI numbers, ascending.
        velocities: (layers,) int64, ascending.
        samples: (keys, layers, samples) int16 at 22 050 Hz, the key held down throughout.
        scale: what a sample of 1 stands for.
    """

    pitches: NDArray[np.int64]
    velocities: NDArray[np.int64]
    samples: NDArray[np.int16]
    scale: float


def record(
    sound: str = "piano", every: int = 4, velocities: tuple[int, ...] = (50, 95), seconds: float = 3.5
) -> SampledPiano:
    """Record a piano of ``scorebench.synth`` key by key.

    Args:
        sound: a name that ``synth.find_sound`` knows.
        every: keys from one recorded to the next.
        seconds: how long each is held; longer notes end there.
    """
    from scorebench.synth import render

    pitches = np.arange(LOWEST_PITCH + every // 2, HIGHEST_PITCH + 1, every)
    taken = [
        [
            render(
                pd.DataFrame({"onset_s": [0.0], "duration_s": [seconds], "pitch": [p], "velocity": [v]}), sound, seconds
            )
            for v in velocities
        ]
        for p in pitches
    ]
    sounds = np.array(taken)
    scale = float(np.abs(sounds).max()) / 32767
    return SampledPiano(pitches, np.array(velocities), np.round(sounds / scale).astype(np.int16), scale)


def play(
    notes: pd.DataFrame, piano: SampledPiano, seconds: float | None = None, tail_s: float = 1.0
) -> NDArray[np.float32]:
    """Play ``notes`` (columns onset_s, duration_s, pitch, velocity; NaN onsets are skipped).

    Returns:
        (samples,) float32 at 22 050 Hz: ``seconds`` long, by default until ``tail_s`` after the last release.
    """
    played = notes[notes["onset_s"].notna()]
    if seconds is None:
        seconds = float((played["onset_s"] + played["duration_s"]).max()) + tail_s if len(played) else tail_s
    out = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    columns = (played[c].tolist() for c in ("onset_s", "duration_s", "pitch", "velocity"))
    for onset_s, duration_s, pitch, velocity in zip(*columns, strict=True):
        at = round(onset_s * SAMPLE_RATE)
        tone = _tone(piano, int(pitch), int(velocity), duration_s)[: max(len(out) - at, 0)]
        out[at : at + len(tone)] += tone
    return out


def _tone(piano: SampledPiano, pitch: int, velocity: int, duration_s: float) -> NDArray[np.float32]:
    """One note until it has died away."""
    key = int(np.abs(piano.pitches - pitch).argmin())
    speed = 2.0 ** ((pitch - int(piano.pitches[key])) / 12)
    recorded = _layers(piano, key, velocity)
    length = min(round((duration_s + RELEASE_TAIL_S) * SAMPLE_RATE), int((len(recorded) - 1) / speed))
    where = np.arange(length) * speed
    low = where.astype(np.int64)
    part = (where - low).astype(np.float32)
    tone = recorded[low] * (1 - part) + recorded[low + 1] * part
    released = round(duration_s * SAMPLE_RATE)
    if released < length:
        tone[released:] *= np.exp(-np.arange(length - released) / (RELEASE_S * SAMPLE_RATE)).astype(np.float32)
    faded: NDArray[np.float32] = tone * _fade_out(length)
    return faded


def _fade_out(length: int) -> NDArray[np.float32]:
    """Ends without a click: 1, and 10 ms of ramp to 0."""
    ramp = min(length, SAMPLE_RATE // 100)
    fade = np.ones(length, np.float32)
    fade[length - ramp :] = np.linspace(1, 0, ramp, dtype=np.float32)
    return fade


def _layers(piano: SampledPiano, key: int, velocity: int) -> NDArray[np.float32]:
    """The recording of ``key`` at ``velocity``: between two layers mixed, outside them louder or softer."""
    layers, velocities = piano.samples[key].astype(np.float32) * np.float32(piano.scale), piano.velocities
    if velocity <= velocities[0] or velocity >= velocities[-1]:
        edge = 0 if velocity <= velocities[0] else -1
        louder: NDArray[np.float32] = layers[edge] * np.float32((velocity / velocities[edge]) ** LOUDNESS_EXPONENT)
        return louder
    above = int(np.searchsorted(velocities, velocity, side="right"))
    share = np.float32((velocity - velocities[above - 1]) / (velocities[above] - velocities[above - 1]))
    mixed: NDArray[np.float32] = layers[above - 1] * (1 - share) + layers[above] * share
    return mixed
