"""What the ear of the follower keeps of a sound: which semitones sound, and which of them just began.

After Dixon (DAFx 2005): a 2048-sample window, energies gathered in semitone bands, and their half-wave
rectified increase, so that onsets weigh more than sustained notes. Deviations, chosen on generated pieces:

- a hop of 256 samples (11.6 ms) in place of 20 ms, so that an answer is never older than that;
- bands on a logarithmic scale, relative to the loudest frame of the last seconds (loudness of the recording);
- the increase is taken over two hops and fades over a few more, as in the DLNCO features of Ewert, Mueller and
  Grosche (2009), so that it survives small differences in attack and asynchronous chords;
- the bands themselves are kept with a small weight, so that sustained sound still tells where the music is.

One code path: every hop is computed by itself from the samples before its end, so how the sound is cut into chunks
cannot change a bit of the result, and nothing depends on later samples.
"""

import functools

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scorebench.timebase import SAMPLE_RATE, WINDOW_SAMPLES

HOP_SAMPLES = 256
"""Samples from one feature frame to the next: 11.6 ms."""
LOWEST_PITCH, HIGHEST_PITCH = 28, 107
"""MIDI numbers of the outermost bands: 41 Hz to 3951 Hz."""
BANDS = HIGHEST_PITCH - LOWEST_PITCH + 1
DIMENSIONS = 2 * BANDS
"""Length of a feature frame: what sounds, then what begins."""

COMPRESSION = 50.0
"""Factor inside the logarithm: log(1 + 50 band / level)."""
QUIETEST_LEVEL = 5e-4
"""Norm of the bands (full-scale sine: about 0.5) below which a sound is never amplified to the usual level."""
LEVEL_FADES_S = 8.0
"""Time constant in which the level forgets a loud moment."""
RISE_HOPS = 2
"""Hops over which the increase of a band is taken."""
ONSET_FADE = 0.5
"""What is left of an onset one hop (11.6 ms) later."""
ONSET_WEIGHT = 0.7
"""Share of the beginning notes in the distance of two frames; the sounding ones have the rest."""
SOFTNESS = 1.0
"""Added to the norm of each half: frames quieter than this stay short, silence is the zero vector."""


@functools.cache
def _window() -> NDArray[np.float64]:
    """(2048,) periodic Hann window of sum 1."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)
    return np.asarray(window / window.sum())


@functools.cache
def _filters() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Triangles a semitone (at least one bin) to each side: (bands,) first bins, (bands, widest) weights."""
    bin_hz = SAMPLE_RATE / WINDOW_SAMPLES
    bins = np.arange(WINDOW_SAMPLES // 2 + 1) * bin_hz
    centre_hz = 440.0 * 2.0 ** ((np.arange(LOWEST_PITCH, HIGHEST_PITCH + 1) - 69) / 12)
    half_hz = np.maximum(centre_hz * (2 ** (1 / 12) - 1), bin_hz)
    triangles = np.maximum(1 - np.abs(bins - centre_hz[:, None]) / half_hz[:, None], 0)
    first = np.argmax(triangles > 0, axis=1)
    widest = int((triangles > 0).sum(axis=1).max())
    weights = np.array([row[start : start + widest] for start, row in zip(first, triangles, strict=True)])
    return first.astype(np.int64), weights


@njit(cache=True)  # type: ignore[untyped-decorator]
def _describe(
    spectrum: NDArray[np.complex128],
    first_bin: NDArray[np.int64],
    weights: NDArray[np.float64],
    history: NDArray[np.float64],
    onsets: NDArray[np.float64],
    level: float,
    fade: float,
    out: NDArray[np.float32],
) -> float:
    """Write the feature of one frame to ``out``, move the state on, and give the new level."""
    bands, widest = weights.shape
    loud = np.zeros(bands)
    for band in range(bands):
        for i in range(widest):
            value = spectrum[first_bin[band] + i]
            loud[band] += weights[band, i] * np.sqrt(value.real * value.real + value.imag * value.imag)
    level = max(np.sqrt((loud * loud).sum()), level * fade, QUIETEST_LEVEL)
    sounding = np.log1p(COMPRESSION * loud / level)
    for band in range(bands):
        onsets[band] = max(sounding[band] - history[0, band], ONSET_FADE * onsets[band], 0.0)
    history[:-1] = history[1:]
    history[-1] = sounding
    steady = np.sqrt(1 - ONSET_WEIGHT) / (np.sqrt((sounding * sounding).sum()) + SOFTNESS)
    fresh = np.sqrt(ONSET_WEIGHT) / (np.sqrt((onsets * onsets).sum()) + SOFTNESS)
    for band in range(bands):
        out[band] = steady * sounding[band]
        out[bands + band] = fresh * onsets[band]
    return level


class FeatureStream:
    """Features of a sound that arrives in pieces.

    Frame k is complete with sample ``256 (k + 1)``; its window of 2048 samples ends there, and zeros stand for what
    was before the first sample. Samples that are not finite count as silence.
    """

    def __init__(self) -> None:
        self._unused = np.zeros(WINDOW_SAMPLES - HOP_SAMPLES)
        self._history = np.zeros((RISE_HOPS, BANDS))
        self._onsets = np.zeros(BANDS)
        self._level = QUIETEST_LEVEL

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of the frames that ``samples`` complete.

        Args:
            samples: (samples,) float32, 22 050 Hz; any number, none included.

        Returns:
            (frames, 160) float32, each row shorter than 1.
        """
        fresh = np.asarray(samples, np.float64).ravel()
        sound = np.concatenate([self._unused, np.where(np.isfinite(fresh), fresh, 0.0)])
        frames = max(0, (len(sound) - WINDOW_SAMPLES) // HOP_SAMPLES + 1)
        out = np.empty((frames, DIMENSIONS), np.float32)
        window, (first_bin, weights) = _window(), _filters()
        fade = float(np.exp(-HOP_SAMPLES / (SAMPLE_RATE * LEVEL_FADES_S)))
        for k in range(frames):  # one transform at a time: a batch may round differently
            spectrum = np.fft.rfft(sound[k * HOP_SAMPLES : k * HOP_SAMPLES + WINDOW_SAMPLES] * window)
            self._level = _describe(
                spectrum, first_bin, weights, self._history, self._onsets, self._level, fade, out[k]
            )
        self._unused = sound[frames * HOP_SAMPLES :].copy()
        return out


def features(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features of a whole sound: (samples,) float32 at 22 050 Hz to (samples // 256, 160) float32."""
    return FeatureStream().push(audio)
