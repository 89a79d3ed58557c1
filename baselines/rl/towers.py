"""The towers of the authors' network (Henkel, Balke, Dorfer & Widmer, TISMIR 2019, Table 2), each summed up in 512.

Convolutions without padding, ELU everywhere, dropout of 0.2 where the table has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from baselines.rl.views import SCORE_SHAPE, SOUND_SHAPE

DROPOUT = 0.2
TOWER_SIZE, JOINT_SIZE = 512, 512


@dataclass(frozen=True)
class Layer:
    """A convolution: channels, size of the filter, stride down and across, and whether dropout follows."""

    channels: int
    size: int = 3
    stride: tuple[int, int] = (1, 1)
    dropped: bool = False


_HALF = (2, 2)
_SOUND = (
    Layer(16),
    Layer(16),
    Layer(32, stride=_HALF),
    Layer(32, dropped=True),
    Layer(64, stride=_HALF),
    Layer(96, stride=_HALF),
    Layer(96, size=1, dropped=True),
)
_SCORE = (
    Layer(16, size=5, stride=(1, 2)),
    Layer(16),
    Layer(32, stride=_HALF),
    Layer(32, dropped=True),
    Layer(32, stride=_HALF),
    Layer(64, stride=_HALF, dropped=True),
    Layer(96, stride=_HALF),
    Layer(96, size=1, dropped=True),
)


class DenseTowers(nn.Module):
    """What is heard and seen, each summed up in one vector, and both in another.

    Attributes:
        in_16_bits: whether it computes in 16 bits where that is enough.
        joint_size: numbers in which all is summed up.
        dropout: of actor and critic.
    """

    joint_size, dropout = JOINT_SIZE, DROPOUT

    def __init__(self) -> None:
        super().__init__()
        self.in_16_bits = False
        self.sound, self.score = _tower(_SOUND, SOUND_SHAPE), _tower(_SCORE, SCORE_SHAPE)
        self.join = nn.Sequential(nn.Linear(2 * TOWER_SIZE, JOINT_SIZE), nn.ELU())

    def hear(self, perf: Tensor) -> Tensor:
        """(n, 2, 78, 40) to (n, 512)."""
        return self._up(self.sound, perf)

    def look(self, score: Tensor) -> tuple[Tensor, ...]:
        """(n, 2, 80, 256) to (n, 512) alone."""
        return (self._up(self.score, score),)

    def _up(self, tower: nn.Sequential, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.in_16_bits):
            found: Tensor = tower(x.contiguous(memory_format=torch.channels_last))
        return found.float()

    def combine(self, heard: Tensor, seen: tuple[Tensor, ...]) -> Tensor:
        """What ``hear`` and ``look`` gave to (n, 512)."""
        joined: Tensor = self.join(torch.cat([heard, *seen], dim=1))
        return joined

    def forward(self, observations: Mapping[str, Tensor]) -> Tensor:
        """``perf`` and ``score`` to (n, 512)."""
        return self.combine(self.hear(observations["perf"]), self.look(observations["score"]))


def _tower(layers: tuple[Layer, ...], shape: tuple[int, int, int]) -> nn.Sequential:
    """Convolutions, and a layer that sums up what they found in (channels, rows, columns)."""
    modules: list[nn.Module] = []
    inputs, rows, columns = shape
    for layer in layers:
        modules += [nn.Conv2d(inputs, layer.channels, layer.size, layer.stride), nn.ELU()]
        modules += [nn.Dropout(DROPOUT)] if layer.dropped else []
        inputs = layer.channels
        rows, columns = ((n - layer.size) // by + 1 for n, by in zip((rows, columns), layer.stride, strict=True))
    return nn.Sequential(*modules, nn.Flatten(), nn.Linear(inputs * rows * columns, TOWER_SIZE), nn.ELU())
