"""What the network sees of a page, and where on the page a mask is."""

from pathlib import Path

import numpy as np
import pytest

from baselines.cunet.picture import HEIGHT, Marked, box_on_page, marked, see, seen_shape
from scorebench.errors import DataError
from scorebench.safe_npz import read_npz


def test_a_page_of_msmd_is_seen_at_a_third_of_its_size() -> None:
    assert seen_shape(1181, 835) == (393, 278)


@pytest.mark.parametrize("shape", [(1181, 835), (2362, 1670), (590, 417), (786, 1180), (200, 150)])
def test_any_page_is_seen_393_high_and_in_its_proportions(shape: tuple[int, int]) -> None:
    rows, columns = see(np.full(shape, 255, np.uint8)).shape
    assert rows == HEIGHT
    assert columns == pytest.approx(393 * shape[1] / shape[0], abs=0.51)


@pytest.mark.parametrize("shape", [(0, 0), (1181, 0), (1181, 40), (400, 1700), (0, 835)])
def test_what_is_no_page(shape: tuple[int, int]) -> None:
    with pytest.raises(DataError, match=f"a page of {shape[0]} x {shape[1]} px"):
        see(np.zeros(shape, np.uint8))


def test_white_is_nothing_and_black_is_ink() -> None:
    assert (see(np.full((700, 500), 255, np.uint8)) == 0).all()
    assert see(np.zeros((700, 500), np.uint8)) == pytest.approx(1, abs=1e-6)


def test_each_pixel_is_the_mean_over_its_area() -> None:
    """2 rows of paper, 1 of ink, scaled by 786/393 = 2: every pixel of a whole factor can be worked out by hand."""
    page = np.full((786, 500), 255, np.uint8)
    page[100] = 0
    page[:, 200:203] = 51
    seen = see(page)
    assert seen.shape == (393, 250)
    assert seen[50, 10] == pytest.approx(0.5)  # rows 100 (ink) and 101
    assert seen[51, 10] == 0
    assert seen[60, 100] == pytest.approx(0.8)  # columns 200 and 201
    assert seen[60, 101] == pytest.approx(0.4)  # columns 202 and 203


def test_a_fractional_factor_shares_a_row_between_two_pixels() -> None:
    """1181/393 = 3.0051: pixel 1 reaches from 3.0051 to 6.0102, over 0.9949 of row 3, rows 4, 5 and 0.0102 of row 6."""
    factor = 1181 / 393
    page = np.full((1181, 835), 255, np.uint8)
    page[3] = 0
    seen = see(page)
    assert seen[0, 0] == pytest.approx((factor - 3) / factor, abs=1e-6)
    assert seen[1, 0] == pytest.approx((4 - factor) / factor, abs=1e-6)
    assert seen.sum(axis=0) == pytest.approx(1 / factor, abs=1e-5)


def test_equals_what_the_authors_network_saw(shared: Path) -> None:
    expected = np.load(shared / "reference/cunet/expected_lesgraces_CB_TA_masks.npz")["score"]
    page = read_npz(shared / "msmd/Anonymous__lesgraces__lesgraces_synth.npz")["sheets"][0]
    assert np.abs(see(page) - expected).max() < 1e-6


def test_where_nothing_is_marked_the_likeliest_pixel_is() -> None:
    mask = np.full((393, 278), 0.25, np.float32)
    mask[17, 230] = 0.4999
    assert marked(mask) == Marked(row=17, column=230, pixels=1, probability=mask[17, 230])


def test_the_centre_of_mass_of_what_is_marked() -> None:
    mask = np.zeros((393, 278), np.float32)
    mask[10:14, 100:110] = 0.5
    mask[12:14, 100:110] = 1.0
    mask[300, 200] = 0.49
    assert marked(mask) == Marked(row=11.5, column=104.5, pixels=40, probability=0.75)


def test_a_mark_becomes_a_box_in_page_pixels() -> None:
    """A box of 10 x 33 pixels whose first is (60, 100) covers columns 100 to 110 and rows 60 to 93."""
    box = box_on_page(Marked(76.0, 104.5, 330, 1.0), (1181, 835))
    assert box.x_px == pytest.approx(105 * 835 / 278)
    assert box.y_px == pytest.approx(76.5 * 1181 / 393)
    assert box.w_px == pytest.approx(10 * 835 / 278)
    assert box.h_px == pytest.approx(33 * 1181 / 393)


def test_a_box_is_never_higher_than_the_page() -> None:
    assert box_on_page(Marked(196, 138.5, 393 * 278, 1.0), (1181, 835)).h_px == pytest.approx(1181)
