"""Whole trainings: they learn, are killed and gone on with, refused, stopped, and from the command line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from baselines.mmloc.buckets import BUCKETS  # noqa: E402 - needs torch
from baselines.mmloc.network import Design, MMLoc  # noqa: E402
from baselines.mmloc.tracker import MMLocTracker  # noqa: E402
from baselines.mmloc.training import command  # noqa: E402
from baselines.mmloc.training import learner as learning  # noqa: E402
from baselines.mmloc.training.learner import Learner, Plan, errors_of, followed, learning_share  # noqa: E402
from baselines.mmloc.training.loop import Training, train  # noqa: E402
from baselines.mmloc.training.samples import Recipe, Sampler  # noqa: E402
from baselines.strip.material import StripPage  # noqa: E402
from baselines.strip.sound import frames_heard  # noqa: E402
from scorebench.cli.train import train as train_command  # noqa: E402
from scorebench.errors import ScorebenchError, UsageError  # noqa: E402
from scorebench.learning.course import LAST  # noqa: E402
from scorebench.score import ScoreView  # noqa: E402
from scorebench.store import StoreDataset  # noqa: E402
from scorebench.timebase import samples_heard  # noqa: E402
from scorebench.weights import read_checkpoint, read_metadata, save_weights  # noqa: E402
from tests.baselines.mmloc.conftest import SMALL  # noqa: E402
from tests.scorebench.helpers import copy_to_train_on  # noqa: E402

SHORT = Training(
    name="mm-loc",
    data={"name": "sample", "hash": "0"},
    design=SMALL,
    plan=Plan(steps=7, visits=4, validate_every=3),
    recipe=Recipe(frames=2, rooms=True),
    precision="32-true",
    keep_every=2,
)
ROOM = np.array([1, 0, 0.5, 0.25], np.float32)


@pytest.fixture(autouse=True)
def few_snippets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "VALIDATION_SNIPPETS", 4)


def run(out: Path, page: StripPage, resume: bool = False, training: Training = SHORT) -> Path:
    return train(training, [page, page], [page], [ROOM], out, "cpu", resume)


def card_of(weights: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(read_metadata(weights)["card"])
    return card


@pytest.fixture(scope="module")
def whole(page: StripPage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a training that nobody killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "VALIDATION_SNIPPETS", 4)
        return run(tmp_path_factory.mktemp("whole"), page)


def test_it_learns(page: StripPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page by heart: the loss falls far below that of knowing nothing."""
    monkeypatch.setattr(learning, "LEARNING_RATE", 1e-2)
    torch.manual_seed(0)
    steps = 60
    learner = Learner(SMALL, Plan(steps, 16, steps))
    learner.log = lambda *_, **__: None  # type: ignore[method-assign,assignment]
    learner.sampler = Sampler([page], Recipe(frames=4, altered=False), torch.device("cpu"))
    learner._trainer = type("Trainer", (), {"global_step": 0})()
    made = learner.configure_optimizers()
    optimiser, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
    losses = []
    for step in range(steps):
        loss = learner.training_step(list(range(16 * step, 16 * step + 16)), step)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(float(loss))
    assert np.mean(losses[:5]) > 0.9 * np.log(BUCKETS)
    assert np.mean(losses[-5:]) < 0.85 * np.log(BUCKETS)


