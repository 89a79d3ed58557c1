"""What decides a training, and what makes a network better."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

ALGORITHMS = ("ppo", "a2c", "reinforce")
LEARNING_RATE = 1e-4
MOST_GRADIENT = 0.5
"""Norm to which gradients are cut."""

Log = Callable[[str, float], None]
"""Takes a name and a value of the present update."""


@dataclass(frozen=True)
class Recipe:
    """How an agent learns.

    Attributes:
        algorithm: one of ``ALGORITHMS``.
        design: of the network, by its name.
        imitated: share of the updates that imitate the optimal agent, before the agent plays.
        practice: whether rounds begin anywhere within a page, most in another tempo (``performing``); or all at the
            opening of the page and as they were recorded, as the paper has it.
        seed: of all randomness.
    """

    algorithm: str
    design: str
    imitated: float
    practice: bool
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """How long and how large.

    Attributes:
        updates: of the network, each from ``agents * frames`` frames (REINFORCE: from whole rounds).
        agents: that play side by side.
        frames: that each of them plays between updates.
        validate_every: updates from one validation to the next.
        keep_every: updates after which the training is kept, too.
    """

    updates: int
    agents: int
    frames: int
    validate_every: int
    keep_every: int = 100

    def imitations(self, recipe: Recipe) -> int:
        """How many of the updates imitate."""
        return round(self.updates * recipe.imitated)


class Learner(Protocol):
    """Makes a network better, update by update. Its randomness follows from the seed and the number of the update."""

    optimizer: torch.optim.Optimizer

    def update(self, number: int) -> None:
        """Do the update of that number."""
        ...

    def state(self) -> list[list[int]]:
        """Where the games are that it plays, if any are left open."""
        ...

    def restore(self, games: list[list[int]]) -> None:
        """Go on with games that were left open."""
        ...


def falling_rate(rate: float, number: int, first: int, last: int) -> float:
    """The learning rate at update ``number``: by a cosine from ``rate`` at ``first`` to a 20th of it at ``last``."""
    share = min(max((number - first) / max(last - first, 1), 0.0), 1.0)
    return float(rate * (0.05 + 0.95 * (1 + np.cos(np.pi * share)) / 2))
