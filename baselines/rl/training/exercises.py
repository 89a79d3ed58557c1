"""Situations to learn from: where an agent might stand on a page, and what each action would win there at best."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from baselines.rl.players import returns_of
from baselines.rl.rounds import Board, Round, observe_all, rate_of, somewhere

_OPEN, _NEW = 64, 4
"""So many rounds are drawn from at an update, and so many of them are new."""
_ROUND, _DRAW = 1, 2
"""What randomness is for."""


@dataclass(frozen=True, eq=False)
class Exercise:
    """n situations.

    Attributes:
        observations: ``perf`` (n, 2, 78, 40) and ``score`` (n, 2, 80, 256).
        returns: (n, 3) the most that each action can win.
    """

    observations: dict[str, Tensor]
    returns: Tensor


class Exercises:
    """Exercises on some pages. Which are drawn at an update follows from the seed and its number alone."""

    def __init__(self, boards: Sequence[Board], seed: int) -> None:
        self._boards, self._seed = boards, seed
        self._rounds: OrderedDict[int, Round] = OrderedDict()

    def draw(self, update: int, count: int, device: torch.device) -> Exercise:
        """The exercise of that ``update``, of ``count`` situations."""
        random = np.random.default_rng([self._seed, _DRAW, update])
        open_rounds = [self._round(number) for number in range(update * _NEW, update * _NEW + _OPEN)]
        rounds = [open_rounds[number] for number in random.integers(_OPEN, size=count).tolist()]
        standings = [somewhere(played, random) for played in rounds]
        returns = np.stack([returns_of(played, standing) for played, standing in zip(rounds, standings, strict=True)])
        views = observe_all(rounds, standings)
        observations = {name: torch.from_numpy(view).to(device) for name, view in views.items()}
        return Exercise(observations, torch.from_numpy(returns).float().to(device))

    def _round(self, number: int) -> Round:
        if number not in self._rounds:
            random = np.random.default_rng([self._seed, _ROUND, number])
            board = self._boards[int(random.integers(len(self._boards)))]
            self._rounds[number] = board.played(rate_of(random))
        while len(self._rounds) > _OPEN:
            self._rounds.popitem(last=False)
        return self._rounds[number]
