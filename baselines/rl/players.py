"""Who plays, and how well: many rounds side by side, by anybody who can choose actions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baselines.rl.optimal import action_returns
from baselines.rl.rounds import Round
from baselines.rl.rules import ACTIONS, THRESHOLD_PX, Standing, opening, rewards

Player = Callable[[Sequence[Round], Sequence[Standing]], NDArray[np.int64]]
"""Chooses the next action (0 to 2) in each of n rounds, by where its agents stand."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a round went.

    Attributes:
        frames: after the one at which it began, to the end of the round; it may have been lost earlier.
        errors_px: (played,) float64, how far the agent was ahead of the music at each frame from the first of them on.
        onset_frame: (onsets,) int64, which of the frames have an onset, counted from 1.
    """

    frames: int
    errors_px: NDArray[np.float64]
    onset_frame: NDArray[np.int64]

    @property
    def tracked(self) -> bool:
        """Whether the music was followed to the end."""
        return len(self.errors_px) == self.frames and bool(np.all(np.abs(self.errors_px) <= THRESHOLD_PX))

    @property
    def reward(self) -> float:
        """Mean over all frames; nothing is won once the music is lost."""
        return float(rewards(self.errors_px).sum() / max(self.frames, 1))

    def onsets_px(self) -> NDArray[np.float64]:
        """(onsets,) the error at each onset; infinite where the music was lost before."""
        errors = np.full(self.frames + 1, np.inf)
        errors[1 : len(self.errors_px) + 1] = self.errors_px
        errors[np.abs(errors) > THRESHOLD_PX] = np.inf
        return errors[self.onset_frame]


def play(
    rounds: Sequence[Round], player: Player, most: int | None = None, begins: Sequence[Standing] | None = None
) -> list[Outcome]:
    """Play each of ``rounds`` until it is over or lost.

    Args:
        most: last frame of a round that is played; None for the end of the round.
        begins: where to begin; None for the openings of the pages.
    """
    ends = [played.last if most is None else min(played.last, most) for played in rounds]
    standings = [opening(played.sheet.columns) for played in rounds] if begins is None else list(begins)
    firsts = [standing.frame for standing in standings]
    errors: list[list[float]] = [[] for _ in rounds]
    going = [number for number, end in enumerate(ends) if firsts[number] < end]
    while going:
        actions = player([rounds[n] for n in going], [standings[n] for n in going])
        for number, action in zip(going, actions.tolist(), strict=True):
            standings[number] = standings[number].moved(action, rounds[number].sheet.columns)
            errors[number].append(rounds[number].error_px(standings[number]))
        going = [n for n in going if abs(errors[n][-1]) <= THRESHOLD_PX and standings[n].frame < ends[n]]
    return [
        Outcome(max(end - first, 0), np.array(error), _onsets_within(played, first, end) - first)
        for played, first, end, error in zip(rounds, firsts, ends, errors, strict=True)
    ]


def _onsets_within(played: Round, first: int, end: int) -> NDArray[np.int64]:
    """Frames after ``first`` that have an onset, until ``end``."""
    frames = played.onset_frame
    return frames[(frames > first) & (frames <= end)]


def optimal(rounds: Sequence[Round], standings: Sequence[Standing]) -> NDArray[np.int64]:
    """The player who knows where the music is and will be."""
    returns = [returns_of(played, standing) for played, standing in zip(rounds, standings, strict=True)]
    return np.asarray(np.argmax(returns, axis=1), np.int64)


def returns_of(played: Round, standing: Standing) -> NDArray[np.float64]:
    """(3,) what each action can win at best, by who stands there."""
    return action_returns(played.music_at, played.last, standing.frame, standing.place, standing.speed)


def at_random(random: np.random.Generator) -> Player:
    """The player who chooses anything."""
    return lambda rounds, _: random.integers(ACTIONS, size=len(rounds))
