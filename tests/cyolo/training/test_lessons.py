"""Lessons: what is taught is what is printed and what sounds, they are learnt, and a training begins with them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from cyolo.checkpoint import load_network
from cyolo.network import Cyolo, Settings
from cyolo.page import SIZE_PX, scale_of
from cyolo.training import learner as learning
from cyolo.training.hearing import Ear
from cyolo.training.learner import Learner, Plan, condition
from cyolo.training.lessons import CyoloPupil
from cyolo.training.loop import Training, train
from cyolo.training.material import notes_of, page_of
from cyolo.training.visits import Recipe, Visitor
from scorebench.authors_layout import AuthorsDataset
from scorebench.cli.train import train as train_command
from scorebench.errors import DataError, UsageError
from scorebench.files import sha256_file
from scorebench.learning.lessons import Syllabus
from scorebench.learning.pages import TrainingPage, training_pages
from scorebench.learning.pitches import COARSE_PX, FINE_PX, LOWEST_PITCH
from scorebench.store import StoreDataset
from scorebench.timebase import onset_frame
from scorebench.weights import read_card, read_checkpoint
from tests.scorebench.helpers import TINY, copy_to_train_on

ELU = Settings(audio_activation="elu")
RECIPE = Recipe(frames=4, rooms=False)


@pytest.fixture(scope="module")
def pages() -> list[TrainingPage]:
    return training_pages(AuthorsDataset(TINY), "full", page_of)


@pytest.fixture
def visitor(pages: list[TrainingPage]) -> Visitor:
    return Visitor(pages, [], Ear(), RECIPE, [notes_of(page) for page in pages])


@pytest.mark.parametrize("cell_px", [FINE_PX, COARSE_PX])
def test_every_note_is_printed_in_its_cell_and_nothing_else(pages: list[TrainingPage], cell_px: int) -> None:
    for page in pages:
        notes, scale = page.plan.notes, scale_of(*page.plan.page.image.shape)
        column = ((notes["x_px"] + scale.pad_left_px) / scale.factor // cell_px).astype(int)
        row = ((notes["y_px"] + scale.pad_top_px) / scale.factor // cell_px).astype(int)
        expected = set(zip(notes["pitch"] - LOWEST_PITCH, row, column, strict=True))
        printed = notes_of(page).printed(cell_px, 0, 0)
        assert printed.shape == (88, SIZE_PX // cell_px, SIZE_PX // cell_px)
        assert {tuple(found) for found in printed.nonzero().tolist()} == expected


def test_what_is_printed_moves_with_the_page(pages: list[TrainingPage]) -> None:
    pitches = notes_of(pages[0])
    still, moved = pitches.printed(FINE_PX, 0, 0), pitches.printed(FINE_PX, 2 * FINE_PX, -FINE_PX)
    assert torch.equal(torch.roll(still, (2, -1), (1, 2)), moved)


def test_what_is_struck_holds_until_the_next_onset(pages: list[TrainingPage]) -> None:
    for page in pages:
        pitches, notes = notes_of(page), page.plan.notes
        frames = onset_frame(notes["onset_s"].to_numpy()) - page.plan.start_frame
        for moment, until in zip(page.onset_frame[:-1], page.onset_frame[1:], strict=True):
            keys = sorted({int(p) - LOWEST_PITCH for p in notes["pitch"][frames == moment]})
            held = pitches.struck(np.array([moment, until - 1]))
            assert held[0].nonzero().flatten().tolist() == keys
            assert torch.equal(held[0], held[1])
        assert not pitches.struck(page.onset_frame[:1] - 1).any()


def test_pitches_that_nobody_knows_cannot_be_taught(pages: list[TrainingPage]) -> None:
    plan = replace(pages[0].plan, notes=pages[0].plan.notes.assign(pitch=-1))
    with pytest.raises(DataError, match="no pitches or no noteheads"):
        notes_of(replace(pages[0], plan=plan))


@pytest.mark.parametrize("lesson", ["seeing", "hearing", "meeting"])
def test_a_lesson_is_learnt(visitor: Visitor, lesson: str) -> None:
    torch.manual_seed(0)
    pupil = CyoloPupil(ELU, Syllabus(100, 2))
    optimiser = torch.optim.AdamW(pupil.parameters(), lr=2e-3)
    looks, visits = [visitor.look(n) for n in range(2)], [visitor.visit(n) for n in range(2)]
    losses = []
    for _ in range(25):
        if lesson == "seeing":
            loss = pupil.seeing_loss(looks)
        else:
            z = condition(pupil.network.conditioning_network, visits)
            loss = pupil.hearing_loss(visits, z) if lesson == "hearing" else pupil.meeting_loss(visits, z)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-3:]) < 0.6 * sum(losses[:3])


def test_a_training_begins_with_the_weights_of_another(
    pages: list[TrainingPage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "VALIDATION_FRAMES", 2)
    lessons = Training("cyolo-lessons", {"hash": "0"}, ELU, Syllabus(13, 1), RECIPE, 13, precision="32-true")
    start = train(lessons, pages[:2], pages[2:3], [], tmp_path / "lessons", "cpu")
    (point,) = read_card(start)["curve"]
    assert point["valid_loss"] == point["valid_meeting"]
    assert {"valid_seeing", "valid_hearing"} < set(point)
    training = Training("cyolo", {"hash": "0"}, ELU, Plan(1, 1, rate=0.0), RECIPE, 1, precision="32-true")
    weights = train(training, pages[:2], pages[2:3], [], tmp_path / "cyolo", "cpu", start=start)
    taught, trained = read_checkpoint(start), read_checkpoint(weights)
    assert all(torch.equal(taught[name], trained[name]) for name in taught if "enc.0." not in name)
    assert read_card(weights)["start"] == {"sha256": sha256_file(start), **read_card(start)}
    with pytest.raises(UsageError, match="of another training"):
        train(training, pages[:2], pages[2:3], [], tmp_path / "cyolo", "cpu", resume=True)


def test_detection_goes_on_with_the_last_lesson(pages: list[TrainingPage]) -> None:
    """The head of the lesson learns, and beside it the weights below it, from the lesson as from detection."""
    visitor = Visitor(pages, [], Ear(), RECIPE)
    learner = Learner(ELU, Plan(1, 1, meeting_weight=0.5))
    loss = learner.loss([visitor.visit(0)])
    assert loss.meeting is not None
    assert learner.meeting is not None
    torch.testing.assert_close(loss.total(64.0), loss.box + 64 * loss.objectness + loss.meeting)
    loss.meeting.backward()
    assert learner.meeting.weight.grad is not None
    layers = learner.network.model
    assert all(p.grad is not None for p in layers["Bottleneck_6"].parameters())
    assert all(p.grad is None for p in layers["Bottleneck_8"].parameters())
    assert Learner(ELU, Plan(1, 1)).loss([visitor.visit(0)]).meeting is None


def test_a_training_does_not_begin_with_another_network(pages: list[TrainingPage], tmp_path: Path) -> None:
    from cyolo.checkpoint import save_network

    save_network(tmp_path / "other.safetensors", Cyolo(Settings(audio_activation="relu")), {})
    training = Training("cyolo", {"hash": "0"}, ELU, Plan(1, 1), RECIPE, 1, precision="32-true")
    with pytest.raises(UsageError, match=r"other\.safetensors: weights of another network"):
        train(training, pages[:1], pages[:1], [], tmp_path / "out", "cpu", start=tmp_path / "other.safetensors")


def test_from_the_command_line(small_mini: StoreDataset, tmp_path: Path) -> None:
    store = copy_to_train_on(small_mini, tmp_path / "store")
    words = ["--dataset", str(store), "--device", "cpu", "--visits", "1", "--frames", "2"]
    out = ["--out", str(tmp_path / "lessons")]
    refused = CliRunner().invoke(train_command, ["cyolo-lessons", *words, *out, "--epochs", "1"])
    assert isinstance(refused.exception, UsageError)
    done = CliRunner().invoke(train_command, ["cyolo-lessons", *words, *out, "--steps", "3"])
    assert done.exception is None, done.output
    lessons = done.output.strip().splitlines()[-1]
    out = ["--out", str(tmp_path / "cyolo"), "--from", lessons]
    done = CliRunner().invoke(train_command, ["cyolo", *words, *out, "--steps", "1"])
    assert done.exception is None, done.output
    card = read_card(Path(done.output.strip().splitlines()[-1]))
    assert card["start"]["name"] == "cyolo-lessons"
    assert card["plan"]["meeting_weight"] > 0
    assert load_network(Path(lessons)).settings == ELU


@pytest.mark.parametrize("name", ["cunet-lessons", "mm-loc", "rl"])
def test_others_do_not_begin_with_weights(name: str, tmp_path: Path) -> None:
    (tmp_path / "some.safetensors").touch()
    refused = CliRunner().invoke(train_command, [name, "--from", str(tmp_path / "some.safetensors")])
    assert isinstance(refused.exception, UsageError)
    assert "leave out --from" in str(refused.exception)
