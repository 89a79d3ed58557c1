"""Lessons before a training: seeing which pitches are printed where, hearing which are struck, and where both meet.

From scratch a network that multiplies a page with its sound learns from one place a frame which pattern of ink sounds
how, which takes millions of frames. Lessons tell it: 88 channels of its coarse picture are taught to stand for the keys
of a piano, and so are the factors that the sound multiplies them with. None of the papers has them.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

SHARES = {"seeing": 0.8, "hearing": 0.12, "meeting": 0.08}
"""Of the steps. Those of seeing are short: a page each visit, and no sound."""
RATES = {"seeing": 3e-3, "hearing": 2e-3, "meeting": 1e-3}
STEPS = 20_000
WARM_UP = 0.05
"""Share of a lesson in which the learning rate rises."""
LONGEST_GRADIENT = 1.0
PRESENT_WEIGHT = 5.0
"""Of keys that are there beside keys that are not, which are many times as many."""
FINE_WEIGHT = 0.3
"""Of what is seen in cells of half the size, before the layer that is taught."""
FIRST_SCALE = 0.3
"""Of the normalisation whose output says which keys are printed: it begins near 0, as most of them are absent."""
LEAST_RATE_SHARE = 0.01


@dataclass(frozen=True)
class Syllabus:
    """How long the lessons are, ``steps`` altogether, with ``visits`` pages each."""

    steps: int
    visits: int

    def lesson_at(self, step: int) -> tuple[str, float]:
        """Which lesson a step is of, and how much of the lesson is over."""
        begin = 0.0
        for name, share in SHARES.items():
            end = begin + share * self.steps
            if step < end:
                return name, (step - begin) / (end - begin)
            begin = end
        return name, 1.0

    def rate(self, step: int) -> float:
        """The learning rate: in each lesson it rises for a while, then falls along a cosine."""
        name, done = self.lesson_at(step)
        rising = min(1.0, (done + 1e-3) / WARM_UP)
        return RATES[name] * rising * cosine_share(done)


@dataclass(frozen=True)
class Look:
    """One page without its sound.

    Attributes:
        picture: (rows, columns) float32, 1 is ink.
        fine, coarse: (88, ...) float32, 1 where a key is printed in a cell.
    """

    picture: Tensor
    fine: Tensor
    coarse: Tensor


def cosine_share(done: float) -> float:
    """Share of the highest learning rate once ``done`` (0 to 1) of a training is over: to 1 % along a cosine."""
    return (1 + math.cos(math.pi * min(done, 1.0))) / 2 * (1 - LEAST_RATE_SHARE) + LEAST_RATE_SHARE


def seeing_loss(fine: Tensor, coarse: Tensor, looks: list[Look]) -> Tensor:
    """How well channels (n, 88, ...) of pictures say which keys are printed in their cells, ()."""
    wanted = torch.stack([look.fine for look in looks])
    crossed = F.binary_cross_entropy_with_logits(fine.float(), wanted, reduction="sum")
    return distance(coarse, torch.stack([look.coarse for look in looks])) + FINE_WEIGHT * crossed / wanted.sum()


def distance(said: Tensor, wanted: Tensor) -> Tensor:
    """Squared distance to ``wanted`` (zeros and ones, as large), a share of what saying nothing would cost."""
    weight = 1 + (PRESENT_WEIGHT - 1) * wanted
    return ((said.float() - wanted) ** 2 * weight).sum() / (PRESENT_WEIGHT * wanted.sum()).clamp(min=1)


def meeting_loss(scores: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """How well the cell with the note is told from all others, (): cross-entropy.

    Args:
        scores: (n, 1, rows, columns).
        x, y: (n,) the place of the note, in cells.
    """
    rows, columns = scores.shape[2:]
    row, column = y.long().clamp(0, rows - 1), x.long().clamp(0, columns - 1)
    return F.cross_entropy(scores.float().flatten(1), row * columns + column)
