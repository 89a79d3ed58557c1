"""The networks of the agents: two towers of convolutions listen and look; an actor and a critic act on what they find.

``tismir`` is that of Henkel, Balke, Dorfer & Widmer (TISMIR 2019), Table 2: 2 915 620 parameters, 85 million
multiplications an observation. ``light`` does with half of them, which a CPU can train: it makes pictures small
earlier. Convolutions have no padding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from baselines.rl.rules import ACTIONS
from baselines.rl.views import SCORE_SHAPE, SOUND_SHAPE
from scorebench.errors import UsageError
from scorebench.weights import load_into

DROPOUT = 0.2


@dataclass(frozen=True)
class Layer:
    """A convolution: channels, size of the filter, stride down and across, and whether dropout follows."""

    channels: int
    size: int = 3
    stride: tuple[int, int] = (1, 1)
    dropped: bool = False


@dataclass(frozen=True)
class Design:
    """What a network is made of.

    Attributes:
        sound, score: layers of the towers.
        tower_size, joint_size, head_size: numbers in which a tower, both, and actor or critic sum up.
        rectified: ReLU instead of ELU.
    """

    sound: tuple[Layer, ...]
    score: tuple[Layer, ...]
    tower_size: int
    joint_size: int
    head_size: int
    rectified: bool = False


_HALF = (2, 2)
DESIGNS: Mapping[str, Design] = {
    "tismir": Design(
        sound=(
            Layer(16),
            Layer(16),
            Layer(32, stride=_HALF),
            Layer(32, dropped=True),
            Layer(64, stride=_HALF),
            Layer(96, stride=_HALF),
            Layer(96, size=1, dropped=True),
        ),
        score=(
            Layer(16, size=5, stride=(1, 2)),
            Layer(16),
            Layer(32, stride=_HALF),
            Layer(32, dropped=True),
            Layer(32, stride=_HALF),
            Layer(64, stride=_HALF, dropped=True),
            Layer(96, stride=_HALF),
            Layer(96, size=1, dropped=True),
        ),
        tower_size=512,
        joint_size=512,
        head_size=256,
    ),
    "light": Design(
        sound=(
            Layer(16, stride=(2, 1)),
            Layer(32, stride=(1, 2)),
            Layer(48, stride=_HALF),
            Layer(64, stride=(2, 1)),
            Layer(96, stride=_HALF),
        ),
        score=(
            Layer(16, size=5, stride=_HALF),
            Layer(32, stride=(1, 2)),
            Layer(48, stride=_HALF),
            Layer(48),
            Layer(64, stride=_HALF),
            Layer(96, stride=_HALF),
        ),
        tower_size=384,
        joint_size=384,
        head_size=256,
        rectified=True,
    ),
}


class Towers(nn.Module):
    """What is heard and seen, summed up.

    Attributes:
        in_16_bits: whether it computes in 16 bits where that is enough.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.in_16_bits = False
        self.sound = _tower(design, design.sound, SOUND_SHAPE)
        self.score = _tower(design, design.score, SCORE_SHAPE)
        self.join = nn.Sequential(nn.Linear(2 * design.tower_size, design.joint_size), _activation(design))

    def hear(self, perf: Tensor) -> Tensor:
        """(n, 2, 78, 40) to (n, tower_size)."""
        return self._up(self.sound, perf)

    def look(self, score: Tensor) -> Tensor:
        """(n, 2, 80, 256) to (n, tower_size)."""
        return self._up(self.score, score)

    def _up(self, tower: nn.Sequential, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.in_16_bits):
            found: Tensor = tower(x.contiguous(memory_format=torch.channels_last))
        return found.float()

    def combine(self, heard: Tensor, seen: Tensor) -> Tensor:
        """(n, tower_size) each to (n, joint_size)."""
        joined: Tensor = self.join(torch.cat([heard, seen], dim=1))
        return joined

    def forward(self, observations: Mapping[str, Tensor]) -> Tensor:
        """``perf`` and ``score`` to (n, joint_size)."""
        return self.combine(self.hear(observations["perf"]), self.look(observations["score"]))


