"""The networks of the agents: towers that listen and look, and an actor and a critic that act on what they find.

``tismir`` is the authors' (``towers``): 2 915 620 parameters. ``columns`` (``columns``) is ours, which learns in the
time that there is on a CPU.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from baselines.rl.columns import ColumnTowers
from baselines.rl.rules import ACTIONS
from baselines.rl.towers import DenseTowers
from scorebench.errors import UsageError
from scorebench.weights import load_into

HEAD_SIZE = 256

Towers = DenseTowers | ColumnTowers
TOWERS: Mapping[str, Callable[[], Towers]] = {"tismir": DenseTowers, "columns": ColumnTowers}
"""Designs by name."""


class Heads(nn.Module):
    """What actor and critic make of what the towers found.

    Attributes:
        latent_dim_pi, latent_dim_vf: how many numbers each; the names are those of Stable-Baselines3.
    """

    latent_dim_pi = latent_dim_vf = HEAD_SIZE

    def __init__(self, inputs: int, dropout: float) -> None:
        super().__init__()
        self.actor, self.critic = (
            nn.Sequential(nn.Linear(inputs, HEAD_SIZE), nn.ELU(), nn.Dropout(dropout)) for _ in range(2)
        )

    def forward(self, joined: Tensor) -> tuple[Tensor, Tensor]:
        """(n, inputs) to (n, 256) twice."""
        return self.forward_actor(joined), self.forward_critic(joined)

    def forward_actor(self, joined: Tensor) -> Tensor:
        """(n, inputs) to (n, 256)."""
        return cast(Tensor, self.actor(joined))

    def forward_critic(self, joined: Tensor) -> Tensor:
        """(n, inputs) to (n, 256)."""
        return cast(Tensor, self.critic(joined))


class Network(nn.Module):
    """Actor and critic.

    Attributes:
        design: its name.
    """

    def __init__(self, design: str) -> None:
        super().__init__()
        if design not in TOWERS:
            raise UsageError(f"no network {design!r}; there are {', '.join(TOWERS)}")
        self.design = design
        self.towers = TOWERS[design]()
        self.heads = Heads(self.towers.joint_size, self.towers.dropout)
        self.actor_out, self.critic_out = nn.Linear(HEAD_SIZE, ACTIONS), nn.Linear(HEAD_SIZE, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Conv1d | nn.Linear):
                _initialise(module)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.actor_out.weight.device

    def decide(self, heard: Tensor, seen: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """What ``towers`` heard and saw in n games to (n, 3) logits of actions and (n,) reward to come."""
        return self.act_on(self.towers.combine(heard, seen))

    def act_on(self, joined: Tensor) -> tuple[Tensor, Tensor]:
        """The same, of what the towers summed up."""
        actor, critic = self.heads(joined)
        return self.actor_out(actor), self.critic_out(critic)[:, 0]

    def forward(self, observations: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """``perf`` (n, 2, 78, 40) and ``score`` (n, 2, 80, 256) to (n, 3) logits and (n,) reward to come."""
        return self.act_on(self.towers(observations))


def _initialise(layer: nn.Conv2d | nn.Conv1d | nn.Linear) -> None:
    """Orthogonal weights, no bias."""
    nn.init.orthogonal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def network_from(tensors: Mapping[str, Tensor], source: Path | str) -> Network:
    """The network with ``tensors`` in it, ready to play.

    Raises:
        DataError: they are of another model; ``source`` is named.
    """
    network = Network("columns" if "towers.mixed.0.weight" in tensors else "tismir")
    load_into(network, tensors, source)
    return network.eval().requires_grad_(False)
