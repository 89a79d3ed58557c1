"""The log-frequency spectrograms of the published networks, in one go and hop by hop.

Both are ``log10(1 + filterbank(magnitude of the short-time Fourier transform))`` with 78 bands; they differ in where
a frame stands, in the window, the scale and the bins (CYOLO: Henkel & Widmer 2021, section III-A; CUNet: Henkel, Kelz &
Widmer 2020; both as in the authors' releases).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorebench.filterbank import BANDS, filterbank
from scorebench.timebase import HOP_SAMPLES, WINDOW_SAMPLES

__all__ = ["BANDS", "CUNET", "CYOLO", "Recipe", "SpectrogramStream", "log_spectrogram"]

_BLOCK_FRAMES = 256
"""Frames transformed together: 4 MB of working memory, whatever the length of the sound."""


@dataclass(frozen=True)
class Recipe:
    """How one network hears.

    Attributes:
        hop_samples: samples from one frame to the next; frame ``n`` begins at sample ``int(n * hop_samples)``.
        lead_samples: zeros put before the sound.
        fill_up: whether frames that reach beyond the end of the sound are filled with zeros, or left out.
        bins: FFT bins kept, from 0 Hz.
        window: gives (2048,) float64.
        scale: what samples in [-1, 1] are multiplied by.
    """

    hop_samples: float
    lead_samples: int
    fill_up: bool
    bins: int
    window: Callable[[], NDArray[np.float64]]
    scale: float = 1.0

    def begin(self, frame: int) -> int:
        """First sample of ``frame``, counted from the first of the leading zeros."""
        return int(frame * self.hop_samples)

    def frame_count(self, samples: int) -> int:
        """Frames in a whole sound of ``samples`` samples."""
        if self.fill_up:
            return int(np.ceil(samples / self.hop_samples))
        reach = samples + self.lead_samples - WINDOW_SAMPLES
        return 0 if reach < 0 else 1 + int(reach // self.hop_samples)


def _periodic_hann() -> NDArray[np.float64]:
    return np.hanning(WINDOW_SAMPLES + 1)[:-1]


def _symmetric_hann() -> NDArray[np.float64]:
    return np.hanning(WINDOW_SAMPLES)


CYOLO = Recipe(
    hop_samples=HOP_SAMPLES, lead_samples=0, fill_up=False, bins=WINDOW_SAMPLES // 2 + 1, window=_periodic_hann
)
"""Frame ``n`` is complete when ``timebase.samples_heard(n)`` samples were heard; unfinished frames are left out."""

CUNET = Recipe(
    hop_samples=1102.5,  # 20 frames a second
    lead_samples=WINDOW_SAMPLES // 2,  # frames are centred
    fill_up=True,
    bins=WINDOW_SAMPLES // 2,
    window=_symmetric_hann,
    scale=32768 / 32767,  # madmom divides 16-bit samples by 32767, read_audio by 32768
)
"""Frame ``n`` is centred on sample ``int(1102.5 n)``. The 40 empty frames the network sees first are not included."""


def log_spectrogram(audio: NDArray[np.float32], recipe: Recipe) -> NDArray[np.float32]:
    """The spectrogram of a whole sound.

    Args:
        audio: (samples,) float32 in [-1, 1] at 22 050 Hz.
        recipe: ``CYOLO`` or ``CUNET``.

    Returns:
        (frames, 78) float32, frames as ``recipe.frame_count(samples)``; bit-equal to hearing it in any pieces.
    """
    stream = SpectrogramStream(recipe)
    return np.concatenate([stream.push(audio), stream.finish()])


class SpectrogramStream:
    """The spectrogram of a sound that is still being heard."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.frames = 0
        """Frames given so far."""
        self._heard = 0
        self._buffer = np.zeros(recipe.lead_samples, np.float32)
        self._dropped = 0  # samples before the buffer, counted from the first of the leading zeros
        self._window = (recipe.window() * recipe.scale).astype(np.float32)
        self._bank = _SparseBank(filterbank(recipe.bins))

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take any number of new samples; the (new frames, 78) float32 that they complete, perhaps none."""
        self._heard += len(samples)
        self._buffer = np.concatenate([self._buffer, np.asarray(samples, np.float32)])
        return self._drain(self._dropped + len(self._buffer))

    def finish(self) -> NDArray[np.float32]:
        """The sound is over: the frames that reach beyond its end, where the recipe has them. Push no more."""
        missing = self.recipe.frame_count(self._heard) - self.frames
        if missing <= 0:
            return np.zeros((0, BANDS), np.float32)
        end = self.recipe.begin(self.frames + missing - 1) + WINDOW_SAMPLES
        short = end - self._dropped - len(self._buffer)
        self._buffer = np.concatenate([self._buffer, np.zeros(short, np.float32)])
        return self._drain(end)

    def _drain(self, end: int) -> NDArray[np.float32]:
        """Every frame that is complete at sample ``end``; forgets the samples no later frame needs."""
        begins = list(self._begins(end))
        rows = [np.zeros((0, BANDS), np.float32)]
        windows = np.lib.stride_tricks.sliding_window_view(self._buffer, WINDOW_SAMPLES) if begins else self._buffer
        for first in range(0, len(begins), _BLOCK_FRAMES):
            at = np.array(begins[first : first + _BLOCK_FRAMES]) - self._dropped
            rows.append(self._transform(windows[at]))
        self.frames += len(begins)
        used = min(self.recipe.begin(self.frames) - self._dropped, len(self._buffer))
        self._buffer, self._dropped = self._buffer[used:].copy(), self._dropped + used
        return np.concatenate(rows)

    def _begins(self, end: int) -> Iterator[int]:
        """First samples of the next frames, as long as they are complete at ``end``."""
        frame = self.frames
        while (begin := self.recipe.begin(frame)) + WINDOW_SAMPLES <= end:
            yield begin
            frame += 1

    def _transform(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 2048) samples to (n, 78). Nothing here depends on how many frames come at once, down to the last bit."""
        magnitude = np.abs(np.fft.rfft(frames * self._window, axis=1)[:, : self.recipe.bins])
        log: NDArray[np.float32] = np.log10(1 + self._bank.apply(magnitude)).astype(np.float32)
        return log


class _SparseBank:
    """A filterbank without its zeros: 994 weights instead of 80 000, summed in an order that is always the same.

    A matrix product would choose its order of summation by the number of frames.
    """

    def __init__(self, bank: NDArray[np.float32]) -> None:
        band, self._bin = np.nonzero(bank.T)
        self._weight = bank.T[band, self._bin]
        self._first = np.searchsorted(band, np.arange(bank.shape[1]))

    def apply(self, magnitude: NDArray[Any]) -> NDArray[Any]:
        """(n, bins) to (n, bands)."""
        return np.add.reduceat(magnitude[:, self._bin] * self._weight, self._first, axis=1)
