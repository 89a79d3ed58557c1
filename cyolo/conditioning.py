"""The audio side: 40 spectrogram frames to a vector, a recurrent memory of the page so far, and z from both.

Henkel & Widmer (2021), section III-B, as the authors' evaluation computes it: the memory is fed one vector for each
whole chunk of 40 frames since the page was opened. Up to the second chunk it has been fed a single zero vector.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cyolo.blocks import Z_SIZE
from scorebench.filterbank import BANDS

CHUNK_FRAMES = 40
"""Frames that the encoder sees, and frames from one step of the memory to the next."""

X_SIZE, H_SIZE = 32, 64


class State(NamedTuple):
    """What the memory holds: h and c, each (N, 64)."""

    h: Tensor
    c: Tensor


class BandNorm(nn.Module):
    """Normalisation of each band by its running mean and variance, nothing learnt."""

    def __init__(self) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(BANDS, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, T, 78) to the same, statistics over N and T."""
        normal: Tensor = self.bn(x[:, 0].transpose(1, 2))
        return normal.transpose(1, 2)[:, None]


def _block(channels: int, out: int, kernel: int, activation: type[nn.Module]) -> list[nn.Module]:
    return [nn.Conv2d(channels, out, kernel, padding=kernel // 2), nn.GroupNorm(1, out), activation()]


def encoder(activation: type[nn.Module]) -> nn.Sequential:
    """(N, 1, 40, 78) log-frequency spectrograms to (N, 32)."""
    layers: list[nn.Module] = [BandNorm()]
    channels = 1
    for out in (24, 48, 96, 96):
        layers += [*_block(channels, out, 3, activation), *_block(out, out, 3, activation), nn.MaxPool2d(2)]
        channels = out
    layers += [*_block(96, 96, 1, activation), nn.Flatten()]
    layers += [nn.Linear(96 * 2 * 4, X_SIZE), nn.LayerNorm(X_SIZE), activation()]
    return nn.Sequential(*layers)


class Conditioning(nn.Module):
    """Spectrogram frames to conditioning vectors."""

    def __init__(self, activation: type[nn.Module]) -> None:
        super().__init__()
        self.enc = encoder(activation)
        self.seq_model = nn.LSTM(X_SIZE, H_SIZE, batch_first=True)
        self.z_enc = nn.Sequential(nn.Linear(H_SIZE + X_SIZE, Z_SIZE), nn.LayerNorm(Z_SIZE), nn.ReLU())

    def encode(self, windows: Tensor) -> Tensor:
        """(N, 40, 78) to (N, 32)."""
        x: Tensor = self.enc(windows[:, None])
        return x

    def blank(self) -> State:
        """The memory of a page of which fewer than two chunks were heard: one step on a zero vector. (1, 64) each."""
        nothing = next(self.parameters()).new_zeros(1, X_SIZE)
        return self.remember(nothing, None)

    def remember(self, chunk: Tensor, state: State | None) -> State:
        """One step of the memory: the encoding (N, 32) of a chunk and the state before it, to the state after it."""
        return self.recall(chunk[:, None], state)[1]

    def recall(self, chunks: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Feed K chunks in a row, (N, K, 32): the memory after each, (N, K, 64), and the state after the last.

        In full precision wherever it is: what is remembered for long stays precise, and gradients stay above 0.
        """
        before = None if state is None else (state.h[None], state.c[None])
        with torch.autocast(chunks.device.type, enabled=False):
            memories, (h, c) = self.seq_model(chunks.float(), before)
        return memories, State(h[0], c[0])

    def memories(self, chunks: Tensor) -> Tensor:
        """The memory after each number of chunks: encodings (K, 32) to (K + 1, 64); rows 0 and 1 are ``blank``."""
        first = self.blank().h
        if len(chunks) < 2:
            return first.expand(len(chunks) + 1, -1)
        later, _ = self.recall(chunks[None])
        return torch.cat([first, first, later[0, 1:]])

    def mix(self, h: Tensor, x: Tensor) -> Tensor:
        """Memories (N, 64) and encodings (N, 32) to z (N, 128)."""
        z: Tensor = self.z_enc(torch.cat([h, x], 1))
        return z

    def forward(self, spectrogram: Tensor) -> Tensor:
        """z after each of T frames of one page: (T, 78) to (T, 128)."""
        x = self.encode(windows_of(spectrogram))
        memories = self.memories(x[CHUNK_FRAMES - 1 :: CHUNK_FRAMES])
        heard = torch.arange(1, len(spectrogram) + 1, device=x.device)
        return self.mix(memories[heard // CHUNK_FRAMES], x)


def windows_of(spectrogram: Tensor) -> Tensor:
    """The last 40 frames after each of T frames, zeros before the first: (T, 78) to (T, 40, 78)."""
    padded = nn.functional.pad(spectrogram, (0, 0, CHUNK_FRAMES - 1, 0))
    return padded.unfold(0, CHUNK_FRAMES, 1).transpose(1, 2)
