"""Lessons: what is taught is what is printed and what sounds, they are learnt, and a training begins with them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")

from baselines.cunet.network import CUNet, Design  # noqa: E402 - needs torch
from baselines.cunet.training import learner as learning  # noqa: E402
from baselines.cunet.training import lessons as lessons_module  # noqa: E402
from baselines.cunet.training.learner import MEETING_WEIGHT, Plan, passages_loss  # noqa: E402
from baselines.cunet.training.lessons import CUNetPupil  # noqa: E402
from baselines.cunet.training.loop import Training, train  # noqa: E402
from baselines.cunet.training.material import notes_of  # noqa: E402
from baselines.cunet.training.passages import Desk, Excerpts, Recipe, Repertoire  # noqa: E402
from scorebench.cli.train import train as train_command  # noqa: E402
from scorebench.errors import DataError, UsageError  # noqa: E402
from scorebench.files import sha256_file  # noqa: E402
from scorebench.learning.lessons import Syllabus  # noqa: E402
from scorebench.learning.pages import TrainingPage  # noqa: E402
from scorebench.learning.pitches import COARSE_PX, FINE_PX, LOWEST_PITCH  # noqa: E402
from scorebench.learning.sound import Ear  # noqa: E402
from scorebench.spectrogram import cunet_recipe  # noqa: E402
from scorebench.store import StoreDataset  # noqa: E402
from scorebench.weights import load_into, read_card, read_checkpoint, save_weights  # noqa: E402
from tests.scorebench.helpers import copy_to_train_on  # noqa: E402

RECIPE = Recipe(frames=4)


@pytest.fixture
def repertoire(pages: list[TrainingPage]) -> Repertoire:
    return Repertoire(pages, Ear(cunet_recipe()), RECIPE, [notes_of(page) for page in pages])


@pytest.mark.parametrize("cell_px", [FINE_PX, COARSE_PX])
def test_every_note_is_printed_in_a_cell_of_the_network(pages: list[TrainingPage], cell_px: int) -> None:
    """As many cells as it has after halving, rounded down; and over each there is ink."""
    page = pages[0]
    printed = notes_of(page).printed(cell_px, 0, 0)
    network, ink = CUNet(Design()), torch.from_numpy(page.picture)[None, None].float()
    skips, normed = network.descend(network.read_page(ink), torch.zeros(1, 128))
    assert printed.shape[1:] == (skips[-1] if cell_px == FINE_PX else normed).shape[2:]
    notes, image = page.plan.notes, page.plan.page.image
    assert set(printed.nonzero()[:, 0].tolist()) == set(notes["pitch"] - LOWEST_PITCH)
    around = torch.nn.functional.max_pool2d(ink, cell_px)[0, 0, : printed.shape[1], : printed.shape[2]]
    assert (around[printed.any(0)] > 0).all()
    row = (notes["y_px"] * page.picture.shape[0] / image.shape[0] // cell_px).astype(int)
    assert set(printed.nonzero()[:, 1].tolist()) == set(row)


def test_excerpts_are_moments_after_onsets_with_what_was_struck(
    pages: list[TrainingPage], repertoire: Repertoire
) -> None:
    """Whatever the tempo: a window of the playing, in order, and the keys of the onset before."""
    for number in range(8):
        playing, excerpts = repertoire.playing(number), repertoire.excerpts(number)
        notes, windows = pages[playing.page].plan.notes, repertoire.windows(playing)
        since_s = notes["onset_s"] - pages[playing.page].plan.start_frame * 1102 / 22_050
        at = (since_s * 20).clip(lower=0).astype(int)
        assert excerpts.windows.shape == (4, 78, 40)
        before = -1
        for window, keys in zip(excerpts.windows, excerpts.struck, strict=True):
            same = (windows == window).flatten(1).all(1).nonzero().flatten().tolist()
            assert any(frame >= before for frame in same)
            before = min(frame for frame in same if frame >= before)
            last = at[at <= np.floor(before * playing.rate + 1e-9)].max()
            assert before - last / playing.rate <= 4
            assert set(keys.nonzero().flatten().tolist()) == set(notes["pitch"][at == last] - LOWEST_PITCH)


@pytest.mark.parametrize("lesson", ["seeing", "hearing", "meeting"])
def test_a_lesson_is_learnt(repertoire: Repertoire, lesson: str) -> None:
    torch.manual_seed(0)
    pupil = CUNetPupil(Design(), Syllabus(100, 2))
    optimiser = torch.optim.Adam(pupil.parameters(), lr=3e-3)
    looks, excerpts = [repertoire.look(n) for n in range(2)], [repertoire.excerpts(n) for n in range(2)]
    losses = []
    for _ in range(20):
        if lesson == "seeing":
            loss = pupil.seeing_loss(looks)
        else:
            z, _ = pupil.network.hear(torch.stack([one.windows for one in excerpts]))
            loss = pupil.hearing_loss(excerpts, z) if lesson == "hearing" else pupil.meeting_loss(excerpts, z)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])


def test_nothing_is_marked_before_anything_is_learnt(pages: list[TrainingPage]) -> None:
    network, ink = CUNetPupil(Design(), Syllabus(100, 2)).network, torch.from_numpy(pages[0].picture).float() / 255
    assert network.look_for(ink[None, None], torch.randn(1, 2, 128))[0].sigmoid().max() < 0.5


def test_what_was_met_in_lessons_is_met_in_the_training(repertoire: Repertoire) -> None:
    """Until the modulations of the encoder learn, the page is read with sound as it was without."""
    pupil, passages = CUNetPupil(Design(), Syllabus(100, 2)), [Desk(repertoire, n, 2).passage(3) for n in range(2)]
    excerpts = [Excerpts(p.picture, p.windows, torch.zeros(4, 88), p.boxes) for p in passages]
    z, _ = pupil.network.hear(torch.stack([passage.windows for passage in passages]))
    alone = passages_loss(pupil.network, passages, torch.zeros(2, 2, 128))[0]
    with_lesson = passages_loss(pupil.network, passages, torch.zeros(2, 2, 128), pupil.meeting)[0]
    torch.testing.assert_close(with_lesson, alone + MEETING_WEIGHT * pupil.meeting_loss(excerpts, z))


def test_a_training_begins_with_the_weights_of_another(
    small_pages: list[TrainingPage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "VALIDATION_FRAMES", 1)
    monkeypatch.setattr(lessons_module, "VALIDATION_FRAMES", 1)
    lessons = Training("cunet-lessons", {"hash": "0"}, Design(), Syllabus(13, 1), RECIPE, 13, precision="32-true")
    start = train(lessons, small_pages[:2], small_pages[2:3], tmp_path / "lessons", "cpu")
    (point,) = read_card(start)["curve"]
    assert point["valid_loss"] == point["valid_meeting"]
    assert {"valid_seeing", "valid_hearing"} < set(point)
    monkeypatch.setattr(learning, "TAUGHT_RATE", 0.0)
    training = Training("cunet", {"hash": "0"}, Design(), Plan(1, 1, taught=True), RECIPE, 1, precision="32-true")
    weights = train(training, small_pages[:2], small_pages[2:3], tmp_path / "cunet", "cpu", start=start)
    taught, trained = read_checkpoint(start), read_checkpoint(weights)
    assert all(torch.equal(taught[name], trained[name]) for name in taught)
    assert read_card(weights)["start"] == {"sha256": sha256_file(start), **read_card(start)}
    with pytest.raises(UsageError, match="of another training"):
        train(training, small_pages[:2], small_pages[2:3], tmp_path / "cunet", "cpu", resume=True)


def test_lessons_killed_and_resumed_give_the_same_weights(
    small_pages: list[TrainingPage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons_module, "VALIDATION_FRAMES", 1)
    training = Training("cunet-lessons", {}, Design(), Syllabus(25, 2), RECIPE, 8, precision="32-true")

    def run(out: Path, resume: bool = False) -> Path:
        return train(training, small_pages[:2], small_pages[2:3], out, "cpu", resume)

    whole, step = run(tmp_path / "whole"), CUNetPupil.training_step

    def killed(self: CUNetPupil, numbers: list[int], index: int) -> Any:
        if self.global_step == 24:
            raise KeyboardInterrupt
        return step(self, numbers, index)

    monkeypatch.setattr(CUNetPupil, "training_step", killed)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(tmp_path / "parts")
    monkeypatch.setattr(CUNetPupil, "training_step", step)
    one, other = read_checkpoint(whole), read_checkpoint(run(tmp_path / "parts", resume=True))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("design", [Design("FB"), Design("CB", recurrent=False)])
def test_a_training_does_not_begin_with_another_network(
    small_pages: list[TrainingPage], tmp_path: Path, design: Design
) -> None:
    save_weights(tmp_path / "other.safetensors", CUNet(design).state_dict(), {})
    training = Training("cunet", {}, Design(), Plan(1, 1, taught=True), RECIPE, 1, precision="32-true")
    with pytest.raises(UsageError, match=r"other\.safetensors: weights of another network"):
        train(training, small_pages[:1], small_pages[:1], tmp_path / "out", "cpu", start=tmp_path / "other.safetensors")


def test_from_the_command_line(small_mini: StoreDataset, tmp_path: Path) -> None:
    store = copy_to_train_on(small_mini, tmp_path / "store")
    words = ["--dataset", str(store), "--device", "cpu", "--visits", "1", "--frames", "2"]
    out = ["--out", str(tmp_path / "lessons")]
    refused = CliRunner().invoke(train_command, ["cunet-lessons", *words, *out, "--epochs", "1"])
    assert isinstance(refused.exception, UsageError)
    done = CliRunner().invoke(train_command, ["cunet-lessons", *words, *out, "--steps", "3"])
    assert done.exception is None, done.output
    lessons = done.output.strip().splitlines()[-1]
    load_into(CUNet(Design()), read_checkpoint(Path(lessons)), lessons)
    out = ["--out", str(tmp_path / "cunet"), "--from", lessons]
    done = CliRunner().invoke(train_command, ["cunet", *words, *out, "--steps", "1"])
    assert done.exception is None, done.output
    card = read_card(Path(done.output.strip().splitlines()[-1]))
    assert card["start"]["name"] == "cunet-lessons"
    assert card["plan"]["taught"] is True


def test_a_file_of_somebody_else_cannot_be_begun_with(small_pages: list[TrainingPage], tmp_path: Path) -> None:
    (tmp_path / "some.safetensors").write_bytes(b"nothing")
    training = Training("cunet", {}, Design(), Plan(1, 1, taught=True), RECIPE, 1, precision="32-true")
    with pytest.raises(DataError, match=r"some\.safetensors"):
        train(training, small_pages[:1], small_pages[:1], tmp_path / "out", "cpu", start=tmp_path / "some.safetensors")
