"""CUNet frame by frame on one core, as fast as it goes exactly: equal to ``network`` up to rounding.

What depends on the page alone is computed once a page: the first block, the second up to its FiLM, and the finest
skip connection through the convolution after it (a convolution of a sum is the sum of two). The other half of that
convolution follows a doubling and is done at half the size. ``scorebench.convolution`` and ``scorebench.layers`` do
the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from baselines.cunet.blocks import CONTEXT_FRAMES, STATE_SIZE, Block, ContextEncoder, ConvNorm, UpBlock
from baselines.cunet.network import CUNet
from scorebench.convolution import Conv, DoublingConv
from scorebench.filterbank import BANDS
from scorebench.kernels import ELU, PLAIN
from scorebench.layers import (
    Channels,
    Norm,
    doubled_plus,
    keep_freed_memory,
    max_pool,
    planes_of,
    scaled,
)

Film = Iterator[tuple[Channels, Channels]]
"""gamma and beta, block by block in the order of the network."""


class _FastBlock:
    """A block of the network."""

    def __init__(self, block: Block) -> None:
        self.conv1, self.norm1 = Conv.of(block.conv1), Norm.of(block.norm1)
        self.conv2, self.norm2 = Conv.of(block.conv2), Norm.of(block.norm2)
        self.filmed = block.film_layer is not None

    def before_film(self, x: Tensor) -> Tensor:
        """(h, w, inputs) to (h, w, c)."""
        return self.norm2(self.conv2(self.norm1(self.conv1(x))), PLAIN)

    def after_conv1(self, x: Tensor, film: Film) -> Tensor:
        """(h, w, c) to (h, w, c): everything after the first convolution."""
        norm2 = self.norm2.with_film(*next(film)) if self.filmed else self.norm2
        return norm2(self.conv2(self.norm1(x)))

    def __call__(self, x: Tensor, film: Film) -> Tensor:
        """(h, w, inputs) to (h, w, c)."""
        return self.after_conv1(self.conv1(x), film)


class _FastUpBlock(_FastBlock):
    """A block of the decoder."""

    def __init__(self, block: UpBlock) -> None:
        super().__init__(block)
        self.up_conv = Conv.of(cast(torch.nn.Conv2d, block.up_conv[1]))

    def rise(self, x: Tensor, skip: Tensor, film: Film) -> Tensor:
        """(h // 2, w // 2, 2c) and (h, w, c) to (h, w, c)."""
        return self(doubled_plus(self.up_conv(x), skip), film)  # a 1x1 convolution commutes with doubling


@dataclass(frozen=True, eq=False)
class KnownPage:
    """What depends on the page alone.

    Attributes:
        finest: (h, w, 8), the finest skip connection after the first convolution of the last block.
        normed: (h // 2, w // 2, 16), the second block just before its FiLM.
    """

    finest: Tensor
    normed: Tensor


class Eyes:
    """The U-Net of ``network``, for one frame at a time."""

    def __init__(self, network: CUNet) -> None:
        keep_freed_memory()
        self._first, self._second, *self._deeper = [_FastBlock(block) for block in network.encoder_blocks]
        self._bottleneck = _FastBlock(network.bottleneck_block)
        self._last, *self._decoder = [_FastUpBlock(block) for block in network.decoder_blocks]
        self._last_doubling = DoublingConv.of(network.decoder_blocks[0].conv1.weight)
        assert network.conv_out.bias is not None  # noqa: S101 - it was made with one
        self._out_weight, self._out_bias = network.conv_out.weight.view(8), network.conv_out.bias
        blocks = [*network.encoder_blocks, network.bottleneck_block, *reversed(network.decoder_blocks)]
        filmed = [block.film_layer for block in blocks if block.film_layer is not None]
        layers = [layer for film in filmed for layer in (film.gamma, film.beta)]
        self._film_weight = torch.cat([layer.weight for layer in layers])
        self._film_bias = torch.cat([layer.bias for layer in layers])
        self._film_ends = np.cumsum([len(layer.bias) for layer in layers])[:-1]

    @torch.inference_mode()
    def read(self, page: NDArray[np.float32]) -> KnownPage:
        """Look at a page of (h, w) for the first time."""
        finest = self._first(torch.from_numpy(page)[..., None], iter(()))
        return KnownPage(self._last.conv1(finest), self._second.before_film(max_pool(finest)))

    @torch.inference_mode()
    def look(self, page: KnownPage, z: Tensor) -> NDArray[np.float32]:
        """The mask (h, w) of probabilities of where in ``page`` is what is heard, ``z`` (128,)."""
        film = self._film(z)
        x = scaled(page.normed, *next(film), ELU)
        skips = [x]
        for block in self._deeper:
            x = block(max_pool(x), film)
            skips.append(x)
        x = self._bottleneck(max_pool(x), film)
        for up_block in reversed(self._decoder):
            x = up_block.rise(x, skips.pop(), film)
        return self._finish(page, x, film)

    def _finish(self, page: KnownPage, x: Tensor, film: Film) -> NDArray[np.float32]:
        """The last block, and the mask."""
        height, width, _ = page.finest.shape
        conv1 = page.finest + self._last_doubling(self._last.up_conv(x), height, width)
        x = self._last.after_conv1(conv1, film)
        logits = torch.addmv(self._out_bias, x.view(height * width, 8), self._out_weight)
        mask: NDArray[np.float32] = logits.sigmoid_().view(height, width).numpy()
        return mask

    def _film(self, z: Tensor) -> Film:
        """All of FiLM in one product."""
        parts = np.split(torch.addmv(self._film_bias, self._film_weight, z).numpy(), self._film_ends)
        return iter(zip(parts[::2], parts[1::2], strict=True))


class SoundEncoder:
    """The encoder of the sound and the LSTM, for one frame at a time: as fast as it goes on one core, or anywhere."""

    def __init__(self, network: CUNet, one_core: bool = True) -> None:
        self._network = network
        self.recurrent = network.design.recurrent
        self.device = network.conv_out.weight.device
        encoder = network.perf_encoder
        self._layers: list[tuple[Conv, Norm] | None] = []
        if one_core and isinstance(encoder, ContextEncoder):
            self._layers = [
                (Conv.of(layer.conv), Norm.of(layer.norm)) if isinstance(layer, ConvNorm) else None
                for layer in list(encoder.enc)[:-2]
            ]

    def encode(self, window: Tensor) -> Tensor:
        """The last (78, 40) of the spectrogram to (1, 32)."""
        encoder = self._network.perf_encoder
        if not self._layers or not isinstance(encoder, ContextEncoder):
            heard: Tensor = encoder(window[None])
            return heard
        x = ((window - encoder.means) / encoder.stds)[0, ..., None].contiguous()
        for layer in self._layers:
            x = max_pool(x) if layer is None else layer[1](layer[0](x))
        return functional.elu(encoder.norm(encoder.enc[-1](planes_of(x).flatten(1))))

    def remember(self, heard: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """One step of the LSTM: h and c, each (1, 128)."""
        h, c = torch.lstm_cell(heard, state, *self._network.rnn.all_weights[0])
        return h, c

    def project(self, heard: Tensor) -> Tensor:
        """What takes the LSTM's place where there is none."""
        return functional.elu(self._network.fc(heard))


class Ears:
    """What is heard of one performance: frames of the spectrogram in, what FiLM needs out."""

    def __init__(self, encoder: SoundEncoder) -> None:
        self._encoder = encoder
        self._window = torch.zeros(BANDS, CONTEXT_FRAMES, device=encoder.device)
        zero = torch.zeros(1, STATE_SIZE, device=encoder.device)
        self._state = (zero, zero)

    @torch.inference_mode()
    def hear(self, frame: NDArray[np.float32]) -> Tensor:
        """Take the next frame (78,); (128,) for the U-Net."""
        newest = torch.from_numpy(frame).to(self._window.device)
        self._window = torch.cat([self._window[:, 1:], newest[:, None]], dim=1)
        heard = self._encoder.encode(self._window)
        if not self._encoder.recurrent:
            return self._encoder.project(heard)[0]
        self._state = self._encoder.remember(heard, self._state)
        return self._state[0][0]
