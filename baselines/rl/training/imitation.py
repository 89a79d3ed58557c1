"""Imitation before play: how a network learns what the optimal agent would do.

Play from scratch learns from rewards alone, and takes millions of frames until an agent follows at all. Here the agent
is shown, wherever it might stand, what each action would win at best, and where the music is: the same game and the
same network.
"""

import torch
from torch import Tensor
from torch.nn import functional

from baselines.rl.columns import ColumnTowers, places_loss
from baselines.rl.network import Network
from baselines.rl.training.exercises import MOMENTS, Exercise, Exercises
from baselines.rl.training.plan import Log

LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-2
MOST_GRADIENT = 5.0
RISING = 0.05
"""Share of the updates in which the learning rate rises; then it falls."""
TEMPERATURE = 0.05
"""Reward that makes an action e times as likely."""
CRITIC_SHARE, PLACES_SHARE = 0.01, 0.5


class Imitator:
    """Makes ``network`` imitate the optimal agent.

    Args:
        situations: in an update.
        updates: of them all.
    """

    def __init__(self, network: Network, exercises: Exercises, situations: int, updates: int, log: Log) -> None:
        parameters = network.parameters()
        self.optimizer: torch.optim.Optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        self._network, self._exercises, self._log = network, exercises, log
        self._views, self._updates = -(-situations // MOMENTS), updates

    def update(self, number: int) -> None:
        """Do the update of that number."""
        for group in self.optimizer.param_groups:
            group["lr"] = LEARNING_RATE * learning_share(number, self._updates)
        exercise = self._exercises.draw(number, self._views, self._network.device)
        self._network.train()
        losses = imitation_losses(self._network, exercise)
        loss = losses["actor"] + CRITIC_SHARE * losses["critic"] + PLACES_SHARE * losses["places"]
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), MOST_GRADIENT)
        self.optimizer.step()
        for name, value in losses.items():
            self._log(f"imitation/{name}", value.item())

    def state(self) -> list[list[int]]:
        """No game is played."""
        return []

    def restore(self, games: list[list[int]]) -> None:
        """No game is played."""


def learning_share(number: int, updates: int) -> float:
    """Share of the learning rate at update ``number`` of so many."""
    rising = max(RISING * updates, 1)
    if number < rising:
        return (number + 1) / (rising + 1)
    done = torch.tensor((number - rising) / max(updates - rising, 1))
    return float((1 + torch.cos(torch.pi * done)) / 2)


def imitation_losses(network: Network, exercise: Exercise) -> dict[str, Tensor]:
    """How far an agent is from what it is shown, each ().

    Returns:
        ``actor``, ``critic`` and ``places``, to be made small; and ``given_away``: the reward that the next action
        gives away, on average.
    """
    towers, each = network.towers, len(exercise.perf) // len(exercise.score)
    assert isinstance(towers, ColumnTowers)  # noqa: S101 - the recipes with imitation have these
    seen = tuple(part.repeat_interleave(each, dim=0) for part in towers.look(exercise.score))
    joined, located = towers.combine_and_locate(towers.hear(exercise.perf), seen)
    logits, values = network.act_on(joined)
    best = exercise.returns.max(dim=1).values
    wanted = functional.softmax(exercise.returns / TEMPERATURE, dim=1)
    expected = (exercise.returns * logits.detach().softmax(dim=1)).sum(dim=1)
    return {
        "actor": functional.cross_entropy(logits, wanted),
        "critic": (values - best).square().mean(),
        "places": places_loss(located, exercise.errors_px),
        "given_away": (best - expected).mean(),
    }
