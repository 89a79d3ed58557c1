"""The strip shows each system and nothing else, and its places are places on the page."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from baselines.strip.unroll import HEIGHT_PX, MARGIN_PX, PAGE_WIDTH_PX, Strip, unroll
from scorebench.errors import DataError
from scorebench.score import SYSTEM_COLUMNS

PAGE = (1181, 835)


def systems_at(*boxes: tuple[float, float, float, float]) -> pd.DataFrame:
    """Systems with these x, y, w, h."""
    rows = [(number, 0, *box) for number, box in enumerate(boxes)]
    return pd.DataFrame(rows, columns=list(SYSTEM_COLUMNS)).astype(dict(SYSTEM_COLUMNS))


def white(shape: tuple[int, int] = PAGE) -> NDArray[np.uint8]:
    return np.full(shape, 255, np.uint8)


@st.composite
def strips(draw: st.DrawFn) -> Strip:
    """Strips of white pages of any size with some systems, which do not overlap."""
    width, height = draw(st.integers(40, 3000)), draw(st.integers(60, 3000))
    count = draw(st.integers(1, 6))
    boxes = []
    for number in range(count):
        left, right = sorted(draw(st.tuples(st.floats(0, 0.4), st.floats(0.5, 1))))
        band = height / count
        share = draw(st.floats(0.1, 0.9))
        boxes.append((width * (left + right) / 2, band * (number + 0.5), width * (right - left), band * share))
    return unroll(white((height, width)), systems_at(*boxes))


@settings(max_examples=60, deadline=None)
@given(strips(), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_to_the_page_and_back(strip: Strip, shares: list[float]) -> None:
    width = strip.image.shape[1]
    x = np.minimum(np.array(shares) * width, np.nextafter(width, 0))
    there = strip.to_page(x)
    assert strip.from_page(there.x_px, there.y_px) == pytest.approx(x, abs=1e-6)
    assert (np.diff(strip.to_page(np.sort(x)).system) >= 0).all(), "the order along the strip is the reading order"


@settings(max_examples=60, deadline=None)
@given(strips(), st.integers(0, 5), st.floats(0, 1))
def test_from_the_page_and_back(strip: Strip, system: int, share: float) -> None:
    system %= len(strip.y_px)
    x = float(strip.left_px[system] + share * 0.999 * (strip.right_px[system] - strip.left_px[system]))
    back = strip.to_page(strip.from_page(x, strip.y_px[system]))
    assert back.system == system
    assert back.x_px == pytest.approx(x, abs=1 / strip.scale[system])
    assert (back.y_px, back.h_px) == (strip.y_px[system], strip.h_px[system])


def test_a_page_of_the_usual_width_is_copied() -> None:
    page = np.random.default_rng(0).integers(0, 256, PAGE).astype(np.uint8)
    strip = unroll(page, systems_at((400, 300, 700, 100), (410.3, 600.4, 649.2, 100.2)))
    assert strip.scale.tolist() == [1, 1]
    first, second = np.split(strip.image, strip.begins[1:-1], axis=1)
    np.testing.assert_array_equal(first, page[220:380, 50 - MARGIN_PX : 750 + MARGIN_PX])
    np.testing.assert_array_equal(second, page[520:680, 85 - MARGIN_PX :][:, : second.shape[1]])


def test_a_place_on_the_page_is_the_same_pixel_of_the_strip() -> None:
    page = white()
    page[300, 123] = 0
    strip = unroll(page, systems_at((400, 100, 700, 60), (400, 300, 700, 60)))
    x = strip.from_page([123, 124], 300)
    assert (strip.image[:, int(x[0]) : int(x[1])] == 0).sum() == (strip.image == 0).sum() == 1


@pytest.mark.parametrize("width", [417, 834, 1670, 2505])
def test_a_mark_stays_where_it_is_on_pages_of_any_size(width: int) -> None:
    """A black line of 1/100 of the page's width has its centre where the map says."""
    height = round(width * 1.414)
    page = white((height, width))
    centre, half = round(width * 0.6), max(2, width // 200)
    page[:, centre - half : centre + half] = 0
    strip = unroll(page, systems_at((width / 2, height / 3, width * 0.9, height / 10)))
    ink = 255.0 - strip.image[80]
    found = float(((np.arange(len(ink)) + 0.5) * ink).sum() / ink.sum())
    assert found == pytest.approx(float(strip.from_page(centre, height / 3)), abs=0.3)
    assert strip.scale == pytest.approx(PAGE_WIDTH_PX / width)


def test_no_other_system_is_seen() -> None:
    """Three black systems 20 px apart: the middle one shows its 60 rows and the white half way to the others."""
    page = white()
    boxes = [(400.0, y, 600.0, 60.0) for y in (200.0, 280.0, 360.0)]
    for _, y, _, _ in boxes:
        page[int(y) - 30 : int(y) + 30, 100:700] = 0
    strip = unroll(page, systems_at(*boxes))
    for picture in np.split(strip.image, strip.begins[1:-1], axis=1):
        black = np.flatnonzero((picture[:, MARGIN_PX:-MARGIN_PX] == 0).all(axis=1))
        assert black.tolist() == list(range(50, 110))


def test_what_is_above_and_below_a_system_is_seen_half_way_to_the_next() -> None:
    page = white()
    page[245, 200], page[255, 300] = 0, 0  # above and below 250, half way between 200 + 30 and 300 - 30
    strip = unroll(page, systems_at((400, 200, 600, 60), (400, 300, 600, 60)))
    assert np.argwhere(strip.image == 0).tolist() == [[35, 616 + 208], [45 + 80, 108]]


def test_a_system_beside_another_keeps_all_rows() -> None:
    page = np.zeros(PAGE, np.uint8)
    strip = unroll(page, systems_at((200, 300, 300, 60), (600, 300, 300, 60)))
    assert (strip.image == 0).all()
    assert strip.to_page(strip.from_page([100, 700], 300)).system.tolist() == [0, 1]


def test_a_tall_system_is_made_smaller_as_a_whole() -> None:
    page = white((2000, 835))
    page[1000 - 200 : 1000 + 200, 400:420] = 0
    strip = unroll(page, systems_at((400, 1000, 700, 400)))
    assert strip.scale == pytest.approx(0.4)
    assert strip.image.shape == (HEIGHT_PX, int(700 * 0.4) + 2 * MARGIN_PX)
    x = strip.from_page([400, 420], 1000)
    assert (strip.image[1:-1, int(np.ceil(x[0])) + 1 : int(x[1]) - 1] == 0).all()
    assert (strip.image[:, : int(x[0]) - 1] == 255).all()


def test_systems_are_put_in_their_order_whatever_that_of_the_table() -> None:
    systems = systems_at((400, 200, 600, 60), (400, 500, 600, 60))
    strip = unroll(white(), systems.iloc[::-1])
    assert strip.y_px.tolist() == [200, 500]


def test_beyond_the_ends_are_the_ends() -> None:
    strip = unroll(white(), systems_at((400, 200, 600, 60), (400, 500, 600, 60)))
    ends = strip.to_page([-100.0, 1e9])
    assert ends.x_px == pytest.approx([100 - MARGIN_PX, 700 + MARGIN_PX])
    assert strip.from_page([-50, 5000], [0, 1e6]) == pytest.approx([0, strip.image.shape[1]])
    # to the right of the first system is not the beginning of the second
    assert strip.to_page(strip.from_page(800, 200)).system == 0


def test_a_system_at_the_edge_of_the_page_is_seen_with_white_beyond() -> None:
    page = np.zeros(PAGE, np.uint8)
    strip = unroll(page, systems_at((835 / 2, 20, 835, 60)))
    assert strip.image.shape == (160, 835)
    assert (strip.image[:55] == 255).all(), "what is seen of it, 0 to 50, is in the middle"
    assert (strip.image[55:] == 0).all()
    assert strip.y_px == 20
    assert strip.to_page([0, 834]).x_px.tolist() == [0, 834]


@pytest.mark.parametrize(
    ("box", "match"),
    [
        ((400, 300, 0, 50), "system 0 is a box of 0 x 50"),
        ((400, 300, 50, -1), "system 0 is a box"),
        ((400, 300, np.nan, 50), "system 0 is a box"),
        ((400, 2000, 100, 100), "nothing of it can be seen"),
        ((-400, 300, 100, 100), "nothing of it can be seen"),
    ],
)
def test_boxes_that_are_none(box: tuple[float, float, float, float], match: str) -> None:
    with pytest.raises(DataError, match=match):
        unroll(white(), systems_at(box))


def test_what_cannot_be_unrolled() -> None:
    with pytest.raises(DataError, match="no system"):
        unroll(white(), systems_at())
    with pytest.raises(DataError, match="shape"):
        unroll(np.zeros((0, 10), np.uint8), systems_at((5, 5, 5, 5)))
    with pytest.raises(DataError, match="shape"):
        unroll(np.zeros((10, 10, 3), np.uint8), systems_at((5, 5, 5, 5)))
    with pytest.raises(DataError, match="narrow"):
        unroll(white((20000, 10)), systems_at((5, 10000, 10, 20000)))
