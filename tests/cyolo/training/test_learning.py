"""The objective as it is minimised, the schedule, and trainings that are killed."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from cyolo.checkpoint import load_network
from cyolo.network import Settings
from cyolo.training import learner as learning
from cyolo.training.hearing import Ear
from cyolo.training.learner import Learner, Plan, condition, parameter_groups
from cyolo.training.lessons import CyoloPupil
from cyolo.training.loop import Training, train
from cyolo.training.material import page_of
from cyolo.training.visits import Recipe, Visitor
from scorebench.authors_layout import AuthorsDataset
from scorebench.cli.train import train as train_command
from scorebench.errors import DataError, ScorebenchError, UsageError
from scorebench.learning.course import LAST, read_kept, rooms_hash
from scorebench.learning.lessons import Syllabus
from scorebench.learning.pages import TrainingPage, training_pages
from scorebench.responses import spread_responses
from scorebench.store import StoreDataset
from scorebench.weights import read_card, read_checkpoint
from tests.scorebench.helpers import TINY, copy_to_train_on

ELU = Settings(audio_activation="elu")
SHORT = Training(
    name="cyolo",
    data={"name": "tiny", "hash": "0"},
    settings=ELU,
    plan=Plan(steps=4, visits=2),
    recipe=Recipe(frames=2, rooms=False),
    validate_every=1,
    precision="32-true",
)


@pytest.fixture(scope="module")
def pages() -> list[TrainingPage]:
    return training_pages(AuthorsDataset(TINY), "full", page_of)


@pytest.fixture(autouse=True)
def few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "VALIDATION_FRAMES", 3)


def run(out: Path, pages: list[TrainingPage], resume: bool = False, training: Training = SHORT) -> Path:
    return train(training, pages[:2], pages[2:3], [], out, "cpu", resume)


def test_z_of_visits_is_z_of_the_network(pages: list[TrainingPage]) -> None:
    learner = Learner(ELU, Plan(1, 2))
    network = learner.network.conditioning_network.eval()
    visitor = Visitor(pages, [], Ear(), Recipe(frames=3, rooms=False))
    visits = [visitor.visit(n) for n in range(3)]
    with torch.inference_mode():
        together = condition(network, visits)
        alone = torch.cat([condition(network, [v]) for v in visits])
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)
        h = torch.cat([network.memories(network.encode(v.chunks))[v.chunks_heard] for v in visits])
        plain = network.mix(h, network.encode(torch.cat([v.windows for v in visits])))
        torch.testing.assert_close(together, plain, atol=1e-5, rtol=1e-4)


def test_decay_on_weights_alone_and_everything_learns() -> None:
    network = Learner(ELU, Plan(1, 1)).network
    decayed, plain = parameter_groups(network)
    assert decayed["weight_decay"] == 5e-4
    assert plain["weight_decay"] == 0
    assert all(p.ndim > 1 for p in decayed["params"])
    assert sum(p.numel() for group in (decayed, plain) for p in group["params"]) == 1_377_527


def test_a_fixed_memory_is_left_out() -> None:
    network = Learner(ELU, Plan(1, 1, train_memory=False)).network
    groups = parameter_groups(network)
    left_out = sum(p.numel() for p in network.conditioning_network.seq_model.parameters())
    assert sum(p.numel() for group in groups for p in group["params"]) == 1_377_527 - left_out


def test_initial_weights() -> None:
    network = Learner(ELU, Plan(1, 1)).network
    memory = network.conditioning_network.seq_model
    forget = (memory.bias_ih_l0 + memory.bias_hh_l0)[64:128]
    torch.testing.assert_close(forget, torch.ones(64))
    head = network.model["Detect_17"].m[0]
    assert head.bias.view(3, 5)[:, 4].tolist() == [-6.0] * 3
    assert not head.bias.view(3, 5)[:, :4].any()
    layers = [module.weight for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(layers) > 40
    for weight in [*layers, memory.weight_ih_l0, memory.weight_hh_l0]:
        rows = weight.flatten(1) if weight.flatten(1).shape[0] <= weight.flatten(1).shape[1] else weight.flatten(1).T
        torch.testing.assert_close(rows @ rows.T, torch.eye(len(rows)), atol=1e-5, rtol=0)


def test_the_rate_falls_along_a_cosine_to_a_hundredth() -> None:
    made = Learner(ELU, Plan(steps=100, visits=1)).configure_optimizers()
    optimiser, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
    rates = []
    for _ in range(101):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    expected = 5e-6 + (5e-4 - 5e-6) * (1 + np.cos(np.pi * np.arange(101) / 100)) / 2
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_the_gradient_of_the_memory_alone_is_cut() -> None:
    learner = Learner(ELU, Plan(1, 1))
    memory = list(learner.network.conditioning_network.seq_model.parameters())
    for parameter in learner.parameters():
        parameter.grad = torch.ones_like(parameter)
    learner.on_before_optimizer_step(torch.optim.SGD(learner.parameters()))
    assert sum(float(p.grad.square().sum()) for p in memory if p.grad is not None) == pytest.approx(0.01, rel=1e-3)
    cut = {id(parameter) for parameter in memory}
    assert all((p.grad == 1).all() for p in learner.parameters() if id(p) not in cut and p.grad is not None)


def test_killed_and_resumed_it_gives_the_same_weights_and_curve(
    tmp_path: Path, pages: list[TrainingPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two validations."""
    training = replace(SHORT, validate_every=4, keep_every=2)
    whole = run(tmp_path / "whole", pages, training=training)
    step = Learner.training_step

    def killed(self: Learner, numbers: list[int], index: int) -> torch.Tensor:
        if self.global_step == 3:
            raise KeyboardInterrupt
        return step(self, numbers, index)

    monkeypatch.setattr(Learner, "training_step", killed)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path / "parts", pages, training=training)
    monkeypatch.setattr(Learner, "training_step", step)
    with pytest.raises(UsageError, match="pass --resume"):
        run(tmp_path / "parts", pages)
    assert read_kept(tmp_path / "parts" / LAST)["global_step"] == 2
    assert (tmp_path / "parts" / LAST).stat().st_size < 16 * 2**20
    parts = run(tmp_path / "parts", pages, resume=True, training=training)
    one, other = read_checkpoint(whole), read_checkpoint(parts)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert read_card(whole)["curve"] == read_card(parts)["curve"]
    assert [point["step"] for point in read_card(whole)["curve"]] == [4]


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path, pages: list[TrainingPage]) -> None:
    run(tmp_path, pages)
    longer = Training(**{**vars(SHORT), "plan": Plan(steps=9, visits=2)})
    with pytest.raises(UsageError, match="of another training"):
        run(tmp_path, pages, resume=True, training=longer)


