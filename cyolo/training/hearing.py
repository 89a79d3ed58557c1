"""From samples to spectrograms on the training device, and what is done to them: rooms, tempo, silence before.

The filterbank is linear, and so is the change of tempo: a phase vocoder interpolates magnitudes between frames, and
its phases are lost in the magnitude anyway. Tempo is therefore changed on the 78 bands.
"""

import numpy as np
import torch
from torch import Tensor, nn

from scorebench.spectrogram import cyolo_recipe
from scorebench.timebase import HOP_SAMPLES, WINDOW_SAMPLES


class Ear(nn.Module):
    """Samples to the magnitudes of 78 bands, frame by frame."""

    window: Tensor
    bank: Tensor

    def __init__(self) -> None:
        super().__init__()
        recipe = cyolo_recipe()
        self.register_buffer("window", torch.from_numpy(recipe.window.copy()), persistent=False)
        self.register_buffer("bank", torch.from_numpy(recipe.bank.copy()), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """(samples,) float32 to (1 + frames, 78): row 0 is the frame that begins one hop before the sound."""
        heard = nn.functional.pad(samples, (HOP_SAMPLES, 0))
        frames = heard.unfold(0, WINDOW_SAMPLES, HOP_SAMPLES) * self.window
        bands: Tensor = torch.fft.rfft(frames).abs() @ self.bank
        return bands


def in_room(samples: Tensor, response: Tensor) -> Tensor:
    """``samples`` (n,) as they sound in the room of ``response`` (m,): (n,), the end of the reverberation cut off."""
    size = 1 << (len(samples) + len(response) - 2).bit_length()
    product = torch.fft.rfft(samples, size) * torch.fft.rfft(response, size)
    wet: Tensor = torch.fft.irfft(product, size)[: len(samples)]
    return wet


def late(bands: Tensor, hops: int) -> Tensor:
    """Bands of ``Ear`` (1 + T, 78) after ``hops`` frames of silence: (T + hops, 78)."""
    if hops == 0:
        return bands[1:]
    return nn.functional.pad(bands, (0, 0, hops - 1, 0))


def at_tempo(bands: Tensor, rate: float) -> Tensor:
    """Bands (T, 78) ``rate`` times as fast: (ceil(T / rate), 78). Frame f is taken from ``f * rate``."""
    source = torch.arange(int(np.ceil(len(bands) / rate)), device=bands.device) * rate
    low = source.long().clamp(max=len(bands) - 1)
    high = (low + 1).clamp(max=len(bands) - 1)
    return torch.lerp(bands[low], bands[high], (source - low)[:, None].to(bands.dtype))


def as_heard(bands: Tensor) -> Tensor:
    """The spectrogram that the network is shown."""
    return torch.log10(1 + bands)
