"""REINFORCE with a baseline, as in Henkel, Balke, Dorfer & Widmer (TISMIR 2019), section 4: from whole rounds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.rl.agent import network_player
from baselines.rl.network import Network
from baselines.rl.players import Player, play
from baselines.rl.rounds import Board, Round, observe_all, practised, somewhere
from baselines.rl.rules import DISCOUNT, Standing, opening, rewards
from baselines.rl.training.plan import LEARNING_RATE, MOST_GRADIENT, Log, Plan, Recipe, falling_rate

BATCH = 32
"""Frames that are taken together."""
VALUE_SHARE = 0.5
_PLAY = 3
"""What randomness is for."""


@dataclass(frozen=True, eq=False)
class Played:
    """A round that was played: of each of its frames but the last, where the agent stood, and what it did and won.

    Attributes:
        round: the page, as it was played.
        standings: (n,) of the agent.
        actions: (n,) int64.
        returns: (n,) float64 sums of the discounted rewards that followed.
    """

    round: Round
    standings: list[Standing]
    actions: NDArray[np.int64]
    returns: NDArray[np.float64]


class Reinforce:
    """Makes ``network`` better by playing one round for each of the agents."""

    def __init__(self, network: Network, boards: Sequence[Board], recipe: Recipe, plan: Plan, log: Log) -> None:
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        self._network, self._boards, self._recipe, self._plan, self._log = network, boards, recipe, plan, log

    def update(self, number: int) -> None:
        """Do the update of that number."""
        plan, random = self._plan, np.random.default_rng([self._recipe.seed, _PLAY, number])
        for group in self.optimizer.param_groups:
            group["lr"] = falling_rate(LEARNING_RATE, number, plan.imitations(self._recipe), plan.updates)
        self._network.eval()
        played = [self._play(random) for _ in range(plan.agents)]
        self._network.train()
        rows = [(one, n) for one in played for n in range(len(one.actions))]
        order = random.permutation(len(rows)).tolist()
        for first in range(0, len(order), BATCH):
            self._learn([rows[n] for n in order[first : first + BATCH]])
        self._log("reinforce/frames", len(rows) / plan.agents)
        self._log("reinforce/return", float(np.mean([one.returns.mean() for one in played if len(one.returns)] or [0])))

    def _play(self, random: np.random.Generator) -> Played:
        board = self._boards[int(random.integers(len(self._boards)))]
        practice = self._recipe.practice
        drawn = practised(board, random) if practice else board.played()
        begin = somewhere(drawn, random) if practice else opening(drawn.sheet.columns)
        return play_one(drawn, begin, network_player(self._network, random))

    def _learn(self, rows: Sequence[tuple[Played, int]]) -> None:
        """One step of the optimiser for some frames."""
        views = observe_all([one.round for one, _ in rows], [one.standings[n] for one, n in rows])
        device = self._network.device
        logits, values = self._network({name: torch.from_numpy(view).to(device) for name, view in views.items()})
        actions = torch.tensor([int(one.actions[n]) for one, n in rows], device=device)
        returns = torch.tensor([one.returns[n] for one, n in rows], dtype=torch.float32, device=device)
        self.optimizer.zero_grad()
        reinforce_loss(logits, values, actions, returns).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), MOST_GRADIENT)
        self.optimizer.step()

    def state(self) -> list[list[int]]:
        """No round is left open."""
        return []

    def restore(self, games: list[list[int]]) -> None:
        """No round is left open."""


def play_one(drawn: Round, begin: Standing, player: Player) -> Played:
    """Play a round, and keep what happened."""
    standings: list[Standing] = []
    actions: list[int] = []

    def noted(rounds: Sequence[Round], here: Sequence[Standing]) -> NDArray[np.int64]:
        chosen = player(rounds, here)
        standings.extend(here)
        actions.extend(chosen.tolist())
        return chosen

    [outcome] = play([drawn], noted, begins=[begin])
    returns = discounted(rewards(outcome.errors_px))
    return Played(drawn, standings, np.array(actions, np.int64), returns)


def discounted(won: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) rewards to (n,) sums of each and those that follow, discounted."""
    sums, total = np.zeros(len(won)), 0.0
    for n in range(len(won) - 1, -1, -1):
        total = sums[n] = won[n] + DISCOUNT * total
    return sums


def reinforce_loss(logits: Tensor, values: Tensor, actions: Tensor, returns: Tensor) -> Tensor:
    """() the loss for n frames: logits (n, 3), values (n,), actions (n,) int64 and what was won (n,)."""
    ahead = returns - values
    chosen = torch.log_softmax(logits, dim=1).gather(1, actions[:, None])[:, 0]
    return -(chosen * ahead.detach()).mean() + VALUE_SHARE * ahead.square().mean()
