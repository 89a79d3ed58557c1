"""The network as Stable-Baselines3 has it: a features extractor of two towers, and heads for actor and critic."""

from collections.abc import Mapping
from typing import Any

import gymnasium
import torch
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor

from baselines.rl.network import Network


class TowersExtractor(BaseFeaturesExtractor):
    """What is heard and seen, as features."""

    def __init__(self, observation_space: gymnasium.Space[Any], network: Network) -> None:
        super().__init__(observation_space, network.towers.joint_size)
        self.towers = network.towers

    def forward(self, observations: Mapping[str, Tensor]) -> Tensor:
        """``perf`` and ``score`` to (n, features)."""
        joined: Tensor = self.towers(observations)
        return joined


class GamePolicy(ActorCriticPolicy):
    """Actor and critic of ``network``, whose parameters are those that are trained.

    Args:
        arguments, settings: as of the class that it extends.
    """

    def __init__(self, *arguments: Any, network: Network, **settings: Any) -> None:
        self._parts = network.heads, network.actor_out, network.critic_out
        settings |= {
            "features_extractor_class": TowersExtractor,
            "features_extractor_kwargs": {"network": network},
            "ortho_init": False,
        }
        super().__init__(*arguments, **settings)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = self._parts[0]  # type: ignore[assignment]  # it has what their own class has

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        _, self.action_net, self.value_net = self._parts
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lr_schedule(1))
