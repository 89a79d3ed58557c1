"""CUNet on a GPU: the plain network, many frames at once where all that is heard on a page is known."""

from dataclasses import dataclass

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
        mask: NDArray[np.float32] = self.look_many(page, z[None])[0]
        return mask

    @torch.inference_mode()
    def look_many(self, page: PageRead, z: Tensor) -> NDArray[np.float32]:
        """The masks (n, h, w) for ``z`` (n, 128)."""
        masks: NDArray[np.float32] = self._network.look(page, z)[:, 0].sigmoid().cpu().numpy()
        return masks


@dataclass(frozen=True)
class Sighting:
    """What is marked in the page at a frame.

    Attributes:
        found: there, or at the newest frame before at which anything is; None where nothing was yet.
        at_once: whether it is of the very frame.
    """

    found: Marked | None
    at_once: bool


class Seen:
    """What is marked in a page at each frame of a sound; each frame is looked for once.

    Args:
        z: (T, 128) what is heard at each frame.
    """

    def __init__(self, eyes: PlainEyes, page: PageRead, z: Tensor) -> None:
        self._eyes, self._page, self._z = eyes, page, z
        self._marked: dict[int, Marked | None] = {}

    def at(self, frames: NDArray[np.int64]) -> list[Sighting]:
        """What is seen at each of ``frames``, -1 for before the first; if nothing, what was seen last before."""
        wanted = sorted(set(frames[frames >= 0].tolist()))
        for first in range(0, len(wanted), LOOKED_AT_ONCE):
            some = wanted[first : first + LOOKED_AT_ONCE]
            masks = self._eyes.look_many(self._page, self._z[some])
            self._marked.update(zip(some, map(marked, masks), strict=True))
        return [self._sighting(frame) for frame in frames.tolist()]

    def _sighting(self, frame: int) -> Sighting:
        for earlier in range(frame, -1, -1):
            if earlier not in self._marked:
                self._marked[earlier] = marked(self._eyes.look(self._page, self._z[earlier]))
            found = self._marked[earlier]
            if found is not None:
                return Sighting(found, at_once=earlier == frame)
        return Sighting(None, at_once=False)
