"""How an agent draws its actions."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from baselines.rl.agent import drawn, expectation, network_player  # noqa: E402 - needs torch
from baselines.rl.players import play  # noqa: E402
from baselines.rl.rounds import Board  # noqa: E402
from tests.baselines.rl.conftest import random_network  # noqa: E402


def test_actions_are_drawn_by_their_probabilities() -> None:
    probabilities = torch.tensor([0.2, 0.5, 0.3])
    chances = (np.arange(1000) + 0.5) / 1000
    actions = drawn(probabilities.log().expand(1000, 3), chances)
    assert np.bincount(actions).tolist() == [200, 500, 300]
    assert drawn(torch.zeros(2, 3), np.array([0.0, 1.0])).tolist() == [0, 2]


def test_what_the_critic_expects_is_a_share_of_all_that_can_be_won() -> None:
    assert expectation(torch.tensor([-1.0, 0.0, 5.0, 11.0])).tolist() == [0, 0, pytest.approx(0.5), 1]


def test_chances_decide_how_a_network_plays(board: Board) -> None:
    rounds, network = [board.played()] * 3, random_network()

    def errors(seed: int) -> list[list[float]]:
        return [o.errors_px.tolist() for o in play(rounds, network_player(network, np.random.default_rng(seed)), 30)]

    assert errors(0) == errors(0)
    assert errors(0) != errors(1)
