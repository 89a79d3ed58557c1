"""Situations to learn from: where an agent might stand on a page, and what each action would win there at best.

Several moments share a view: the tower over the score costs most, and the same view with several answers forces the
network to listen.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.rl.players import returns_of
from baselines.rl.rounds import Board, Round, practised, somewhere
from baselines.rl.rules import THRESHOLD_PX, Standing

MOMENTS = 4
"""That share a view."""
_OPEN, _NEW = 64, 2
"""So many rounds are drawn from at an update, and so many of them are new."""
_NEAR_PX, _NEAR_SHARE, _ONSET_WEIGHT = 30.0, 0.5, 3.0
"""So many moments are drawn near the agent, by a normal distribution of that width, the others anywhere within the
threshold; one with an onset three times as often."""
_ROUND, _DRAW = 1, 2
"""What randomness is for."""


@dataclass(frozen=True, eq=False)
class Exercise:
    """v views, and n moments, as many of each view, side by side.

    Attributes:
        score: (v, 2, 80, 256), ``perf``: (n, 2, 78, 40).
        returns: (n, 3) the most that each action can win.
        errors_px: (n,) how far the agent is ahead of the music.
    """

    score: Tensor
    perf: Tensor
    returns: Tensor
    errors_px: Tensor


class Exercises:
    """Exercises on some pages. Which are drawn at an update follows from the seed and its number alone."""

    def __init__(self, boards: Sequence[Board], seed: int) -> None:
        self._boards, self._seed = boards, seed
        self._rounds: OrderedDict[int, Round] = OrderedDict()

    def draw(self, update: int, views: int, device: torch.device) -> Exercise:
        """The exercise of that ``update``."""
        random = np.random.default_rng([self._seed, _DRAW, update])
        open_rounds = [self._round(number) for number in range(update * _NEW, update * _NEW + _OPEN)]
        rounds = [open_rounds[number] for number in random.integers(_OPEN, size=views).tolist()]
        standings = [somewhere(played, random) for played in rounds]
        moments = [
            (played, replace(standing, frame=frame))
            for played, standing in zip(rounds, standings, strict=True)
            for frame in frames_near(played, standing, random).tolist()
        ]
        scores = [r.sheet.view(s.place, s.place_before) for r, s in zip(rounds, standings, strict=True)]
        arrays = (
            np.stack(scores),
            np.stack([played.sound.view(here.frame) for played, here in moments]),
            np.stack([returns_of(played, here) for played, here in moments]),
            np.array([played.error_px(here) for played, here in moments]),
        )
        return Exercise(*(torch.from_numpy(array).float().to(device) for array in arrays))

    def _round(self, number: int) -> Round:
        if number not in self._rounds:
            random = np.random.default_rng([self._seed, _ROUND, number])
            board = self._boards[int(random.integers(len(self._boards)))]
            self._rounds[number] = practised(board, random)
        while len(self._rounds) > _OPEN:
            self._rounds.popitem(last=False)
        return self._rounds[number]


def frames_near(played: Round, standing: Standing, random: np.random.Generator) -> NDArray[np.int64]:
    """(4,) frames at which who stands there has not lost the music; that of ``standing`` is one of them."""
    errors = standing.place - played.music_at[: max(played.last, 1)]
    frames = np.flatnonzero(np.abs(errors) < THRESHOLD_PX)
    likely = np.exp(-(errors[frames] ** 2) / (2 * _NEAR_PX**2))
    weights = (1 - _NEAR_SHARE) / len(frames) + _NEAR_SHARE * likely / max(likely.sum(), 1e-9)
    weights *= np.where(np.isin(frames, played.onset_frame), _ONSET_WEIGHT, 1.0)
    others = random.choice(frames, MOMENTS - 1, p=weights / weights.sum())
    return np.append(others, standing.frame)