def test_a_damaged_checkpoint_is_named(tmp_path: Path, pages: list[TrainingPage]) -> None:
    (tmp_path / LAST).write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(ScorebenchError, match=r"last\.ckpt"):
        run(tmp_path, pages, resume=True)


def test_a_loss_that_is_no_number_stops_the_training(
    tmp_path: Path, pages: list[TrainingPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = Learner.loss

    def broken(self: Learner, visits: list[object]) -> object:
        found = loss(self, visits)  # type: ignore[arg-type]
        return type(found)(found.box * float("nan"), found.objectness) if self.global_step == 2 else found

    monkeypatch.setattr(Learner, "loss", broken)
    with pytest.raises(ScorebenchError, match="the loss is nan at step 2"):
        run(tmp_path, pages)
    assert (tmp_path / LAST).is_file()


def test_a_gpu_with_too_little_memory(
    tmp_path: Path, pages: list[TrainingPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(Learner, "training_step", full)
    with pytest.raises(DataError, match="too little memory for 2 visits: make --visits or --frames smaller"):
        run(tmp_path, pages)


def test_it_learns(pages: list[TrainingPage]) -> None:
    torch.manual_seed(0)
    learner = Learner(ELU, Plan(12, 2))
    visitor = Visitor(pages[:1], [], Ear(), Recipe(frames=4, rooms=False))
    visits = [visitor.visit(number) for number in range(2)]
    optimiser = torch.optim.AdamW(learner.parameters(), lr=3e-4)
    losses = []
    for _ in range(16):
        loss = learner.loss(visits).total()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.fixture
def store(small_mini: StoreDataset, tmp_path: Path) -> Path:
    """A page store with something to train on."""
    return copy_to_train_on(small_mini, tmp_path / "store")


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_from_the_command_line(store: Path, tmp_path: Path, precision: str) -> None:
    import soundfile

    rooms = tmp_path / "rooms"
    rooms.mkdir()
    soundfile.write(rooms / "a.wav", [1.0, 0.5, 0.25], 22_050)
    words = ["cyolo-ir", "--dataset", str(store), "--out", str(tmp_path / "out"), "--device", "cpu"]
    words += ["--steps", "2", "--visits", "1", "--frames", "2", "--demo", "--seed", "3", "--precision", precision]
    done = CliRunner().invoke(train_command, words)
    assert isinstance(done.exception, UsageError)
    assert "--responses" in str(done.exception)
    rooms.rename(store / "rooms")
    done = CliRunner().invoke(train_command, words)
    assert done.exception is None, done.output
    weights = Path(done.stdout.strip())  # and nothing else
    assert re.search(r"training, loss \d+\.\d{4}, .* steps/s .* 2/2", done.stderr)
    card = read_card(weights)
    assert list((weights.parent / "tensorboard").glob("events.out.*"))
    assert card["demo"] is True
    assert card["recipe"] == {"frames": 2, "onset_share": 0.8, "rooms": True, "seed": 3}
    assert card["data"]["name"] == "mini"
    assert card["rooms"] == rooms_hash(list(spread_responses(store / "rooms").values()))
    assert load_network(weights).settings.audio_activation == "elu"


def test_the_objective_and_the_batches_of_the_paper(store: Path, tmp_path: Path) -> None:
    words = ["cyolo-paper", "--dataset", str(store), "--out", str(tmp_path), "--device", "cpu", "--steps", "1"]
    done = CliRunner().invoke(train_command, [*words, "--visits", "2"])
    assert done.exception is None, done.output
    card = read_card(Path(done.stdout.strip()))
    assert card["recipe"] == {"frames": 1, "onset_share": 0.0, "rooms": False, "seed": 0}
    assert card["plan"]["objectness_weight"] == 1
    assert card["plan"]["rate"] == 5e-4
    assert not any("objectness" in choice or "share the page" in choice for choice in card["choices"])
    head = Learner(ELU, Plan(1, 1, objectness_weight=1, empty_bias=0)).network.model["Detect_17"].m[0]
    assert not head.bias.any()


def test_a_fixed_memory_stays_as_it_was_drawn_and_the_card_says_so(store: Path, tmp_path: Path) -> None:
    words = ["cyolo-fixed-memory", "--dataset", str(store), "--out", str(tmp_path), "--device", "cpu", "--steps", "1"]
    done = CliRunner().invoke(train_command, [*words, "--visits", "1", "--frames", "2"])
    assert done.exception is None, done.output
    weights = Path(done.stdout.strip())
    lightning.seed_everything(0, verbose=False)
    drawn = Learner(ELU, Plan(1, 1)).network.state_dict()
    learnt = {
        name for name, tensor in load_network(weights).state_dict().items() if not torch.equal(tensor, drawn[name])
    }
    assert any(name.startswith("conditioning_network.enc") for name in learnt)
    assert not any(".seq_model." in name for name in learnt)
    choices = read_card(weights)["choices"]
    assert any("stays as it was drawn" in choice for choice in choices)
    assert not any("recurrent layer that learns" in choice for choice in choices)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "steps"), [("cyolo", "2"), ("cyolo-fixed-memory", "2"), ("cyolo-lessons", "13")])
def test_two_processes_share_a_batch(store: Path, tmp_path: Path, name: str, steps: str) -> None:
    """DDP over gloo: two processes with one visit each are one process with two, but for batch statistics.

    They go the same way from where they begin; two ways that have nothing in common would be 1.4 times as far apart as
    either is long. 13 steps are of all three lessons.
    """
    words = [sys.executable, "-m", "scorebench.cli", "train", name, "--dataset", str(store), "--device", "cpu"]
    words += ["--steps", steps, "--visits", "2", "--frames", "2", "--precision", "32-true"]
    for count in ("1", "2"):
        out = str(tmp_path / count)
        subprocess.run([*words, "--out", out, "--devices", count], check=True, timeout=300, capture_output=True)
    one, two = (read_checkpoint(tmp_path / count / f"{name}.safetensors") for count in ("1", "2"))
    lightning.seed_everything(0, verbose=False)
    drawn = (CyoloPupil(ELU, Syllabus(13, 2)) if name == "cyolo-lessons" else Learner(ELU, Plan(2, 2))).network
    learnt = [name for name, _ in drawn.named_parameters()]
    apart, way = (
        torch.cat([(one[name] - other[name]).flatten() for name in learnt]).norm()
        for other in (two, drawn.state_dict())
    )
    assert apart < 0.5 * way, (apart, way)
    alone, shared = (read_card(tmp_path / f"{count}/{name}.safetensors")["curve"] for count in ("1", "2"))
    for point, other in zip(alone, shared, strict=True):
        assert other == pytest.approx(point, rel=0.1)


@pytest.mark.slow
def test_two_processes_killed_and_resumed_give_the_same_weights_and_curve(store: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "scorebench.cli", "train", "cyolo", "--dataset", str(store), "--device", "cpu"]
    words += ["--steps", "6", "--visits", "2", "--frames", "2", "--precision", "32-true", "--devices", "2"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    subprocess.run([*words, "--out", str(whole)], check=True, timeout=300, capture_output=True)
    with subprocess.Popen([*words, "--out", str(parts)], start_new_session=True, stderr=subprocess.DEVNULL) as begun:
        while not (parts / LAST).exists():
            assert begun.poll() is None
            time.sleep(0.05)
        os.killpg(begun.pid, signal.SIGKILL)
    assert 1 <= read_kept(parts / LAST)["global_step"] < 6
    subprocess.run([*words, "--out", str(parts), "--resume"], check=True, timeout=300, capture_output=True)
    one, other = (read_checkpoint(folder / "cyolo.safetensors") for folder in (whole, parts))
    assert all(torch.equal(one[name], other[name]) for name in one)
    curves = [read_card(folder / "cyolo.safetensors")["curve"] for folder in (whole, parts)]
    assert curves[0] == curves[1]


SPOILT = """
from cyolo.training.learner import Learner
from scorebench.cli import main

loss = Learner.loss


def spoilt(self, visits):
    found = loss(self, visits)
    bad = self.global_step == 1 and self.global_rank == RANK
    return type(found)(found.box * float("nan"), found.objectness) if bad else found


Learner.loss = spoilt
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_loss_that_is_no_number_in_one_of_two_processes_stops_both(store: Path, tmp_path: Path, rank: int) -> None:
    script = tmp_path / "spoilt.py"
    script.write_text(SPOILT.replace("RANK", str(rank)))
    words = ["train", "cyolo", "--dataset", str(store), "--device", "cpu", "--out", str(tmp_path / "out")]
    words += ["--steps", "3", "--visits", "2", "--frames", "2", "--precision", "32-true", "--devices", "2"]
    done = subprocess.run([sys.executable, str(script), *words], timeout=300, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("Error: the loss is nan at step 1") == 2
    assert "Traceback" not in done.stderr
    assert read_kept(tmp_path / "out" / LAST)["global_step"] == 1
