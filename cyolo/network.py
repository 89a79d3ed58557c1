"""The conditional YOLO: a page and z to boxes. Module names are the keys of the published checkpoints.

1 377 527 weights: 977 199 for the picture, 400 328 for the sound. Henkel & Widmer (2021), section III and Table I.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyolo.blocks import Bottleneck, Conv, Detect, FiLMConv, Focus
from cyolo.conditioning import Conditioning

STRIDE_PX = 8
"""Size of a cell of the finest grid, in pixels of the network's input."""

ANCHORS_PX = (((11.0, 26.0), (11.0, 34.0), (11.0, 45.0)),)
"""Widths and heights of the three boxes of a cell, for notes."""

ACTIVATIONS: Mapping[str, type[nn.Module]] = {"relu": nn.ReLU, "elu": nn.ELU}


@dataclass(frozen=True)
class Settings:
    """What differs between networks of this family.

    Attributes:
        anchors_px: classes x 3 x (width, height) in pixels of the network's input. Class 0 is the note; the
            Frontiers paper adds bars and systems.
        audio_activation: "elu" as in the paper, or "relu" as in the published weights: the authors' ELU is built
            with alpha = 0.
    """

    anchors_px: tuple[tuple[tuple[float, float], ...], ...] = ANCHORS_PX
    audio_activation: Literal["relu", "elu"] = "relu"


class Cyolo(nn.Module):
    """The whole network.

    Attributes:
        model: layers of the image network by the names of the checkpoints.
        conditioning_network: the audio side.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__()
        self.settings = settings or Settings()
        anchors = torch.tensor(self.settings.anchors_px)
        layers: dict[str, nn.Module] = {
            "Focus_0": Focus(16),
            "Conv_1": Conv(16, 32, stride=2),
            "Bottleneck_2": Bottleneck(32, 32, 16),
            "Conv_3": Conv(32, 64, stride=2),
            "Bottleneck_4": Bottleneck(64, 64, 32),
            "FiLMConv_5": FiLMConv(64, 128, stride=2),
            "Bottleneck_6": Bottleneck(128, 128, 64),
            "FiLMConv_7": FiLMConv(128, 128, stride=2),
            "Bottleneck_8": Bottleneck(128, 128, 64),
            "FiLMConv_9": FiLMConv(128, 128),
            "Bottleneck_12": Bottleneck(256, 128, 64),
            "FiLMConv_13": FiLMConv(128, 128),
            "Bottleneck_16": Bottleneck(192, 128, 64),
            "Detect_17": Detect(128, anchors, STRIDE_PX),
        }
        self.model = nn.ModuleDict(layers)
        self.conditioning_network = Conditioning(ACTIVATIONS[self.settings.audio_activation])

    def see(self, page: Tensor) -> Tensor:
        """The layers before the sound comes in: pages (P, 1, 416, 416), ink 1, to (P, 64, 52, 52)."""
        for name in ("Focus_0", "Conv_1", "Bottleneck_2", "Conv_3", "Bottleneck_4"):
            page = self.model[name](page)
        return page

    def locate(self, seen: Tensor, z: Tensor) -> Tensor:
        """What was seen (B, 64, 52, 52) and z (B, 128) to raw boxes (classes, B, 3, 52, 52, 5)."""
        m: Any = self.model
        fine = m["Bottleneck_6"](m["FiLMConv_5"](seen, z))
        x = m["Bottleneck_8"](m["FiLMConv_7"](fine, z))
        x = F.interpolate(m["FiLMConv_9"](x, z), scale_factor=2.0)
        x = m["Bottleneck_12"](torch.cat([x, fine], 1))
        x = F.interpolate(m["FiLMConv_13"](x, z), scale_factor=2.0)
        x = m["Bottleneck_16"](torch.cat([x, seen], 1))
        raw: Tensor = m["Detect_17"](x)
        return raw

    def forward(self, page: Tensor, spectrogram: Tensor) -> Tensor:
        """One page (1, 1, 416, 416) and what was heard on it (T, 78) to raw boxes after the last frame."""
        return self.locate(self.see(page), self.conditioning_network(spectrogram)[-1:])


def boxes_px(raw: Tensor, anchors_px: Tensor) -> Tensor:
    """Raw boxes to boxes in pixels of the network's input.

    Args:
        raw: (..., 3, H, W, 5).
        anchors_px: (3, 2).

    Returns:
        (..., 3, H, W, 5): centre x, y, width, height, objectness from 0 to 1.
    """
    h, w = raw.shape[-3:-1]
    rows, columns = torch.meshgrid(
        torch.arange(h, device=raw.device), torch.arange(w, device=raw.device), indexing="ij"
    )
    cell = torch.stack([columns, rows], -1).to(raw.dtype)
    share = raw.sigmoid()
    centre = (2 * share[..., :2] - 0.5 + cell) * STRIDE_PX
    size = (2 * share[..., 2:4]) ** 2 * anchors_px[:, None, None, :]
    return torch.cat([centre, size, share[..., 4:]], -1)
