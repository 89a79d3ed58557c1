"""What is trained on, and how it is altered."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cyolo.page import SIZE_PX
from cyolo.training.hearing import Ear
from cyolo.training.material import page_of
from cyolo.training.visits import Recipe, Visitor, visit_at
from scorebench.authors_layout import AuthorsDataset
from scorebench.errors import DataError
from scorebench.learning.pages import TrainingPage, training_pages
from scorebench.learning.sound import as_heard, in_room, late
from scorebench.spectrogram import cyolo_recipe, spectrogram
from scorebench.timebase import HOP_SAMPLES
from tests.scorebench.helpers import PIECES, TINY

EXACT = "donot_use_mm_for_euclid_dist"


@pytest.fixture(scope="module")
def pages() -> list[TrainingPage]:
    return training_pages(AuthorsDataset(TINY), "full", page_of)


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear()


def samples_of(page: TrainingPage) -> torch.Tensor:
    return torch.from_numpy(page.audio).float() / 32767


def test_every_page_with_its_onsets(pages: list[TrainingPage]) -> None:
    assert [page.name for page in pages] == [f"{PIECES[i]} page {n}" for i, n in ((0, 0), (1, 0), (2, 0), (2, 1))]
    for page in pages:
        assert page.picture.shape == (SIZE_PX, SIZE_PX)
        assert (np.diff(page.onset_frame) > 0).all()
        assert page.onset_frame[0] >= 0
        assert ((page.box > 0) & (page.box < 1)).all()
        up, down, left, right = page.shifts
        assert up <= 0 <= down
        assert left <= 0 <= right


def test_boxes_hold_until_the_next_onset(pages: list[TrainingPage]) -> None:
    page = pages[0]
    second = int(page.onset_frame[1])
    held = page.boxes_at(np.array([-5, second - 1, second, 10**6]))
    np.testing.assert_array_equal(held, page.box[[0, 0, 1, -1]])


def test_a_note_is_where_there_is_ink(pages: list[TrainingPage]) -> None:
    for page in pages:
        columns, rows = (page.box[:, :2] * SIZE_PX).astype(int).T
        for x, y, h in zip(columns, rows, page.box[:, 3] * SIZE_PX / 2, strict=True):
            assert page.picture[int(y - h) : int(y + h), x - 3 : x + 4].max() > 100


def test_no_page_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no page of full has an onset"):
        training_pages(AuthorsDataset(TINY), "full", page_of, only=["elsewhere"])


def test_the_ear_hears_the_spectrogram(pages: list[TrainingPage], ear: Ear) -> None:
    heard = as_heard(late(ear(samples_of(pages[0])), 0))
    expected = spectrogram(samples_of(pages[0]).numpy(), cyolo_recipe())
    np.testing.assert_allclose(heard, expected, atol=2e-5)
    assert len(heard) == pages[0].frames


def test_silence_before_is_silence_before(pages: list[TrainingPage], ear: Ear) -> None:
    samples = samples_of(pages[0])
    for hops in (1, 2, 7):
        expected = ear(torch.cat([torch.zeros(hops * HOP_SAMPLES), samples]))[1:]
        torch.testing.assert_close(late(ear(samples), hops), expected)


def test_the_number_alone_decides_a_visit(pages: list[TrainingPage], ear: Ear) -> None:
    response = torch.rand(200)
    first = Visitor(pages, [response], ear, Recipe(frames=4))
    second = Visitor(pages, [response], ear, Recipe(frames=4))
    second.visit(3)
    for name, tensor in vars(first.visit(11)).items():
        torch.testing.assert_close(tensor, getattr(second.visit(11), name), rtol=0, atol=0)
    assert not torch.equal(first.visit(12).windows, first.visit(11).windows)


def test_page_and_target_move_together(pages: list[TrainingPage], ear: Ear) -> None:
    """Around the target of a shifted page is what was around it on the page as it is."""
    visitor = Visitor(pages[:1], [], ear, Recipe(frames=6, onset_share=1.0))
    page, moved = pages[0], 0
    for number in range(12):
        visit = visitor.visit(number)
        for x, y in (visit.target[:, :2] * SIZE_PX).round().long().tolist():
            patches = [
                torch.from_numpy(page.picture)[v - 9 : v + 9, u - 9 : u + 9].float() / 255
                for u, v in (page.box[:, :2] * SIZE_PX).round().astype(int).tolist()
            ]
            here = visit.picture[y - 9 : y + 9, x - 9 : x + 9]
            assert min(float((patch - here).abs().max()) for patch in patches) < 1e-6
        moved += not torch.equal(visit.picture, torch.from_numpy(page.picture).float() / 255)
    assert moved > 6


@pytest.fixture(scope="module")
def noise(pages: list[TrainingPage]) -> TrainingPage:
    """A page no two frames of whose sound are alike."""
    random = np.random.default_rng(5)
    return replace(pages[0], audio=random.integers(-9000, 9000, len(pages[0].audio)).astype(np.int16))


def moments_of(bands: torch.Tensor, recorded: torch.Tensor) -> torch.Tensor:
    """When in ``recorded`` (T, 78) each of ``bands`` (n, 78) is heard, in frames: between which two it lies."""
    steps = recorded[1:] - recorded[:-1]
    apart = bands[:, None] - recorded[:-1]
    share = ((apart * steps).sum(2) / steps.square().sum(1)).clamp(0, 1)
    found = (apart - share[..., None] * steps).square().sum(2).min(1)
    assert found.values.max() < 1e-3
    return found.indices + share.gather(1, found.indices[:, None])[:, 0]


def test_the_target_is_where_what_is_heard_is_printed(noise: TrainingPage, ear: Ear) -> None:
    """At another tempo, and after silence, too: which frame is heard is looked up in the sound as it was recorded."""
    recorded, visitor = ear(samples_of(noise))[1:], Visitor([noise], [], ear, Recipe(frames=6))
    as_recorded = 0
    for number in range(60):
        visit = visitor.visit(number)
        newest = 10 ** visit.windows[:, -1] - 1
        heard = newest.amax(1) > 0
        moments = moments_of(newest[heard], recorded)
        as_recorded += bool(((moments - moments.round()).abs() < 1e-3).all())
        boxes = noise.boxes_at(np.floor(moments.numpy() + 1e-3).astype(np.int64))
        moved = visit.target[heard] - torch.from_numpy(boxes)
        assert (moved - moved[0]).abs().max() < 1e-5  # as the page is
    assert 20 < as_recorded < 40


def test_half_of_the_visits_are_in_a_room(noise: TrainingPage, ear: Ear) -> None:
    response = torch.tensor([0.3, 0.0, 0.1])
    dry = as_heard(ear(samples_of(noise))[1:])
    wet = as_heard(ear(in_room(samples_of(noise), response))[1:])
    visitor = Visitor([noise], [response], ear, Recipe(frames=6))
    places = [0, 0]
    for number in range(80):
        newest = visitor.visit(number).windows[:, -1]
        newest = newest[newest.abs().amax(1) > 0]
        for place, sound in enumerate((dry, wet)):
            places[place] += bool((torch.cdist(newest, sound, compute_mode=EXACT).min(1).values < 1e-3).all())
    assert min(places) > 10
    assert 30 < sum(places) < 50  # the others are at another tempo


def test_at_an_onset_the_target_is_its_note(pages: list[TrainingPage], ear: Ear) -> None:
    """Without alterations: the window at a frame ends with that frame, and the target is what sounds there."""
    page = pages[0]
    heard = as_heard(ear(samples_of(page))[1:])
    frames = page.onset_frame[[3, 50]]
    visit = visit_at(torch.from_numpy(page.picture), heard, frames, page.boxes_at(frames))
    torch.testing.assert_close(visit.windows[:, -1], heard[frames])
    torch.testing.assert_close(visit.windows[1], heard[frames[1] - 39 : frames[1] + 1])
    torch.testing.assert_close(visit.target, torch.from_numpy(page.box[[3, 50]]))
    assert visit.chunks_heard.tolist() == [(f + 1) // 40 for f in frames.tolist()]
    torch.testing.assert_close(visit.chunks.flatten(0, 1), heard[: len(visit.chunks) * 40])
