"""Agents: networks that play. They draw their actions by their probabilities, as they were trained to."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.rl.eyes import Eyes
from baselines.rl.network import Network
from baselines.rl.players import Player
from baselines.rl.rounds import Round, observe_all
from baselines.rl.rules import ACTIONS, DISCOUNT, Standing, opening


def network_player(network: Network, random: np.random.Generator) -> Player:
    """The player who does what ``network`` says, by chance where it is not sure."""

    @torch.inference_mode()
    def choose(rounds: Sequence[Round], standings: Sequence[Standing]) -> NDArray[np.int64]:
        views = observe_all(rounds, standings)
        device = network.device
        logits, _ = network({name: torch.from_numpy(view).to(device) for name, view in views.items()})
        return drawn(logits, random.random(len(rounds)))

    return choose


def drawn(logits: Tensor, chances: NDArray[np.float64]) -> NDArray[np.int64]:
    """Actions (n,) by their probabilities.

    Args:
        logits: (n, 3).
        chances: (n,) numbers between 0 and 1, evenly distributed.
    """
    upto = torch.softmax(logits.double(), dim=1).cumsum(dim=1).cpu().numpy()
    passed = (chances[:, None] >= upto).sum(axis=1)
    return np.asarray(np.minimum(passed, ACTIONS - 1), np.int64)


def expectation(values: Tensor) -> NDArray[np.float64]:
    """What a critic's values (n,), sums of discounted rewards, say of the rewards to come: their mean, 0 to 1."""
    return np.clip(values.double().cpu().numpy() * (1 - DISCOUNT), 0.0, 1.0)


class Agents:
    """Some agents side by side on one strip, with one network, and each with its own chances.

    Attributes:
        places: (agents,) int64 columns of the strip, at the newest frame.
        confidence: (agents,) float64 mean of the rewards that the critic expects from here on, 0 to 1.

    Args:
        eyes: that look at the strip.
        chances: of each agent; one number is drawn at each frame.
    """

    def __init__(self, network: Network, eyes: Eyes, chances: Sequence[np.random.Generator]) -> None:
        self._network, self._eyes, self._chances = network, eyes, chances
        self._standings = [opening(eyes.sheet.columns) for _ in chances]
        self._actions: list[int] | None = None
        self.confidence = np.zeros(len(chances))

    @property
    def places(self) -> NDArray[np.int64]:
        """As said above."""
        return np.array([standing.place for standing in self._standings], np.int64)

    @torch.inference_mode()
    def hear(self, heard: Tensor) -> None:
        """Go where the last action leads, look, and choose the next.

        Args:
            heard: (1, size), what the network's towers hear at the next frame; the first is frame 0.
        """
        if self._actions is not None:
            moves = zip(self._standings, self._actions, strict=True)
            self._standings = [standing.moved(action, self._eyes.sheet.columns) for standing, action in moves]
        seen = self._eyes.look(self._standings)
        logits, values = self._network.decide(heard.expand(len(self._standings), -1), seen)
        self._actions = drawn(logits, np.array([chance.random() for chance in self._chances])).tolist()
        self.confidence = expectation(values)
