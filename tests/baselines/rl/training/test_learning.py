"""What single updates do: exercises, losses, and that playing helps."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from stable_baselines3.common.logger import Logger  # noqa: E402 - needs torch
from stable_baselines3.common.utils import set_random_seed  # noqa: E402

from baselines.rl.network import Network  # noqa: E402
from baselines.rl.players import optimal, play  # noqa: E402
from baselines.rl.rounds import Board  # noqa: E402
from baselines.rl.rules import DISCOUNT, Standing  # noqa: E402
from baselines.rl.training.actor_critic import ActorCritic  # noqa: E402
from baselines.rl.training.exercises import Exercise, Exercises  # noqa: E402
from baselines.rl.training.imitation import Imitator, imitation_losses, learning_share  # noqa: E402
from baselines.rl.training.plan import Plan, Recipe, falling_rate  # noqa: E402
from baselines.rl.training.reinforce import discounted, play_one, reinforce_loss  # noqa: E402
from baselines.rl.training.validation import measure, validate  # noqa: E402
from tests.baselines.rl.conftest import random_network  # noqa: E402

CPU = torch.device("cpu")


def test_an_exercise_follows_from_its_number(board: Board) -> None:
    first = Exercises([board], seed=3)
    fourth = [first.draw(number, 5, CPU) for number in range(4)][3]
    again = Exercises([board], seed=3).draw(3, 5, CPU)
    other = Exercises([board], seed=4).draw(3, 5, CPU)
    for name in ("score", "perf", "returns", "errors_px"):
        assert torch.equal(getattr(fourth, name), getattr(again, name))
        assert not torch.equal(getattr(fourth, name), getattr(other, name))


def test_moments_of_a_view_are_those_at_which_the_music_is_not_lost(board: Board) -> None:
    exercise = Exercises([board], seed=0).draw(0, 40, CPU)
    assert exercise.score.shape == (40, 2, 80, 256)
    assert exercise.perf.shape == (160, 2, 78, 40)
    errors = exercise.errors_px.numpy()
    assert np.abs(errors).max() <= 170
    assert 40 < np.std(errors) < 100
    best = exercise.returns.numpy().argmax(axis=1)
    assert np.mean(best[errors < -100] == 2) > 0.8  # far behind: faster
    assert np.mean(best[errors > 100] == 0) > 0.8


def test_imitation_wants_the_best_action_and_knows_what_it_wins(board: Board) -> None:
    exercise = Exercises([board], seed=0).draw(0, 8, CPU)
    returns = exercise.returns
    network = random_network()
    knows = network_that_says(network, returns / 0.05, returns.max(dim=1).values)
    errs = network_that_says(network, -returns / 0.05, returns.min(dim=1).values)
    right, wrong = imitation_losses(knows, exercise), imitation_losses(errs, exercise)
    assert right["actor"] < wrong["actor"]
    assert right["critic"] == 0 < wrong["critic"]
    assert 0 <= right["given_away"] < wrong["given_away"]
    assert right["places"] == wrong["places"]


def network_that_says(network: Network, logits: torch.Tensor, values: torch.Tensor) -> Network:
    """``network``, with the same towers, and answers given beforehand."""
    told = copy.copy(network)
    told.act_on = lambda _: (logits, values)  # type: ignore[method-assign]
    return told


def test_imitation_learns_what_it_is_shown_again_and_again(board: Board) -> None:
    torch.manual_seed(0)
    network, exercise = Network("columns"), Exercises([board], 0).draw(0, 8, CPU)

    class Same:
        def draw(self, *_: object) -> Exercise:
            return exercise

    said: dict[str, list[float]] = {}
    imitator = Imitator(network, Same(), 32, 60, lambda name, value: said.setdefault(name, []).append(value))  # type: ignore[arg-type]
    for number in range(60):
        imitator.update(number)
    for name in ("actor", "critic", "places"):
        assert said[f"imitation/{name}"][-1] < 0.9 * said[f"imitation/{name}"][0]
    assert said["imitation/given_away"][-1] < 0.6 * said["imitation/given_away"][0]


def test_the_learning_rate_of_imitation_rises_and_falls() -> None:
    shares = [learning_share(number, 200) for number in range(200)]
    assert np.argmax(shares) == 10
    assert max(shares) <= 1
    assert shares[0] < 0.2
    assert shares[-1] < 0.01
    assert np.diff(shares[:10]).min() > 0 > np.diff(shares[11:]).max()
    assert learning_share(0, 1) > 0


@pytest.mark.parametrize("algorithm", ["ppo", "a2c"])
def test_playing_changes_the_network_and_teaches_the_critic(board: Board, algorithm: str) -> None:
    """A few hundred frames on one page: the critic comes nearer to what is won."""
    set_random_seed(0)
    network = Network("columns")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    plan = Plan(updates=30, agents=4, frames=15, validate_every=30)
    logger = Logger(None, [])
    player = ActorCritic(network, [board], Recipe(algorithm, "columns", 0.0, practice=True), plan, logger)
    losses = []
    for number in range(30):
        player.update(number)
        losses.append(float(logger.name_to_value["train/value_loss"]))
    learned = {name for name, value in network.state_dict().items() if not torch.equal(before[name], value)}
    assert {name for name in before if "located" not in name} == learned  # that is for imitation alone
    assert np.mean(losses[-8:]) < np.mean(losses[:8])


def test_returns_are_discounted() -> None:
    won = np.array([1.0, 0.0, 0.5])
    assert discounted(won).tolist() == pytest.approx([1 + DISCOUNT**2 * 0.5, DISCOUNT * 0.5, 0.5])
    assert len(discounted(np.zeros(0))) == 0


def test_a_round_is_noted_as_it_is_played(board: Board) -> None:
    drawn = board.played()
    begin = Standing(100, round(drawn.music_at[100]), 4, round(drawn.music_at[99]))
    noted = play_one(drawn, begin, optimal)
    assert noted.standings[0] == begin
    for now, then, action in zip(noted.standings, noted.standings[1:], noted.actions.tolist(), strict=False):
        assert then == now.moved(action, drawn.sheet.columns)
    assert len(noted.actions) == len(noted.returns) == drawn.last - 100
    [outcome] = play([drawn], optimal, begins=[begin])
    assert noted.returns[-1] == pytest.approx(1 - abs(outcome.errors_px[-1]) / 170)


def test_reinforce_makes_likelier_what_won_more_than_was_expected() -> None:
    logits = torch.zeros(2, 3, requires_grad=True)
    values = torch.tensor([1.0, 1.0], requires_grad=True)
    reinforce_loss(logits, values, torch.tensor([0, 2]), torch.tensor([3.0, 0.0])).backward()
    assert logits.grad is not None
    assert values.grad is not None
    assert logits.grad[0, 0] < 0 < logits.grad[1, 2]  # a step goes against the gradient
    assert values.grad[0] < 0 < values.grad[1]


def test_the_learning_rate_falls_to_a_twentieth() -> None:
    assert [falling_rate(1.0, n, 10, 20) for n in (0, 10, 20, 30)] == pytest.approx([1, 1, 0.05, 0.05])
    rates = [falling_rate(1.0, n, 10, 20) for n in range(10, 21)]
    assert rates == sorted(rates, reverse=True)


def test_validation_says_how_well_somebody_plays(board: Board) -> None:
    rounds = [board.played()]
    best = measure(rounds, optimal)
    assert best["valid_tracked"] == best["valid_onsets"] == 1
    assert best["valid_reward"] > 0.95
    assert best["valid_near"] > 0.9
    assert best["valid_error_px"] < 20
    still = measure(rounds, lambda rounds, _: np.ones(len(rounds), np.int64))
    assert still["valid_tracked"] == 0
    assert still["valid_onsets"] < 0.6
    network = Network("columns")
    assert validate(network, rounds) == validate(network, rounds)
    assert not network.training