def _activation(design: Design) -> nn.Module:
    return nn.ReLU() if design.rectified else nn.ELU()


def _tower(design: Design, layers: tuple[Layer, ...], shape: tuple[int, int, int]) -> nn.Sequential:
    """Convolutions, and a layer that sums up what they found in (channels, rows, columns)."""
    modules: list[nn.Module] = []
    inputs, rows, columns = shape
    for layer in layers:
        modules += [nn.Conv2d(inputs, layer.channels, layer.size, layer.stride), _activation(design)]
        modules += [nn.Dropout(DROPOUT)] if layer.dropped else []
        inputs = layer.channels
        rows, columns = ((n - layer.size) // by + 1 for n, by in zip((rows, columns), layer.stride, strict=True))
    summing = nn.Linear(inputs * rows * columns, design.tower_size)
    return nn.Sequential(*modules, nn.Flatten(), summing, _activation(design))


class Heads(nn.Module):
    """What actor and critic make of what the towers found.

    Attributes:
        latent_dim_pi, latent_dim_vf: how many numbers each; the names are those of Stable-Baselines3.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.latent_dim_pi = self.latent_dim_vf = design.head_size
        self.actor, self.critic = (
            nn.Sequential(nn.Linear(design.joint_size, design.head_size), _activation(design), nn.Dropout(DROPOUT))
            for _ in range(2)
        )

    def forward(self, joined: Tensor) -> tuple[Tensor, Tensor]:
        """(n, joint_size) to (n, head_size) twice."""
        return self.forward_actor(joined), self.forward_critic(joined)

    def forward_actor(self, joined: Tensor) -> Tensor:
        """(n, joint_size) to (n, head_size)."""
        return cast(Tensor, self.actor(joined))

    def forward_critic(self, joined: Tensor) -> Tensor:
        """(n, joint_size) to (n, head_size)."""
        return cast(Tensor, self.critic(joined))


class Network(nn.Module):
    """Actor and critic.

    Attributes:
        design: its name.
    """

    def __init__(self, design: str) -> None:
        super().__init__()
        if design not in DESIGNS:
            raise UsageError(f"no network {design!r}; there are {', '.join(DESIGNS)}")
        plan = DESIGNS[design]
        self.design = design
        self.towers, self.heads = Towers(plan), Heads(plan)
        self.actor_out, self.critic_out = nn.Linear(plan.head_size, ACTIONS), nn.Linear(plan.head_size, 1)
        self._initialise(2**0.5 if plan.rectified else 1.0)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast

    def _initialise(self, gain: float) -> None:
        """Orthogonal weights, no bias."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                out = module in (self.actor_out, self.critic_out)
                nn.init.orthogonal_(module.weight, 1.0 if out else gain)
                nn.init.zeros_(module.bias)

    def decide(self, heard: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """What ``towers`` heard and saw, (n, tower_size) each, to (n, 3) logits of actions and (n,) reward to come."""
        actor, critic = self.heads(self.towers.combine(heard, seen))
        return self.actor_out(actor), self.critic_out(critic)[:, 0]

    def forward(self, observations: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """``perf`` (n, 2, 78, 40) and ``score`` (n, 2, 80, 256) to (n, 3) logits and (n,) reward to come."""
        return self.decide(self.towers.hear(observations["perf"]), self.towers.look(observations["score"]))


def design_of(tensors: Mapping[str, Tensor]) -> str:
    """Which network these parameters are of, by the size of its actor."""
    heads = {plan.joint_size: name for name, plan in DESIGNS.items()}
    actor = tensors.get("heads.actor.0.weight")
    return heads.get(actor.shape[1], "light") if actor is not None and actor.ndim == 2 else "light"


def network_from(tensors: Mapping[str, Tensor], source: Path | str) -> Network:
    """The network with ``tensors`` in it, ready to play.

    Raises:
        DataError: they are of another model; ``source`` is named.
    """
    network = Network(design_of(tensors))
    load_into(network, {name: value.float() for name, value in tensors.items()}, source)
    return network.eval().requires_grad_(False)
