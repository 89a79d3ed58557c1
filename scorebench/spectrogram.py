"""The log-frequency spectrograms of the published networks, in one go and hop by hop.

Both are ``log10(1 + filterbank(magnitude of the short-time Fourier transform))`` with 78 bands; they differ in where
a frame stands, in the window, the scale and the bins (CYOLO: Henkel & Widmer 2021, section III-A; CUNet: Henkel, Kelz &
Widmer 2020; both as in the authors' releases).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from scorebench.filterbank import BANDS, cunet_filterbank, cyolo_filterbank
from scorebench.timebase import HOP_SAMPLES, WINDOW_SAMPLES

_BLOCK_FRAMES = 256
"""Frames transformed together: a few MB of working memory, whatever the length of the sound."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """How one network hears. Frame ``n`` stands ``int(n * hop_samples)`` samples after frame 0.

    Attributes:
        hop_samples: samples from one frame to the next.
        lead_samples: zeros put before the sound; frame 0 begins with the first of them.
        fill_up: whether frames that reach beyond the end of the sound are filled with zeros, or left out.
        window: (2048,) float32, with the scale of the samples in it.
        bank: (bins, 78) float32, the filterbank; FFT bins above its own are dropped.
    """

    hop_samples: float
    lead_samples: int
    fill_up: bool
    window: NDArray[np.float32]
    bank: NDArray[np.float32]

    def begins(self, frame: int) -> int:
        """Sample of the sound with which ``frame`` begins; negative within the leading zeros."""
        return int(frame * self.hop_samples) - self.lead_samples

    def frame_count(self, samples: int) -> int:
        """Frames in a whole sound of ``samples`` samples."""
        if self.fill_up:
            return int(np.ceil(samples / self.hop_samples))
        reach = samples + self.lead_samples - WINDOW_SAMPLES
        return 0 if reach < 0 else 1 + int(reach // self.hop_samples)


@cache
def cyolo_recipe() -> Recipe:
    """CYOLO: frame ``n`` is complete once ``timebase.samples_heard(n)`` samples were heard; no others are given."""
    periodic_hann = np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)
    return Recipe(HOP_SAMPLES, 0, fill_up=False, window=periodic_hann, bank=cyolo_filterbank())


@cache
def cunet_recipe() -> Recipe:
    """CUNet: 20 frames a second, frame ``n`` centred on sample ``int(1102.5 n)``, up to the end of the sound.

    The 40 empty frames which that network is shown before the first are not included.
    """
    scale = 32768 / 32767  # madmom divides 16-bit samples by 32767, `read_audio` by 32768
    window = (np.hanning(WINDOW_SAMPLES) * scale).astype(np.float32)
    return Recipe(1102.5, WINDOW_SAMPLES // 2, fill_up=True, window=window, bank=cunet_filterbank())


def spectrogram(audio: NDArray[np.float32], recipe: Recipe) -> NDArray[np.float32]:
    """The spectrogram of a whole sound.

    Args:
        audio: (samples,) float32 in [-1, 1] at 22 050 Hz.
        recipe: ``cyolo_recipe()`` or ``cunet_recipe()``.

    Returns:
        (frames, 78) float32, as many as ``recipe.frame_count(samples)``; bit-equal to hearing it in any pieces.
    """
    stream = SpectrogramStream(recipe)
    return np.concatenate([stream.push(audio), stream.finish()])


class SpectrogramStream:
    """The spectrogram of a sound that is still being heard.

    Attributes:
        frames: how many were given so far.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.frames = 0
        self._bank = _SparseBank(recipe.bank)
        self._waiting = np.zeros(recipe.lead_samples, np.float32)
        self._waiting_from = -recipe.lead_samples  # sample of the sound that is the first in `_waiting`

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take any number of new samples; the (new frames, 78) float32 that they complete, perhaps none."""
        self._waiting = np.concatenate([self._waiting, np.asarray(samples, np.float32)])
        return self._drain()

    def finish(self) -> NDArray[np.float32]:
        """The sound is over: the (frames, 78) that reach beyond its end, where the recipe has them. Push no more."""
        heard = self._waiting_from + len(self._waiting)
        last = self.recipe.frame_count(heard) - 1
        missing = self.recipe.begins(last) + WINDOW_SAMPLES - heard if last >= self.frames else 0
        return self.push(np.zeros(missing, np.float32))

    def _drain(self) -> NDArray[np.float32]:
        """Every frame that is complete; forgets the samples that no later frame needs."""
        rows = [np.zeros((0, BANDS), np.float32)]
        for begins in self._blocks():
            windows = np.lib.stride_tricks.sliding_window_view(self._waiting, WINDOW_SAMPLES)
            rows.append(self._transform(windows[begins]))
            self.frames += len(begins)
        used = min(self.recipe.begins(self.frames) - self._waiting_from, len(self._waiting))
        self._waiting, self._waiting_from = self._waiting[used:].copy(), self._waiting_from + used
        return np.concatenate(rows)

    def _blocks(self) -> Iterator[NDArray[np.int64]]:
        """Where in ``_waiting`` the complete frames begin, some at a time."""
        last = len(self._waiting) - WINDOW_SAMPLES
        while True:
            frames = range(self.frames, self.frames + _BLOCK_FRAMES)
            begins = np.array([self.recipe.begins(frame) for frame in frames]) - self._waiting_from
            begins = begins[begins <= last]
            if not len(begins):
                return
            yield begins

    def _transform(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 2048) samples to (n, 78). Nothing here depends on how many frames come at once, down to the last bit."""
        magnitude = np.abs(np.fft.rfft(frames * self.recipe.window, axis=1))
        bands: NDArray[np.float32] = np.log10(1 + self._bank.apply(magnitude))
        return bands


class _SparseBank:
    """A filterbank without its zeros: 994 weights instead of 80 000, summed in an order that is always the same.

    A matrix product would choose its order of summation by the number of frames.
    """

    def __init__(self, bank: NDArray[np.float32]) -> None:
        band, self._bin = np.nonzero(bank.T)
        self._weight = bank.T[band, self._bin]
        self._first = np.searchsorted(band, np.arange(bank.shape[1]))

    def apply(self, magnitude: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, bins) to (n, bands)."""
        return np.add.reduceat(magnitude[:, self._bin] * self._weight, self._first, axis=1, dtype=np.float32)
