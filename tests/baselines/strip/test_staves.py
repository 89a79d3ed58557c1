"""Staves are found where they were drawn, and nowhere else."""

from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from baselines.strip.lines import Staff
from baselines.strip.staves import find_staves
from scorebench.errors import DataError
from tests.baselines.strip.drawing import Drawing, turned, turned_places

TOPS = (100.3, 180.6, 400.0, 640.8, 900.2)


@cache
def music(interline: float = 7.0, left: float = 50.4, right: float = 780.7) -> NDArray[np.uint8]:
    """A page with staves at ``TOPS`` and notes on them."""
    drawing = Drawing()
    for number, top in enumerate(TOPS):
        drawing.staff(left, right, top, interline)
        drawing.box(right - 1.5, top, right, top + 4 * interline)
        drawing.notes(number, left, right, top, interline)
    return drawing.page


def are_at(staves: list[Staff], tops: tuple[float, ...], left: float, right: float, interline: float) -> None:
    """Each staff is where it must be, to half a pixel."""
    assert len(staves) == len(tops)
    for staff, top in zip(staves, tops, strict=True):
        lines = staff.lines_at(np.linspace(left, right, 50))
        expected = top + interline * np.arange(5)
        np.testing.assert_allclose(lines, np.broadcast_to(expected[:, None], lines.shape), atol=0.5)
        assert (staff.left, staff.right) == pytest.approx((left, right), abs=1.5)
        assert staff.interline == pytest.approx(interline, abs=0.15)
        assert (staff.top, staff.bottom) == pytest.approx((expected[0], expected[-1]), abs=0.5)


@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])  # a page is slow to shrink
@given(st.floats(5.0, 11.0), st.floats(20, 90), st.floats(600, 820))
def test_staves_under_notes(interline: float, left: float, right: float) -> None:
    are_at(find_staves(music(interline, left, right)), TOPS, left, right, interline)


@pytest.mark.parametrize("degrees", [-5, -2, -0.6, 0.3, 1, 2, 4])
def test_a_page_that_was_turned(degrees: float) -> None:
    page = music()
    staves = find_staves(turned(page, degrees))
    assert len(staves) == len(TOPS)
    x = np.linspace(55, 775, 40)
    for staff, top in zip(staves, TOPS, strict=True):
        for k, line in enumerate(np.arange(5) * 7.0 + top):
            at_x, at_y = turned_places(x, np.full(40, line), page.shape, degrees)
            inside = (at_x > staff.left) & (at_x < staff.right)
            assert inside.sum() >= 38
            np.testing.assert_allclose(staff.lines_at(at_x[inside])[k], at_y[inside], atol=0.5)


def noisy(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.clip(page + np.random.default_rng(0).normal(0, 40, page.shape), 0, 255).astype(np.uint8)


def speckled(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    chance = np.random.default_rng(0).random(page.shape)
    return np.where(chance < 0.02, 0, np.where(chance > 0.98, 255, page)).astype(np.uint8)


def shaded(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (page * np.linspace(0.4, 1, page.shape[1])).astype(np.uint8)


@pytest.mark.parametrize("spoil", [noisy, speckled, shaded])
def test_a_page_that_is_hard_to_read(spoil: object) -> None:
    assert callable(spoil)
    are_at(find_staves(spoil(music())), TOPS, 50.4, 780.7, 7.0)


def test_a_warped_page() -> None:
    page, sink = music(), 6 * np.sin(np.pi * np.arange(835) / 835)
    warped = np.stack([np.roll(page[:, x], round(sink[x])) for x in range(835)], axis=1)
    staves = find_staves(warped)
    assert len(staves) == len(TOPS)
    x = np.arange(60, 770, 10)
    for staff, top in zip(staves, TOPS, strict=True):
        assert np.abs(staff.lines_at(x + 0.5)[0] - top - sink[x]).max() < 1.0


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.7, 3, 8])
def test_pages_of_any_size(factor: float) -> None:
    page = Image.fromarray(music())
    size = (round(835 * factor), round(1181 * factor))
    across, down = size[0] / 835, size[1] / 1181
    staves = find_staves(np.asarray(page.resize(size, Image.Resampling.BICUBIC)))
    assert len(staves) == len(TOPS)
    for staff, top in zip(staves, TOPS, strict=True):
        lines = (top + np.arange(5) * 7) * down
        assert staff.lines_at(400 * across) == pytest.approx(lines, abs=0.5 * max(factor, 1))
        assert (staff.left, staff.right) == pytest.approx((50.4 * across, 780.7 * across), abs=2 * max(factor, 1))


def test_staves_side_by_side_and_of_two_sizes() -> None:
    drawing = Drawing()
    drawing.staff(50, 380, 200)
    drawing.staff(430, 780, 200)
    drawing.staff(50, 780, 400, interline=6.7)
    staves = find_staves(drawing.page)
    found = sorted((round(staff.top), round(staff.left, -1), round(staff.right, -1)) for staff in staves)
    assert found == [(200, 50, 380), (200, 430, 780), (400, 50, 780)]


def test_ledger_lines_and_beams_are_no_staff() -> None:
    """Five rows of ledger lines, as wide as a bar and more, above a staff whose spaces are full of beams."""
    drawing = Drawing()
    drawing.staff(50, 780, 300)
    for x in range(300, 560, 16):
        for k in range(1, 6):
            drawing.box(x, 300 - 7 * k - 0.4, x + 10, 300 - 7 * k + 0.4)
    drawing.box(300, 302, 560, 306)
    drawing.box(300, 309, 560, 313)
    staves = find_staves(drawing.page)
    are_at(staves, (300.0,), 50, 780, 7.0)


def test_two_lines_that_are_hidden_do_not_move_the_others() -> None:
    """A beam along the bottom line, as long as the staff, 5 px thick and from its middle on."""
    drawing = Drawing()
    drawing.staff(50, 780, 300)
    drawing.box(80, 328, 770, 333)
    are_at(find_staves(drawing.page), (300.0,), 50, 780, 7.0)


def text_like(seed: int) -> NDArray[np.uint8]:
    """Rows of small boxes, as far apart as lines of text."""
    drawing, random = Drawing(), np.random.default_rng(seed)
    for y in range(100, 1000, 18):
        x = 80.0
        while x < 750:
            width = float(random.uniform(2, 6))
            drawing.box(x, y, x + width, y + float(random.uniform(5, 9)))
            x += width + float(random.choice([1.5, 1.5, 6]))
    return drawing.page


@pytest.mark.parametrize(
    "page",
    [
        np.full((1181, 835), 255, np.uint8),
        np.zeros((1181, 835), np.uint8),
        np.random.default_rng(0).integers(0, 256, (1181, 835)).astype(np.uint8),
        text_like(1),
        np.full((6, 400), 255, np.uint8),
        np.full((400, 6), 255, np.uint8),
        np.full((2, 2), 0, np.uint8),
    ],
    ids=["white", "black", "noise", "text", "low", "narrow", "tiny"],
)
def test_where_there_is_no_music_there_is_no_staff(page: NDArray[np.uint8]) -> None:
    assert find_staves(page) == []


def test_four_lines_are_no_staff() -> None:
    drawing = Drawing()
    drawing.staff(50, 780, 300, lines=4)
    assert find_staves(drawing.page) == []


def test_what_is_no_page() -> None:
    for shape in ((100, 100, 3), (0, 0), (1, 500)):
        with pytest.raises(DataError, match="no music"):
            find_staves(np.zeros(shape, np.uint8))
