"""From samples to spectrograms on the training device, and what is done to them: rooms, tempo, silence before.

The filterbank is linear, and so is the change of tempo: a phase vocoder interpolates magnitudes between frames, and
its phases are lost in the magnitude anyway. Tempo is therefore changed on the 78 bands.
"""

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scorebench.spectrogram import Recipe
from scorebench.timebase import WINDOW_SAMPLES

FULL_SCALE = 32767
"""The sample of a ``TrainingPage`` that stands for 1."""


class Ear(nn.Module):
    """Samples to the magnitudes of 78 bands, frame by frame.

    Args:
        recipe: how the network to be trained hears.
        frames_before: rows before that of frame 0, each one hop earlier, in the silence before the sound.
    """

    window: Tensor
    bank: Tensor

    def __init__(self, recipe: Recipe, frames_before: int = 0) -> None:
        super().__init__()
        self._recipe, self._frames_before = recipe, frames_before
        self.register_buffer("window", torch.from_numpy(recipe.window.copy()), persistent=False)
        self.register_buffer("bank", torch.from_numpy(recipe.bank.copy()), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """(samples,) float32 to (frames_before + frames, 78)."""
        begins = self._begins(len(samples))
        if not len(begins):
            return self.bank.new_zeros(0, self.bank.shape[1])
        silence = max(0, -int(begins[0]))
        missing = max(0, int(begins[-1]) + WINDOW_SAMPLES - len(samples))
        heard = nn.functional.pad(samples, (silence, missing))
        at = torch.from_numpy(begins + silence).to(samples.device)
        frames = heard.unfold(0, WINDOW_SAMPLES, 1)[at] * self.window
        with torch.autocast(samples.device.type, enabled=False):  # in bf16 what is soft would be lost beside 1
            bands: Tensor = torch.fft.rfft(frames).abs()[:, : len(self.bank)] @ self.bank
        return bands

    def _begins(self, samples: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """First sample of each frame."""
        frame = np.arange(-self._frames_before, self._recipe.frame_count(samples))
        return (frame * self._recipe.hop_samples).astype(np.int64) - self._recipe.lead_samples


def played(audio: NDArray[np.int16], device: torch.device) -> Tensor:
    """The sound of a ``TrainingPage`` as an ``Ear`` takes it, (samples,) float32 on ``device``."""
    return torch.from_numpy(audio).to(device).float() / FULL_SCALE


def in_room(samples: Tensor, response: Tensor) -> Tensor:
    """``samples`` (n,) as they sound in the room of ``response`` (m,): (n,), the end of the reverberation cut off."""
    size = scipy.fft.next_fast_len(len(samples) + len(response) - 1, real=True)
    product = torch.fft.rfft(samples, size) * torch.fft.rfft(response, size)
    wet: Tensor = torch.fft.irfft(product, size)[: len(samples)]
    return wet


def late(bands: Tensor, hops: int) -> Tensor:
    """Bands of an ``Ear`` with one frame before (1 + T, 78), after ``hops`` frames of silence: (T + hops, 78)."""
    if hops == 0:
        return bands[1:]
    return nn.functional.pad(bands, (0, 0, hops - 1, 0))


def frames_at_tempo(frames: int, rate: float) -> int:
    """How many frames are left of ``frames`` when they are played ``rate`` times as fast."""
    return int(np.ceil(frames / rate))


def at_tempo(bands: Tensor, rate: float) -> Tensor:
    """Bands (T, 78) ``rate`` times as fast: (ceil(T / rate), 78). Frame f is taken from ``f * rate``."""
    return at_moments(bands, torch.arange(frames_at_tempo(len(bands), rate), device=bands.device) * rate)


def at_moments(bands: Tensor, moments: Tensor) -> Tensor:
    """Bands (T, 78) at ``moments`` (n,), in frames from 0 on, not necessarily whole: (n, 78)."""
    low = moments.long().clamp(max=len(bands) - 1)
    high = (low + 1).clamp(max=len(bands) - 1)
    return torch.lerp(bands[low], bands[high], (moments - low)[:, None].to(bands.dtype))


def as_heard(bands: Tensor) -> Tensor:
    """The spectrogram that the network is shown."""
    return torch.log10(1 + bands)
