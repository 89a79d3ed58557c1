"""Systems are what bar lines connect, in reading order."""

import numpy as np
import pytest
from numpy.typing import NDArray

from baselines.strip.detection import detector_scores, edges, overlap
from baselines.strip.systems import find_systems
from baselines.strip.unroll import unroll
from scorebench.dataset import built_folder
from scorebench.errors import DataError
from scorebench.score import SYSTEM_COLUMNS
from scorebench.store import StoreDataset
from tests.baselines.strip.drawing import Drawing, turned, turned_places


def boxes(page: NDArray[np.uint8]) -> list[list[float]]:
    """left, top, right, bottom of what is found."""
    found = find_systems(page)
    assert list(found.columns) == list(SYSTEM_COLUMNS)
    assert found["system"].tolist() == list(range(len(found)))
    assert (found["page"] == 0).all()
    return edges(found).tolist()


@pytest.mark.parametrize(
    "through", [True, False], ids=["bar lines from staff to staff", "bar lines on the staves alone"]
)
def test_as_many_staves_as_the_music_needs(through: bool) -> None:
    drawing = Drawing()
    drawing.system(100, 780, [80, 140], through=through)
    drawing.system(50, 780, [250], through=through)
    drawing.system(50, 780, [350, 410, 480], through=through)
    drawing.system(50, 600, [600, 650, 700, 750], through=through)
    expected = [[100, 80, 780, 168], [50, 250, 780, 278], [50, 350, 780, 508], [50, 600, 600, 778]]
    assert boxes(drawing.page) == [pytest.approx(box, abs=1.5) for box in expected]


def test_staves_that_nothing_connects_are_systems_of_their_own() -> None:
    drawing = Drawing()
    for top in range(60, 1100, 60):
        drawing.staff(50, 780, top)
        drawing.notes(top, 50, 780, top)
    assert len(boxes(drawing.page)) == len(range(60, 1100, 60))


def test_stems_and_slurs_between_staves_connect_nothing() -> None:
    """A long stem from one staff down to the top line of the next."""
    drawing = Drawing()
    drawing.staff(50, 780, 100)
    drawing.staff(50, 780, 150)
    drawing.box(400, 114, 401.5, 157)
    assert len(boxes(drawing.page)) == 2


def test_a_short_staff_between_two_that_are_connected_is_part_of_their_system() -> None:
    drawing = Drawing()
    drawing.system(50, 780, [200, 330])
    drawing.staff(300, 520, 265)
    drawing.staff(300, 520, 450)
    expected = [[50, 200, 780, 358], [300, 450, 520, 478]]
    assert boxes(drawing.page) == [pytest.approx(box, abs=1.5) for box in expected]


def test_systems_side_by_side_are_read_from_left_to_right() -> None:
    drawing = Drawing()
    drawing.system(430, 780, [201.0, 260])
    drawing.system(50, 380, [203.0, 262])
    drawing.system(50, 780, [400, 460])
    assert [round(box[0], -1) for box in boxes(drawing.page)] == [50, 430, 50]


@pytest.mark.parametrize("degrees", [-2, 1, 2])
def test_a_page_that_was_turned(degrees: float) -> None:
    drawing = Drawing()
    truth = []
    for top in (90, 320, 560, 800):
        drawing.system(50, 780, [top, top + 62])
        truth.append([50, top, 780, top + 90])
    found = np.array(boxes(turned(drawing.page, degrees)))
    x, y = np.array(truth)[:, [0, 2, 0, 2]], np.array(truth)[:, [1, 1, 3, 3]]
    x, y = turned_places(x.astype(float), y.astype(float), (1181, 835), degrees)
    expected = np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], axis=1)
    np.testing.assert_allclose(found, expected, atol=2.5)


@pytest.mark.parametrize("degrees", [12, -20, 90])
def test_a_page_that_was_turned_too_far_is_refused(degrees: float) -> None:
    drawing = Drawing()
    for top in (90, 320, 560, 800):
        drawing.system(50, 780, [top, top + 62])
    with pytest.raises(DataError, match="upright"):
        find_systems(turned(drawing.page, degrees))


def test_a_page_without_music_is_refused() -> None:
    with pytest.raises(DataError, match="find_systems: no staff"):
        find_systems(np.full((1181, 835), 255, np.uint8))


def test_what_is_found_can_be_unrolled(small_mini: StoreDataset) -> None:
    page = small_mini.load("full", small_mini.pieces("full")[0]).pages[0]
    found, true = unroll(page.image, find_systems(page.image)), unroll(page.image, page.systems)
    assert len(found.y_px) == len(true.y_px)
    assert found.image.shape[1] == pytest.approx(true.image.shape[1], abs=4 * len(true.y_px))


def test_shared_areas() -> None:
    one = np.array([[0.0, 0, 10, 10]])
    other = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    assert overlap(one, other)[0] == pytest.approx([1, 1 / 3, 0])


def test_all_systems_of_two_pieces_of_mini_are_found(small_mini: StoreDataset) -> None:
    scores = detector_scores(small_mini, "full")
    assert scores.found == scores.systems > 4
    assert (scores.false, scores.refused) == (0, ())
    assert max(scores.worst_px) < 2


@pytest.mark.slow
def test_the_systems_of_the_rebuilds_test_pages_are_found() -> None:
    folder = built_folder("msmd-rebuild")
    if not (folder / "dataset.json").is_file():
        pytest.skip("needs the rebuild: scorebench data build msmd-rebuild")
    scores = detector_scores(StoreDataset(folder), "full")
    assert scores.systems > 450
    assert scores.found >= 0.99 * scores.systems
    assert scores.false <= 0.01 * scores.systems
