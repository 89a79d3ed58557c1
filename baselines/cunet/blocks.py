"""The parts of CUNet: blocks of the U-Net and encoders of the sound, named as in the published checkpoints.

In docstrings: b pages or frames, n windows, c channels, h x w pixels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from scorebench.filterbank import BANDS

CONTEXT_FRAMES = 40
"""Frames the context-based encoder looks back over, the newest included."""
SOUND_SIZE = 32
STATE_SIZE = 128


class Film(nn.Module):
    """Feature-wise linear modulation: a factor and a summand a channel, from the sound."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Linear(STATE_SIZE, channels)
        self.beta = nn.Linear(STATE_SIZE, channels)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """(b, c, h, w) or (1, c, h, w), and (b, 128), to (b, c, h, w)."""
        modulated: Tensor = self.gamma(z)[:, :, None, None] * x + self.beta(z)[:, :, None, None]
        return modulated


class Block(nn.Module):
    """Two 3x3 convolutions, each normalised over the whole picture; FiLM, if any, after the second."""

    def __init__(self, inputs: int, channels: int, film: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, padding=1)
        self.norm1 = nn.GroupNorm(1, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(1, channels)
        self.film_layer = Film(channels) if film else None

    def before_film(self, x: Tensor) -> Tensor:
        """Up to the second normalisation."""
        normed: Tensor = self.norm2(self.conv2(functional.elu(self.norm1(self.conv1(x)))))
        return normed

    def after_film(self, normed: Tensor, z: Tensor) -> Tensor:
        """The rest."""
        return functional.elu(normed if self.film_layer is None else self.film_layer(normed, z))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """(b, inputs, h, w) and (b, 128) to (b, c, h, w)."""
        return self.after_film(self.before_film(x), z)


class UpBlock(Block):
    """Doubles the picture, adds what the encoder saw at that size, and goes on as a block."""

    def __init__(self, channels: int, film: bool) -> None:
        super().__init__(channels, channels, film)
        self.up_conv = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(2 * channels, channels, 1))

    def rise(self, x: Tensor, skip: Tensor, z: Tensor) -> Tensor:
        """(b, 2c, h // 2, w // 2), (b, c, h, w) and (b, 128) to (b, c, h, w).

        An odd last row or column gets the skip alone.
        """
        up = self.up_conv(x)
        down, right = skip.shape[-2] - up.shape[-2], skip.shape[-1] - up.shape[-1]
        risen: Tensor = self(skip + functional.pad(up, (0, right, 0, down)), z)
        return risen


class ConvNorm(nn.Module):
    """Convolution, normalisation and ELU of the sound's encoder."""

    def __init__(self, inputs: int, channels: int, size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, channels, size, padding=size // 2)
        self.norm = nn.GroupNorm(1, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, bands, frames) to (n, c, bands, frames)."""
        return functional.elu(self.norm(self.conv(x)))


class ContextEncoder(nn.Module):
    """CB: what the last 40 frames sound like."""

    means: Tensor
    stds: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(1, BANDS, 1))
        self.register_buffer("stds", torch.ones(1, BANDS, 1))
        layers: list[nn.Module] = []
        for inputs, channels in ((1, 24), (24, 48), (48, 96), (96, 96)):
            layers += [ConvNorm(inputs, channels), ConvNorm(channels, channels), nn.MaxPool2d(2)]
        layers += [
            ConvNorm(96, 96, 1),
            nn.Flatten(),
            nn.Linear(96 * (BANDS // 16) * (CONTEXT_FRAMES // 16), SOUND_SIZE),
        ]
        self.enc = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(SOUND_SIZE)

    def forward(self, windows: Tensor) -> Tensor:
        """(n, 78, 40) to (n, 32)."""
        standardised = (windows - self.means) / self.stds
        return functional.elu(self.norm(self.enc(standardised[:, None])))


class FrameEncoder(nn.Module):
    """FB: what the newest frame sounds like."""

    means: Tensor
    stds: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(BANDS))
        self.register_buffer("stds", torch.ones(BANDS))
        self.enc = nn.Linear(BANDS, SOUND_SIZE)
        self.norm = nn.LayerNorm(SOUND_SIZE)

    def forward(self, windows: Tensor) -> Tensor:
        """(n, 78, 40) to (n, 32); of each window only the last frame counts."""
        return functional.elu(self.norm(self.enc((windows[..., -1] - self.means) / self.stds)))