@pytest.mark.parametrize("at", [1, 3, 5])
def test_killed_and_resumed_it_gives_the_same_weights_and_curve(
    tmp_path: Path, page: StripPage, whole: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Before anything was kept, after a validation, and between two."""
    step = Learner.training_step

    def killed(self: Learner, numbers: list[int], index: int) -> torch.Tensor:
        if self.global_step == at:
            raise KeyboardInterrupt
        return step(self, numbers, index)

    monkeypatch.setattr(Learner, "training_step", killed)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path / "parts", page)
    monkeypatch.setattr(Learner, "training_step", step)
    if at > 1:
        kept = torch.load(tmp_path / "parts" / LAST, weights_only=True)
        assert kept["global_step"] == {3: 3, 5: 4}[at]
        with pytest.raises(UsageError, match="pass --resume"):
            run(tmp_path / "parts", page)
    torch.manual_seed(99)  # another process would not be where this one is
    parts = run(tmp_path / "parts", page, resume=True)
    one, other = read_checkpoint(whole), read_checkpoint(parts)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert card_of(whole)["curve"] == card_of(parts)["curve"]
    assert [point["step"] for point in card_of(whole)["curve"]] == [3, 6]


def test_the_card_and_the_weights_that_it_is_of(whole: Path) -> None:
    card = card_of(whole)
    assert card == json.loads(whole.with_suffix(".card.json").read_text())
    assert card["design"] == {name: list(v) if isinstance(v, tuple) else v for name, v in vars(SMALL).items()}
    assert card["recipe"]["rooms"] is True
    assert card["choices"]
    assert sorted(card["curve"][0]) == [
        "step",
        *(f"valid_{t}" for t in ("0.05", "0.10", "0.50", "1.00", "5.00")),
        "valid_bucket",
        "valid_loss",
    ]


def test_weights_that_ship_are_below_eight_megabytes(tmp_path: Path) -> None:
    save_weights(tmp_path / "large.safetensors", MMLoc(Design()).state_dict(), {})
    assert (tmp_path / "large.safetensors").stat().st_size < 6.5e6


def test_another_training_is_refused(tmp_path: Path, page: StripPage) -> None:
    run(tmp_path, page, training=replace(SHORT, plan=Plan(2, 4, 1)))
    with pytest.raises(UsageError, match="of another training"):
        run(tmp_path, page, resume=True)


def test_a_loss_that_is_no_number_stops_the_training(
    tmp_path: Path, page: StripPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "cross_entropy", lambda logits, _: logits.sum() * float("nan"))
    with pytest.raises(ScorebenchError, match="the loss is nan at step 0"):
        run(tmp_path, page)


def test_the_learning_rate_ends_with_the_training() -> None:
    shares = [learning_share(done) for done in np.linspace(0, 1, 101)]
    assert max(shares) == pytest.approx(1)
    assert shares[-1] == pytest.approx(0)
    assert 0 < shares[0] < 0.02
    assert np.argmax(shares) == 10
    assert all(0 <= share <= 1 for share in shares)


def test_following_the_truth_has_no_error(page: StripPage) -> None:
    asked: NDArray[np.int64] = page.plan.frames_2021 - page.plan.start_frame
    heard = np.array([samples_heard(frame) for frame in asked.tolist()], np.int64)
    frames = np.minimum(frames_heard(heard) - 1, page.frames - 1)
    errors = errors_of(page, page.at_frame[frames])
    assert (errors <= 1).mean() > 0.95
    assert np.median(errors_of(page, page.at_frame[frames][::-1])) > 20


def test_followed_pages_are_spread() -> None:
    assert followed(3) == [0, 1, 2]
    assert followed(28) == [0, 3, 7, 11, 15, 19, 23, 27]


@pytest.fixture
def store(small_mini: StoreDataset, tmp_path: Path) -> Path:
    """A page store with something to train on."""
    return copy_to_train_on(small_mini, tmp_path / "store")


@pytest.mark.slow
def test_from_the_command_line(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "Design", lambda: SMALL)
    words = ["mm-loc", "--dataset", str(store), "--out", str(tmp_path / "out"), "--device", "cpu"]
    words += ["--steps", "2", "--visits", "3", "--frames", "2", "--demo", "--seed", "3"]
    done = CliRunner().invoke(train_command, words)
    assert done.exception is None, done.output
    weights = Path(done.output.strip().splitlines()[-1])
    card = card_of(weights)
    assert card["demo"] is True
    assert card["recipe"] == {"frames": 2, "onset_share": 0.8, "altered": True, "rooms": False, "seed": 3}
    assert card["plan"] == {"steps": 2, "visits": 3, "validate_every": 1}
    assert card["data"]["name"] == "mini"
    tracker = MMLocTracker(weights, "cpu")
    assert tracker.demo
    recording = small_recording(store)
    follower = tracker.open(ScoreView((recording.pages[0].image,), {"systems": recording.pages[0].systems}), 0)
    assert follower.hear(np.zeros(4000, np.float32)).heard_s == pytest.approx(4000 / 22_050)


def small_recording(store: Path) -> Any:
    dataset = StoreDataset(store)
    return dataset.load("full", dataset.pieces("full")[0])
