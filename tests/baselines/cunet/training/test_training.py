"""Whole trainings: killed and gone on with, refused, stopped, and from the command line."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")

from baselines.cunet.network import Design  # noqa: E402
from baselines.cunet.tracker import CUNetTracker  # noqa: E402
from baselines.cunet.training import learner as learning  # noqa: E402
from baselines.cunet.training.learner import (  # noqa: E402
    LEARNING_RATE,
    TAUGHT_RATE,
    Learner,
    Plan,
    passages_loss,
)
from baselines.cunet.training.loop import Training, train  # noqa: E402
from baselines.cunet.training.passages import Recipe  # noqa: E402
from scorebench.cli.train import train as train_command  # noqa: E402
from scorebench.errors import ScorebenchError, UsageError  # noqa: E402
from scorebench.learning.course import LAST  # noqa: E402
from scorebench.learning.lessons import cosine_share  # noqa: E402
from scorebench.learning.pages import TrainingPage  # noqa: E402
from scorebench.samplepage import sample_recording  # noqa: E402
from scorebench.score import ScoreView  # noqa: E402
from scorebench.store import StoreDataset  # noqa: E402
from scorebench.weights import read_checkpoint, read_metadata  # noqa: E402
from tests.scorebench.helpers import copy_to_train_on  # noqa: E402

SHORT = Training(
    name="cunet",
    data={"name": "tiny", "hash": "0"},
    design=Design(),
    plan=Plan(steps=7, visits=2),
    recipe=Recipe(frames=4),
    validate_every=3,
    precision="32-true",
    keep_every=2,
)


@pytest.fixture(autouse=True)
def few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "VALIDATION_FRAMES", 1)


def run(out: Path, pages: list[TrainingPage], resume: bool = False, training: Training = SHORT) -> Path:
    return train(training, pages[:3], pages[3:], out, "cpu", resume)


def card_of(weights: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(read_metadata(weights)["card"])
    return card


@pytest.fixture(scope="module")
def whole(small_pages: list[TrainingPage], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a training that nobody killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "VALIDATION_FRAMES", 1)
        return run(tmp_path_factory.mktemp("whole"), small_pages)


@pytest.mark.parametrize("at", [1, 3, 5])
def test_killed_and_resumed_it_gives_the_same_weights_and_curve(
    tmp_path: Path, small_pages: list[TrainingPage], whole: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Before anything was kept, after a validation, and between two."""
    step = Learner.training_step

    def killed(self: Learner, numbers: list[int], index: int) -> torch.Tensor:
        if self.global_step == at:
            raise KeyboardInterrupt
        return step(self, numbers, index)

    monkeypatch.setattr(Learner, "training_step", killed)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path / "parts", small_pages)
    monkeypatch.setattr(Learner, "training_step", step)
    if at > 1:
        kept = torch.load(tmp_path / "parts" / LAST, weights_only=True)
        assert kept["global_step"] == {3: 3, 5: 4}[at]
        with pytest.raises(UsageError, match="pass --resume"):
            run(tmp_path / "parts", small_pages)
    parts = run(tmp_path / "parts", small_pages, resume=True)
    one, other = read_checkpoint(whole), read_checkpoint(parts)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert card_of(whole)["curve"] == card_of(parts)["curve"]
    assert [point["step"] for point in card_of(whole)["curve"]] == [3, 6]


