"""The network that marks symbols on a page: a small U-Net whose answers are cells of two by two pixels."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from torch import Tensor, nn

from baselines.omr.recogniser.symbols import KINDS, OFFSETS, PROPERTIES, STROKES

WIDTHS: Final = (32, 48, 64, 96)
"""Channels at 1/2, 1/4, 1/8 and 1/16 of the picture."""

MULTIPLE: Final = 16
"""Pictures must be multiples of this high and wide."""

_SAID = sum(PROPERTIES.values())


@dataclass(frozen=True)
class Answer:
    """What the network says of (n, 1, h, w): everything is (n, channels, h / 2, w / 2).

    Attributes:
        kinds: logits of a symbol's centre, by ``KINDS``.
        strokes: logits of ``STROKES``.
        properties: name -> logits of its answers.
        offsets: ``OFFSETS``.
    """

    kinds: Tensor
    strokes: Tensor
    properties: dict[str, Tensor]
    offsets: Tensor


class Block(nn.Sequential):
    """Convolution (3 x 3), normalisation, rectifier."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        )


class Wide(nn.Sequential):
    """Two convolutions of which the second looks twice as far."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            Block(channels, channels),
            nn.Conv2d(channels, channels, 3, padding=2, dilation=2, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )


class Marker(nn.Module):
    """Ink (n, 1, h, w), 0 paper to 1 ink, to an ``Answer``; h and w are multiples of ``MULTIPLE``."""

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, last = WIDTHS
        self.enter = nn.Sequential(
            nn.Conv2d(1, half, 5, 2, padding=2, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True)
        )
        self.first = Block(half, half)
        self.second = nn.Sequential(Block(half, quarter, 2), Block(quarter, quarter))
        self.third = nn.Sequential(Block(quarter, eighth, 2), Wide(eighth))
        self.fourth = nn.Sequential(Block(eighth, last, 2), Wide(last))
        self.up_third = nn.Conv2d(last, eighth, 1)
        self.join_third = Wide(eighth)
        self.up_second = nn.Conv2d(eighth, quarter, 1)
        self.join_second = Wide(quarter)
        self.up_first = nn.Conv2d(quarter, half, 1)
        self.join_first = nn.Sequential(Block(half, half), Block(half, half))
        self.say = nn.Conv2d(half, len(KINDS) + len(STROKES) + _SAID + len(OFFSETS), 1)
        if self.say.bias is not None:
            nn.init.constant_(self.say.bias[: len(KINDS)], -4.0)  # most cells hold nothing

    def forward(self, ink: Tensor) -> Answer:
        """Called by torch."""
        first = self.first(self.enter(ink))
        second = self.second(first)
        third = self.third(second)
        fourth = self.fourth(third)
        third = self.join_third(third + _double(self.up_third(fourth)))
        second = self.join_second(second + _double(self.up_second(third)))
        first = self.join_first(first + _double(self.up_first(second)))
        return split(self.say(first))


def _double(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


def split(channels: Tensor) -> Answer:
    """Name the channels of the last layer."""
    ends = [len(KINDS), len(KINDS) + len(STROKES), len(KINDS) + len(STROKES) + _SAID]
    kinds, strokes, said, offsets = channels.tensor_split(ends, dim=1)
    parts = said.tensor_split(list(accumulate(PROPERTIES.values()))[:-1], dim=1)
    properties = dict(zip(PROPERTIES, parts, strict=True))
    return Answer(kinds, strokes, properties, offsets)
