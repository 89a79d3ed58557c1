"""What CUNet is trained on, and in which order."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from baselines.cunet.loss import target_masks  # noqa: E402 - needs torch
from baselines.cunet.training.material import newest_frames  # noqa: E402
from baselines.cunet.training.passages import Desk, Passage, Recipe, Repertoire  # noqa: E402
from scorebench.learning.pages import TrainingPage  # noqa: E402
from scorebench.learning.sound import Ear  # noqa: E402
from scorebench.spectrogram import cunet_recipe, spectrogram  # noqa: E402
from scorebench.timebase import SAMPLE_RATE, samples_heard  # noqa: E402

FRAMES = 16


@pytest.fixture(scope="module")
def repertoire(pages: list[TrainingPage]) -> Repertoire:
    return Repertoire(pages, Ear(cunet_recipe()), Recipe(FRAMES))


def same(one: Passage, other: Passage) -> bool:
    parts = ("picture", "windows", "asked", "boxes")
    return one.opens == other.opens and all(torch.equal(getattr(one, p), getattr(other, p)) for p in parts)


def test_boxes_are_where_there_is_ink(pages: list[TrainingPage]) -> None:
    for page in pages:
        assert page.picture.shape == (393, 278)
        assert (np.diff(page.onset_frame) >= 0).all()
        for x, y, width, height in page.box:
            assert width == 10
            rows = slice(int(y - height / 2), int(y + height / 2))
            assert page.picture[rows, int(x) - 3 : int(x) + 4].max() > 100


def test_onsets_fall_into_frames_of_a_twentieth_of_a_second(pages: list[TrainingPage]) -> None:
    for page in pages:
        since_s = page.plan.onsets["onset_s"].to_numpy() - page.plan.start_frame * 1102 / SAMPLE_RATE
        assert (page.onset_frame / 20 <= since_s + 1e-9).all()
        assert (since_s < (page.onset_frame + 1) / 20).all()


def test_no_shift_moves_a_system_over_an_edge(pages: list[TrainingPage]) -> None:
    for page in pages:
        up, down, left, right = page.shifts
        assert (up, left, right) == (-9, -9, 12)  # their margins are wider than that
        systems = page.plan.page.systems
        bottom = float((systems["y_px"] + systems["h_px"] / 2).max()) * 393 / page.plan.page.image.shape[0]
        assert 392 < bottom + down + 1 <= 394


def test_the_newest_frame_is_the_last_that_was_heard_whole() -> None:
    asked = np.array([0, 1, 2, 19, 2046, 2047, 2048, 2049, 2050, 4100, 12_000])
    centres = (np.arange(12_100) * 1102.5).astype(np.int64)
    heard = np.array([samples_heard(int(frame)) for frame in asked])
    np.testing.assert_array_equal(newest_frames(asked), np.searchsorted(centres + 1024, heard, side="right") - 1)


def test_each_page_comes_once_before_any_comes_again(repertoire: Repertoire) -> None:
    played = [repertoire.playing(number).page for number in range(12)]
    assert all(sorted(played[first : first + 4]) == [0, 1, 2, 3] for first in (0, 4, 8))
    assert len({tuple(played[first : first + 4]) for first in (0, 4, 8)}) > 1


def test_half_of_the_playings_have_another_tempo(repertoire: Repertoire) -> None:
    rates = np.array([repertoire.playing(number).rate for number in range(400)])
    assert 0.4 < (rates != 1).mean() < 0.6
    assert 0.5 <= rates.min() < 0.6
    assert 1.9 < rates.max() <= 2


def test_a_desk_plays_pages_from_beginning_to_end(pages: list[TrainingPage], repertoire: Repertoire) -> None:
    """Every frame of every page once, in order, each with the last 40 that were heard."""
    desk, step = Desk(repertoire, 1, 3), 0
    for number in (1, 4, 7):
        playing = repertoire.playing(number)
        passages = [desk.passage(step + n) for n in range(playing.passages)]
        step += playing.passages
        assert [passage.opens for passage in passages] == [True] + [False] * (playing.passages - 1)
        newest = torch.cat([passage.windows[..., -1] for passage in passages])
        boxes = torch.cat([passage.boxes for passage in passages])
        page = pages[playing.page]
        moved = boxes[:, :2] - torch.tensor([playing.right, playing.down])
        source = np.floor(np.arange(len(boxes)) * playing.rate).astype(int)
        torch.testing.assert_close(moved, torch.from_numpy(page.boxes_at(source)[:, :2]))
        assert (newest[-(-page.frames // 2) * 2 :] == 0).all()
        if playing.rate == 1:
            heard = spectrogram(page.audio.astype(np.float32) / 32767, cunet_recipe())
            np.testing.assert_allclose(newest[: page.frames], heard, atol=2e-5)
            np.testing.assert_allclose(passages[3].windows[5].T, heard[53 - 39 : 54], atol=2e-5)
            assert (passages[0].windows[2, :, :37] == 0).all()


def test_desk_and_step_alone_decide_a_passage(pages: list[TrainingPage], repertoire: Repertoire) -> None:
    walked = Desk(repertoire, 2, 4)
    far = [walked.passage(step) for step in range(0, 150, 7)][-1]
    fresh = Desk(Repertoire(pages, Ear(cunet_recipe()), Recipe(FRAMES)), 2, 4)
    assert same(fresh.passage(147), far)
    assert same(fresh.passage(3), walked.passage(3))  # and back again
    assert not same(fresh.passage(4), walked.passage(3))
    other = Desk(Repertoire(pages, Ear(cunet_recipe()), Recipe(FRAMES, seed=1)), 2, 4)
    assert not same(other.passage(3), walked.passage(3))


def test_of_frames_in_a_row_one_is_looked_for(pages: list[TrainingPage], repertoire: Repertoire) -> None:
    """Any of them, each time another; what is heard is as if all were."""
    sparse = Desk(Repertoire(pages, Ear(cunet_recipe()), Recipe(FRAMES, every=5)), 1, 3)
    dense, places = Desk(repertoire, 1, 3), set()
    for step in range(40):
        passage, whole = sparse.passage(step), dense.passage(step)
        assert (passage.asked // 5).tolist() == [0, 1, 2, 3]
        assert torch.equal(passage.windows, whole.windows)
        assert torch.equal(passage.boxes, whole.boxes[passage.asked])
        places.update((passage.asked % 5)[:3].tolist())
    assert places == {0, 1, 2, 3, 4}


def test_page_and_box_move_together(pages: list[TrainingPage], repertoire: Repertoire) -> None:
    moved = 0
    for number in range(8):
        playing = repertoire.playing(number)
        passage = Desk(repertoire, number, 8).passage(0)
        page = pages[playing.page]
        plain = torch.from_numpy(page.box[:1])
        masks = [target_masks(b[:, 0], b[:, 1], b[:, 3], 393, 278)[0] > 0 for b in (passage.boxes[:1], plain)]
        torch.testing.assert_close(passage.picture[masks[0]] * 255, torch.from_numpy(page.picture)[masks[1]].float())
        moved += (playing.down, playing.right) != (0, 0)
    assert moved > 4