def test_killed_while_it_is_validated_it_is_validated_again(
    tmp_path: Path, small_pages: list[TrainingPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = replace(SHORT, plan=Plan(steps=6, visits=2), validate_every=4)
    whole = run(tmp_path / "whole", small_pages, training=training)
    step = Learner.validation_step

    def killed(self: Learner, index: int, batch: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Learner, "validation_step", killed)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path / "parts", small_pages, training=training)
    monkeypatch.setattr(Learner, "validation_step", step)
    parts = run(tmp_path / "parts", small_pages, resume=True, training=training)
    assert card_of(whole)["curve"] == card_of(parts)["curve"]
    assert len(card_of(parts)["curve"]) == 1


@pytest.mark.parametrize("taught", [False, True])
def test_the_learning_rate_follows_the_curve_or_the_step(
    tmp_path: Path, small_pages: list[TrainingPage], monkeypatch: pytest.MonkeyPatch, taught: bool
) -> None:
    """Killed or not: after a kill at step 5 it goes on from what was kept at step 4."""
    monkeypatch.setattr(learning, "learning_share", lambda losses: 0.5 ** len(losses))
    step, rates = Learner.training_step, []

    def watched(self: Learner, numbers: list[int], index: int) -> torch.Tensor:
        if len(rates) == 5:
            rates.append(0.0)
            raise KeyboardInterrupt
        rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        return step(self, numbers, index)

    monkeypatch.setattr(Learner, "training_step", watched)
    training = replace(SHORT, plan=Plan(steps=7, visits=2, taught=taught))
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path, small_pages, training=training)
    run(tmp_path, small_pages, resume=True, training=training)
    by_step = [rates[n] for n in (0, 1, 2, 3, 4, 6, 7, 8)]
    if taught:
        assert by_step == [TAUGHT_RATE * cosine_share(n / 7) for n in (0, 1, 2, 3, 4, 4, 5, 6)]
    else:
        assert by_step == [LEARNING_RATE * 0.5**n for n in (0, 0, 0, 1, 1, 1, 1, 2)]


def test_another_training_is_refused(tmp_path: Path, small_pages: list[TrainingPage]) -> None:
    run(tmp_path, small_pages, training=replace(SHORT, plan=Plan(2, 2), validate_every=1))
    with pytest.raises(UsageError, match="of another training"):
        run(tmp_path, small_pages, resume=True)


def test_a_loss_that_is_no_number_stops_the_training(
    tmp_path: Path, small_pages: list[TrainingPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> Any:
        loss, memory = passages_loss(*arguments)
        return loss * float("nan"), memory

    monkeypatch.setattr(learning, "passages_loss", broken)
    with pytest.raises(ScorebenchError, match="the loss is nan at step 0"):
        run(tmp_path, small_pages)


@pytest.fixture
def store(small_mini: StoreDataset, tmp_path: Path) -> Path:
    """A page store with something to train on."""
    return copy_to_train_on(small_mini, tmp_path / "store")


def test_from_the_command_line(store: Path, tmp_path: Path) -> None:
    words = ["cunet", "--dataset", str(store), "--out", str(tmp_path / "out"), "--device", "cpu"]
    words += ["--steps", "2", "--visits", "1", "--frames", "2", "--demo", "--seed", "3"]
    done = CliRunner().invoke(train_command, words)
    assert done.exception is None, done.output
    weights = Path(done.output.strip().splitlines()[-1])
    card = card_of(weights)
    assert card == json.loads(weights.with_suffix(".card.json").read_text())
    assert card["demo"] is True
    assert card["recipe"] == {"frames": 2, "every": 1, "seed": 3}
    assert card["plan"] == {"steps": 2, "visits": 1, "taught": False}
    assert card["data"]["name"] == "mini"
    assert [sorted(point) for point in card["curve"]] == 2 * [
        ["step", "valid_0.05", "valid_0.10", "valid_0.50", "valid_1.00", "valid_5.00", "valid_loss"]
    ]
    tracker = CUNetTracker(weights, "cpu")
    assert tracker.demo
    assert tracker.identity["network"] == "CB with LSTM"
    follower = tracker.open(ScoreView((sample_recording().pages[0].image,)), 0)
    assert follower.hear(np.zeros(4000, np.float32)).heard_s == pytest.approx(4000 / 22_050, abs=0.1)


@pytest.mark.slow
def test_two_processes_share_a_batch(store: Path, tmp_path: Path) -> None:
    """DDP over gloo: two processes with one desk each are one process with two; either goes on with the other's."""
    words = [sys.executable, "-m", "scorebench.cli", "train", "cunet", "--dataset", str(store), "--device", "cpu"]
    words += ["--steps", "2", "--visits", "2", "--frames", "2", "--precision", "32-true"]
    for count in ("1", "2"):
        out = str(tmp_path / count)
        subprocess.run([*words, "--out", out, "--devices", count], check=True, timeout=300, capture_output=True)
    one, two = (read_checkpoint(tmp_path / count / "cunet.safetensors") for count in ("1", "2"))
    assert max(float((one[name] - two[name]).abs().max()) for name in one) < 2e-4
    kept = [torch.load(tmp_path / count / LAST, weights_only=True)["memory"] for count in ("1", "2")]
    torch.testing.assert_close(*kept, atol=1e-4, rtol=0)
