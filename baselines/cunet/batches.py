"""CUNet on a GPU: the plain network, many frames at once where all that is heard on a page is known."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.cunet.network import CUNet, PageRead
from baselines.cunet.picture import Marked, marked

LOOKED_AT_ONCE = 64
"""Frames looked for in a page together."""


class PlainEyes:
    """The U-Net of ``network``, wherever that is."""

    def __init__(self, network: CUNet) -> None:
        self._network = network
        self._device = network.conv_out.weight.device

    @torch.inference_mode()
    def read(self, page: NDArray[np.float32]) -> PageRead:
        """Look at a page of (h, w) for the first time."""
        return self._network.read_page(torch.from_numpy(page)[None, None].to(self._device))

    @torch.inference_mode()
    def look(self, page: PageRead, z: Tensor) -> NDArray[np.float32]:
        """The mask (h, w) of probabilities of where in ``page`` is what is heard, ``z`` (128,)."""
        return self._masks(page, z[None])[0]

    @torch.inference_mode()
    def find(self, page: PageRead, z: Tensor) -> list[Marked]:
        """What is marked in ``page`` at each of many frames, ``z`` (n, 128)."""
        return [marked(mask) for some in torch.split(z, LOOKED_AT_ONCE) for mask in self._masks(page, some)]

    def _masks(self, page: PageRead, z: Tensor) -> list[NDArray[np.float32]]:
        return list(self._network.look(page, z)[:, 0].sigmoid().cpu().numpy())
