"""What a follower remembers of the sound: the last 40 frames, and one vector for everything before.

One encoding a frame asked for, and one for each 40 frames, is all that a page ever needs: the window of frame
40 k - 1 is chunk k.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyolo.conditioning import CHUNK_FRAMES, Conditioning, State
from scorebench.filterbank import BANDS
from scorebench.spectrogram import SpectrogramStream, cyolo_recipe

Encode = Callable[[Tensor], Tensor]
"""(N, 40, 78) to (N, 32): the encoder of the network, or a faster one."""


class Memory:
    """The recurrent state of one page, chunk by chunk, as the authors' evaluation has it."""

    def __init__(self, network: Conditioning) -> None:
        self._network = network
        self._blank = network.blank()
        self._state: State | None = None
        self.chunks = 0

    def feed(self, encoding: Tensor) -> None:
        """The encoding (1, 32) of the chunk that has just ended."""
        self._state = self._network.remember(encoding, self._state)
        self.chunks += 1

    @property
    def h(self) -> Tensor:
        """(1, 64). Until two chunks were heard, what a single empty step leaves."""
        return self._state.h if self._state is not None and self.chunks > 1 else self._blank.h


class Hearing:
    """The sound of one page while it is heard.

    Attributes:
        frames: how many are complete.
    """

    def __init__(self, network: Conditioning, encode: Encode, device: torch.device) -> None:
        self._network = network
        self._encode = encode
        self._device = device
        self._stream = SpectrogramStream(cyolo_recipe())
        self._last = np.zeros((CHUNK_FRAMES, BANDS), np.float32)
        self._memory = Memory(network)
        self._encoded: tuple[int, Tensor] | None = None
        self.frames = 0

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take any number of new samples."""
        for row in self._stream.push(samples):
            self._last = np.concatenate([self._last[1:], row[None]])
            self.frames += 1
            if self.frames % CHUNK_FRAMES == 0:
                self._memory.feed(self._encoding())

    def z(self) -> Tensor:
        """The conditioning vector now: (1, 128)."""
        return self._network.mix(self._memory.h, self._encoding())

    def _encoding(self) -> Tensor:
        """(1, 32) of the last 40 frames."""
        if self._encoded is None or self._encoded[0] != self.frames:
            window = torch.from_numpy(self._last[None]).to(self._device)
            self._encoded = (self.frames, self._encode(window))
        return self._encoded[1]


def z_at(network: Conditioning, encode: Encode, heard: Tensor, counts: NDArray[np.int64], batch: int) -> Tensor:
    """The conditioning vectors after each number of frames in ``counts`` (n,), ascending: (n, 128).

    Args:
        heard: (T, 78), the spectrogram of the page.
        batch: frames computed at once; with 1, the bits are those of ``Hearing``.
    """
    chunks = np.arange(CHUNK_FRAMES, int(counts.max(initial=0)) + 1, CHUNK_FRAMES)
    ends, where = np.unique(np.concatenate([chunks, counts]), return_inverse=True)
    padded = torch.nn.functional.pad(heard, (0, 0, CHUNK_FRAMES, 0))
    at = torch.from_numpy(ends).to(heard.device)[:, None] + torch.arange(CHUNK_FRAMES, device=heard.device)
    x = torch.cat([encode(padded[rows]) for rows in torch.split(at, batch)])
    memory = Memory(network)
    memories = [memory.h]
    for row in where[: len(chunks)].tolist():
        memory.feed(x[row : row + 1])
        memories.append(memory.h)
    h = torch.cat(memories)[torch.from_numpy(counts // CHUNK_FRAMES).to(heard.device)]
    windows = x[torch.from_numpy(where[len(chunks) :]).to(heard.device)]
    parts = zip(torch.split(h, batch), torch.split(windows, batch), strict=True)
    return torch.cat([network.mix(*part) for part in parts])
