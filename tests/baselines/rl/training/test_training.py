"""Whole trainings: killed and gone on with, refused, stopped, and from the command line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")

from baselines.rl.rounds import Board  # noqa: E402 - needs torch
from baselines.rl.tracker import RLTracker  # noqa: E402
from baselines.rl.training import command, loop  # noqa: E402
from baselines.rl.training.command import plan_for  # noqa: E402
from baselines.rl.training.loop import Training, train  # noqa: E402
from scorebench.cli.train import train as train_command  # noqa: E402
from scorebench.errors import DataError, ScorebenchError, UsageError  # noqa: E402
from scorebench.learning.course import LAST  # noqa: E402
from scorebench.store import StoreDataset  # noqa: E402
from scorebench.training import TrainingRequest  # noqa: E402
from scorebench.weights import read_checkpoint, read_metadata  # noqa: E402
from tests.baselines.rl.training.conftest import training  # noqa: E402
from tests.scorebench.helpers import copy_to_train_on  # noqa: E402


def run(out: Path, board: Board, asked: Training, resume: bool = False) -> Path:
    return train(asked, [board, board], [board.played()], out, torch.device("cpu"), resume)


def card_of(weights: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(read_metadata(weights)["card"])
    return card


@pytest.mark.parametrize(
    ("algorithm", "at"), [("ppo", 1), ("ppo", 3), ("ppo", 5), ("ppo", 7), ("a2c", 7), ("reinforce", 7)]
)
def test_killed_and_resumed_it_gives_the_same_weights_and_curve(
    tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch, algorithm: str, at: int
) -> None:
    """Before anything was kept; while it imitates; as it begins to play; and while it plays."""
    asked = training(algorithm)
    whole = run(tmp_path / "whole", board, asked)
    update = loop._Course.update

    def killed(self: Any, number: int) -> None:
        if number == at:
            raise KeyboardInterrupt
        update(self, number)

    monkeypatch.setattr(loop._Course, "update", killed)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", board, asked)
    monkeypatch.setattr(loop._Course, "update", update)
    if at > 1:
        kept = torch.load(tmp_path / "parts" / LAST, weights_only=True)
        assert kept["done"] == {3: 3, 5: 4, 7: 6}[at]
        with pytest.raises(UsageError, match="pass --resume"):
            run(tmp_path / "parts", board, asked)
    parts = run(tmp_path / "parts", board, asked, resume=True)
    one, other = read_checkpoint(whole), read_checkpoint(parts)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert card_of(whole)["curve"] == card_of(parts)["curve"]
    assert [(p["step"], p["played"]) for p in card_of(whole)["curve"]] == [(3, 0), (6, 1), (8, 1)]


def test_another_training_is_refused(tmp_path: Path, board: Board) -> None:
    run(tmp_path, board, training(updates=2))
    with pytest.raises(UsageError, match="of another training"):
        run(tmp_path, board, training(updates=3), resume=True)
    (tmp_path / LAST).write_bytes(b"half a checkpoint")
    with pytest.raises(DataError, match="no checkpoint that can be read"):
        run(tmp_path, board, training(updates=2), resume=True)


def test_weights_that_are_no_numbers_stop_it(tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "Imitator", lambda network, *_: _Spoiler(network))
    with pytest.raises(ScorebenchError, match="not finite after update 1"):
        run(tmp_path, board, training())
    assert not (tmp_path / LAST).exists()


class _Spoiler:
    def __init__(self, network: Any) -> None:
        self._network = network

    def update(self, number: int) -> None:
        with torch.no_grad():
            self._network.actor_out.weight[0, 0] = float("nan")


def test_what_was_asked_for_decides_how_long_it_is(tmp_path: Path) -> None:
    asked = TrainingRequest("rl", "mini", tmp_path)
    usual = plan_for(asked, 10_000)
    assert (usual.agents, usual.frames) == (8, 15)
    assert usual.validate_every == usual.updates // 20
    assert plan_for(replace(asked, steps=7, visits=2, frames=3), 10_000) == replace(
        usual, updates=7, agents=2, frames=3, validate_every=1
    )
    assert plan_for(replace(asked, epochs=2.5), 10_000).updates == 209
    with pytest.raises(UsageError, match="by one process"):
        command.train_rl(replace(asked, devices=2))


@pytest.fixture
def store(small_mini: StoreDataset, tmp_path: Path) -> Path:
    """A page store with something to train on."""
    return copy_to_train_on(small_mini, tmp_path / "store")


@pytest.mark.parametrize("name", ["rl", "rl-paper"])
def test_from_the_command_line(store: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trainers = {"rl": command.train_rl, "rl-paper": command.train_rl_paper}
    monkeypatch.setattr("scorebench.training.find_trainer", trainers.__getitem__)
    monkeypatch.setattr("baselines.rl.training.validation.VALIDATION_FRAMES", 3)
    words = [name, "--dataset", str(store), "--out", str(tmp_path / "out"), "--device", "cpu"]
    words += ["--steps", "2", "--visits", "1", "--frames", "2", "--demo", "--seed", "3"]
    done = CliRunner().invoke(train_command, words)
    assert done.exception is None, done.output
    weights = Path(done.output.strip().splitlines()[-1])
    card = card_of(weights)
    assert card == json.loads(weights.with_suffix(".card.json").read_text())
    assert card["demo"] is True
    assert card["recipe"]["seed"] == 3
    assert card["plan"] == {"updates": 2, "agents": 1, "frames": 2, "validate_every": 1, "keep_every": 100}
    assert card["data"]["name"] == "mini"
    assert [point["step"] for point in card["curve"]] == [1, 2]
    tracker = RLTracker(weights, "cpu")
    assert tracker.demo
    assert tracker.identity["network"] == {"rl": "columns", "rl-paper": "tismir"}[name]
    assert (tmp_path / "out" / "tensorboard").is_dir()
