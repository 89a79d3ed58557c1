import numpy as np
import pytest
from PIL import Image

from baselines.omr.recogniser.grouping import group
from baselines.omr.recogniser.picture import prepare
from baselines.omr.recogniser.staves import find_interline, find_staves, slabs

MIDDLES = [150, 220, 400, 470]


def joined(image, interline=7):
    """Lines down the left side of each pair of staves."""
    for top, bottom in ((150, 220), (400, 470)):
        image[top - 2 * interline : bottom + 2 * interline + 1, 60:62] = 0
    return image


def ink_of(image):
    return (1 - image / 255).astype(np.float32)


def test_staves_are_found_where_they_are(page):
    ink = ink_of(page(700, 800, MIDDLES, 7))
    rows = slabs(ink)
    interline = find_interline(rows)
    staves = find_staves(ink, rows, interline)
    assert interline == pytest.approx(7, abs=0.05)
    assert [s.middle for s in staves] == pytest.approx([m + 0.5 for m in MIDDLES], abs=0.3)
    assert all(abs(s.left - 60) <= 1 and abs(s.right - 740) <= 1 for s in staves)


def test_only_staves_that_begin_with_one_line_are_a_system(page):
    image = page(700, 800, MIDDLES, 7)
    for drawn, sizes in ((image.copy(), [1, 1, 1, 1]), (joined(image), [2, 2])):
        ink = ink_of(drawn)
        assert [len(s) for s in group(ink, find_staves(ink, slabs(ink), 7.0))] == sizes


def test_beams_beside_a_staff_are_not_its_lines(page):
    image = page(700, 800, [150], 7)
    for x in range(80, 700, 60):  # as high above the first line as a line would be, over more than half of the way
        image[150 - 3 * 7 - 1 : 150 - 3 * 7 + 2, x : x + 40] = 0
    ink = ink_of(image)
    assert find_staves(ink, slabs(ink), 7.0)[0].middle == pytest.approx(150.5, abs=0.3)


def test_beams_closer_than_staff_lines_do_not_decide(page):
    image = page(700, 800, MIDDLES, 7, darkness=130)
    for beam in range(5):  # of 128ths, in the right half of a line
        image[300 + 5 * beam : 303 + 5 * beam, 400:740] = 0
    assert find_interline(slabs(ink_of(image))) == pytest.approx(7, abs=0.05)


def test_a_short_last_system_counts(page):
    image = np.minimum(page(900, 800, MIDDLES, 7), page(900, 800, [700], 7, right=280))
    ink = ink_of(image)
    assert len(find_staves(ink, slabs(ink), 7.0)) == 5


@pytest.mark.parametrize("degrees", [-2.0, 0.7, 2.0])
def test_a_turned_page_is_set_straight_and_leads_back(page, degrees):
    image = joined(page(700, 800, MIDDLES, 7))
    image[300:303, 400:403] = 0
    turned = Image.fromarray(image).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    prepared = prepare(np.asarray(turned, np.uint8))
    assert [len(s) for s in prepared.systems] == [2, 2]
    x, y = np.array([401.5, 301.5]) - (400, 350)
    turn = np.radians(degrees)
    there = (400 + x * np.cos(turn) + y * np.sin(turn), 350 - x * np.sin(turn) + y * np.cos(turn))
    way = np.linalg.inv(np.vstack([prepared.back, [0, 0, 1]])) @ (*there, 1)
    around = prepared.ink[int(way[1]) - 3 : int(way[1]) + 4, int(way[0]) - 3 : int(way[0]) + 4]
    assert around.max() > 0.8


@pytest.mark.parametrize("factor", [1, 3])
def test_a_larger_picture_has_the_same_staves(page, factor):
    image = joined(page(700, 800, MIDDLES, 7))
    prepared = prepare(image.repeat(factor, 0).repeat(factor, 1))
    found = [prepared.to_page(s.left, s.middle) for system in prepared.systems for s in system]
    assert np.array(found) / factor == pytest.approx(np.array([[60, m + 0.5] for m in MIDDLES]), abs=0.7)
