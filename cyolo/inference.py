"""From one open page and z to the most likely box: decoded for that cell only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyolo.network import STRIDE_PX, Cyolo


@dataclass(frozen=True)
class Box:
    """The best boxes of N frames, each (N,), in pixels of the network's input; ``cell`` indexes the flat grid."""

    x: Tensor
    y: Tensor
    w: Tensor
    h: Tensor
    confidence: Tensor
    cell: Tensor

    def rows(self) -> NDArray[np.float64]:
        """x, y, w, h and confidence of each: (N, 5)."""
        rows: NDArray[np.float64] = (
            torch.stack([self.x, self.y, self.w, self.h, self.confidence], 1).double().cpu().numpy()
        )
        return rows


class Locator:
    """Reads boxes off the features of a page.

    Args:
        network: in evaluation mode.
        features: z (N, 128) to the features of one page, (N, 128, 52, 52).
    """

    def __init__(self, network: Cyolo, features: Callable[[Tensor], Tensor]) -> None:
        self._features = features
        layers: Any = network.model
        head = layers["Detect_17"].m[0]
        self._weight, self._bias = head.weight[:, :, 0, 0].view(3, 5, -1), head.bias.view(3, 5)
        self._anchors_px = layers["Detect_17"].anchor_grid[0].reshape(3, 2)

    def logits(self, z: Tensor) -> Tensor:
        """Objectness of every cell, before the sigmoid, after each of N frames: z (N, 128) to (N, 3, 52, 52)."""
        return self._logits(self._features(z))

    def best(self, z: Tensor) -> Box:
        """The most likely box after each of N frames: z (N, 128)."""
        features = self._features(z)
        logits = self._logits(features)
        height, width = logits.shape[2:]
        # By confidence, the first of equals, as the authors choose: sigmoids can be equal where logits are not.
        cell = logits.sigmoid().flatten(1).argmax(1)
        anchor, place = cell // (height * width), cell % (height * width)
        here = features[torch.arange(len(z), device=z.device), :, place // width, place % width]
        raw = torch.einsum("noc,nc->no", self._weight[anchor], here) + self._bias[anchor]
        share = raw.sigmoid()
        size = (2 * share[:, 2:4]) ** 2 * self._anchors_px[anchor]
        x = (2 * share[:, 0] - 0.5 + place % width) * STRIDE_PX
        y = (2 * share[:, 1] - 0.5 + place // width) * STRIDE_PX
        return Box(x, y, size[:, 0], size[:, 1], share[:, 4], cell)

    def _logits(self, features: Tensor) -> Tensor:
        """(N, 128, 52, 52) to (N, 3, 52, 52), by a product of matrices: for three outputs that is the fastest way."""
        weight, bias = self._weight[:, 4].expand(len(features), -1, -1), self._bias[:, 4, None]
        logits = torch.baddbmm(bias, weight, features.flatten(2))
        return logits.view(len(features), -1, *features.shape[2:])
