"""CUNet: a U-Net over the page whose blocks are scaled and shifted (FiLM) by what is heard.

Henkel, Kelz & Widmer, "Learning to read and follow music in complete score sheet images" (ISMIR 2020), section 3; names
of parameters and every detail as the published checkpoints need them. This is the plain network, for training and as
the reference; ``inference`` computes the same faster.

In comments and docstrings: b pages, t frames, c channels, h x w pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.cunet.blocks import CONTEXT_FRAMES, SOUND_SIZE, STATE_SIZE, Block, ContextEncoder, FrameEncoder, UpBlock
from scorebench.errors import DataError
from scorebench.weights import load_into, read_config

PAGE_CHANNELS = (8, 16, 32, 64)
BOTTLENECK_CHANNELS = 128
HEARD_AT_ONCE = 256
"""Frames whose sound is encoded together: some hundred MB of working memory, however long a page is."""

_CONFIG = {
    "film_layers": [2, 3, 4, 5, 6, 7, 8],
    "n_encoder_layers": len(PAGE_CHANNELS),
    "n_filters_start": PAGE_CHANNELS[0],
    "rnn_size": STATE_SIZE,
    "spec_enc": SOUND_SIZE,
}

State = tuple[Tensor, Tensor]
"""h and c of the LSTM, each (1, b, 128)."""


@dataclass(frozen=True)
class Design:
    """Which of the published networks.

    Attributes:
        encoder: "CB", convolutions over 40 frames, or "FB", the newest frame alone.
        recurrent: whether an LSTM remembers what was heard before (the paper's NTC has none).
    """

    encoder: Literal["CB", "FB"] = "CB"
    recurrent: bool = True


class PageRead(NamedTuple):
    """What depends on the page alone.

    Attributes:
        finest: (b, 8, h, w), the output of the first block.
        normed: (b, 16, h // 2, w // 2), the second block just before its FiLM.
    """

    finest: Tensor
    normed: Tensor

    def each(self, frames: int) -> "PageRead":
        """(b * frames, ...): each page for so many frames of it."""
        return PageRead(*(part.repeat_interleave(frames, dim=0) for part in self))


class CUNet(nn.Module):
    """The network.

    A page is read once, and looked at for many frames: ``read_page``, ``hear``, ``look``; ``look_for`` does so for
    several pages at once.
    """

    rnn: nn.LSTM
    fc: nn.Linear

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        channels = PAGE_CHANNELS
        inputs = (1, *channels[:-1])
        self.encoder = nn.ModuleList(
            Block(i, c, film=n > 0) for n, (i, c) in enumerate(zip(inputs, channels, strict=True))
        )
        self.bottleneck_block = Block(channels[-1], BOTTLENECK_CHANNELS, film=True)
        self.decoder = nn.ModuleList(UpBlock(c, film=n > 0) for n, c in enumerate(channels))
        self.conv_out = nn.Conv2d(channels[0], 1, 1)
        self.perf_encoder = ContextEncoder() if design.encoder == "CB" else FrameEncoder()
        if design.recurrent:
            self.rnn = nn.LSTM(SOUND_SIZE, STATE_SIZE, batch_first=True)
        else:
            self.fc = nn.Linear(SOUND_SIZE, STATE_SIZE)

    @property
    def encoder_blocks(self) -> list[Block]:
        """From the finest to the coarsest."""
        return cast(list[Block], list(self.encoder))

    @property
    def decoder_blocks(self) -> list[UpBlock]:
        """From the finest, which comes last, to the coarsest."""
        return cast(list[UpBlock], list(self.decoder))

    def read_page(self, pages: Tensor) -> PageRead:
        """(b, 1, h, w), 0 paper and 1 ink, to what ``look`` needs of them."""
        first, second = self.encoder_blocks[:2]
        finest = functional.elu(first.before_film(pages))
        return PageRead(finest, second.before_film(functional.max_pool2d(finest, 2)))

    def hear(self, windows: Tensor, state: State | None = None) -> tuple[Tensor, State | None]:
        """Follow the sound.

        Args:
            windows: (b, t, 78, 40), for each frame the last 40 of the spectrogram; zeros before the first.
            state: what the call before gave; None at the beginning of a page.

        Returns:
            (b, t, 128) what is heard at each frame, and the state after the last.
        """
        b, t = windows.shape[:2]
        heard = self.perf_encoder(windows.flatten(0, 1)).reshape(b, t, SOUND_SIZE)
        if self.design.recurrent:
            with torch.autocast(heard.device.type, enabled=False):  # what is remembered for long stays precise
                z, state = self.rnn(heard.float(), state)
            return z, state
        return functional.elu(self.fc(heard)), None

    def hear_page(self, heard: Tensor) -> Tensor:
        """(T, 78), the spectrogram since the page was opened, to (T, 128), what is heard at each frame."""
        state: State | None = None
        z = []
        for windows in torch.split(windows_of(heard, len(heard)), HEARD_AT_ONCE):
            part, state = self.hear(windows[None], state)
            z.append(part[0])
        return torch.cat(z)

    def look(self, page: PageRead, z: Tensor) -> Tensor:
        """Where in the page is what is heard.

        Args:
            page: of n pages, one for each row of ``z``, or of one page for all.
            z: (n, 128).

        Returns:
            (n, 1, h, w) logits; their sigmoid is the mask.
        """
        skips, normed = self.descend(page, z)
        return self.refine(skips[:-1], self.meet(normed, skips[-1], z), z)

    def descend(self, page: PageRead, z: Tensor) -> tuple[list[Tensor], Tensor]:
        """The outputs (n, c, ...) of the encoder, finest first, and the bottleneck (n, 128, ...) before its FiLM."""
        _, second, *deeper = self.encoder_blocks
        x = second.after_film(page.normed, z)
        skips = [page.finest, x]
        for block in deeper:
            x = block(functional.max_pool2d(x, 2), z)
            skips.append(x)
        return skips, self.bottleneck_block.before_film(functional.max_pool2d(x, 2))

    def meet(self, normed: Tensor, skip: Tensor, z: Tensor) -> Tensor:
        """The bottleneck before its FiLM and the coarsest skip to the output (n, 64, h // 8, w // 8) of a decoder."""
        return self.decoder_blocks[-1].rise(self.bottleneck_block.after_film(normed, z), skip, z)

    def refine(self, skips: Sequence[Tensor], met: Tensor, z: Tensor) -> Tensor:
        """What ``meet`` gave, and the other skips, to logits (n, 1, h, w)."""
        for up_block, skip in zip(reversed(self.decoder_blocks[:-1]), reversed(skips), strict=True):
            met = up_block.rise(met, skip, z)
        logits: Tensor = self.conv_out(met)
        return logits

    def look_for(self, pages: Tensor, z: Tensor) -> Tensor:
        """(b, 1, h, w) pages and (b, t, 128), what is heard at t frames of each, to (b, t, h, w) logits."""
        b, t = z.shape[:2]
        return self.look(self.read_page(pages).each(t), z.flatten(0, 1)).reshape(b, t, *pages.shape[-2:])

    def forward(self, pages: Tensor, windows: Tensor, state: State | None = None) -> tuple[Tensor, State | None]:
        """(b, 1, h, w) and (b, t, 78, 40) to (b, t, h, w) logits, and the state after the last frame."""
        z, state = self.hear(windows, state)
        return self.look_for(pages, z), state


def windows_of(heard: Tensor, frames: int) -> Tensor:
    """(frames, 78, 40): of what is heard, (T, 78), the last 40 frames at each; zeros before the first, and after."""
    padded = functional.pad(heard, (0, 0, CONTEXT_FRAMES - 1, max(0, frames - len(heard))))
    return padded[: CONTEXT_FRAMES - 1 + frames].unfold(0, CONTEXT_FRAMES, 1)


def design_of(tensors: Mapping[str, Tensor]) -> Design:
    """Which network these parameters are of, by their names."""
    return Design("CB" if "perf_encoder.enc.0.conv.weight" in tensors else "FB", "rnn.weight_ih_l0" in tensors)


def check_config(path: Path, design: Design) -> None:
    """DataError where ``path``, what the authors put beside a checkpoint, is the config of another network."""
    config = read_config(path)
    said = {**_CONFIG, "audio_encoder": f"{design.encoder}Encoder", "use_lstm": design.recurrent}
    wrong = sorted(key for key, value in said.items() if config.get(key) != value)
    if wrong:
        raise DataError(f"{path}: config of another network ({', '.join(wrong)}); take the one of this checkpoint")


def network_from(tensors: Mapping[str, Tensor], source: Path | str) -> CUNet:
    """The network with ``tensors`` in it, ready to answer.

    Raises:
        DataError: they are of another model; ``source`` is named.
    """
    network = CUNet(design_of(tensors))
    load_into(network, tensors, source)
    return network.eval().requires_grad_(False)
