"""Imitation before play: how a network learns what the optimal agent would do.

Play from scratch learns from rewards alone, and takes millions of frames until an agent follows at all. Here the agent
is shown, wherever it might stand, what each action would win at best: the same game and the same network.
"""

import torch
from torch import Tensor
from torch.nn import functional

from baselines.rl.network import Network
from baselines.rl.training.exercises import Exercise, Exercises
from baselines.rl.training.plan import Log, falling_rate

LEARNING_RATE = 1e-3
MOST_GRADIENT = 5.0
TEMPERATURE = 0.05
"""Reward that makes an action e times as likely."""
CRITIC_SHARE = 0.01


class Imitator:
    """Makes ``network`` imitate the optimal agent.

    Args:
        situations: in an update.
        updates: of them all.
    """

    def __init__(self, network: Network, exercises: Exercises, situations: int, updates: int, log: Log) -> None:
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        self._network, self._exercises, self._log = network, exercises, log
        self._situations, self._updates = situations, updates

    def update(self, number: int) -> None:
        """Do the update of that number."""
        for group in self.optimizer.param_groups:
            group["lr"] = falling_rate(LEARNING_RATE, number, 0, self._updates)
        exercise = self._exercises.draw(number, self._situations, self._network.actor_out.weight.device)
        self._network.train()
        loss, given_away = imitation_loss(self._network, exercise)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), MOST_GRADIENT)
        self.optimizer.step()
        self._log("imitation/loss", loss.item())
        self._log("imitation/given_away", given_away.item())

    def state(self) -> list[list[int]]:
        """No game is played."""
        return []

    def restore(self, games: list[list[int]]) -> None:
        """No game is played."""


def imitation_loss(network: Network, exercise: Exercise) -> tuple[Tensor, Tensor]:
    """How far an agent is from what it is shown.

    Returns:
        () the loss to be made small, and () the reward that it gives away with its next action, on average.
    """
    logits, values = network(exercise.observations)
    best = exercise.returns.max(dim=1).values
    wanted = functional.softmax(exercise.returns / TEMPERATURE, dim=1)
    loss = functional.cross_entropy(logits, wanted) + CRITIC_SHARE * (values - best).square().mean()
    expected = (exercise.returns * logits.detach().softmax(dim=1)).sum(dim=1)
    return loss, (best - expected).mean()
