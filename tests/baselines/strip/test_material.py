"""What is trained on is what the evaluation asks for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.strip.material import StripPage, position_at, strip_pages
from baselines.strip.sound import Listener, windows_of
from scorebench.dataset import Dataset
from scorebench.errors import DataError, UsageError
from scorebench.protocol.pages import plan_pages
from scorebench.store import StoreDataset


@pytest.fixture(scope="module")
def pages(small_mini: StoreDataset) -> list[StripPage]:
    return strip_pages(small_mini, "full")


def test_one_page_for_each_that_is_evaluated(small_mini: StoreDataset, pages: list[StripPage]) -> None:
    recordings = [small_mini.load("full", name) for name in small_mini.pieces("full")]
    plans = [plan for recording in recordings for plan in plan_pages(recording, len(recording.read_audio()))]
    assert [page.name for page in pages] == [f"{plan.page.piece} page {plan.page.index}" for plan in plans]


def test_the_strip_leads_to_each_onset_of_the_page(pages: list[StripPage]) -> None:
    for page in pages:
        there = page.strip.to_page(page.onset_x)
        known = page.plan.onsets.iloc[: len(page.onset_x)]
        np.testing.assert_allclose(there.x_px, known["x_px"], atol=1e-6)
        np.testing.assert_allclose(there.y_px, known["y_px"], atol=1e-9)
        np.testing.assert_array_equal(page.at_frame[page.onset_frame[-1]], page.onset_x[-1])


def test_notes_are_black_where_the_strip_says_so(pages: list[StripPage]) -> None:
    """Half of the onsets have a notehead or stem within 4 px of their x, over the whole height: far above chance."""
    for page in pages:
        columns = page.onset_x.astype(int)[:, None] + np.arange(-1, 2)
        ink = (page.strip.image[:, np.clip(columns, 0, page.strip.image.shape[1] - 1)] < 128).sum(axis=(0, 2))
        by_chance = (page.strip.image < 128).sum() / page.strip.image.shape[1] * 3
        assert np.median(ink) > 1.3 * by_chance


def test_what_is_heard_is_what_a_tracker_hears(small_mini: StoreDataset, pages: list[StripPage]) -> None:
    page = pages[0]
    audio = page.plan.sound(small_mini.load("full", page.plan.page.piece).read_audio())
    windows = Listener().hear(audio)
    assert page.frames == len(windows) == len(page.at_frame)
    np.testing.assert_allclose(windows_of(page.spectrum), windows, atol=3e-4)


def test_it_is_small(pages: list[StripPage]) -> None:
    assert pages[0].bands.nbytes == 156 * pages[0].frames
    assert pages[0].strip.image.dtype == np.uint8


ONSETS = np.array([10, 20, 20, 40, 50])
PLACES = np.array([100.0, 200.0, 220.0, 120.0, 140.0])


@pytest.mark.parametrize(
    ("moment", "place"),
    [
        (0, 100),  # before the first
        (10, 100),
        (15, 160),  # evenly to the last of those in frame 20
        (20, 220),
        (39.9, 220),  # held until it jumps back
        (40, 120),
        (45.5, 131),
        (50, 140),
        (5000, 140),
    ],
)
def test_where_the_music_is(moment: float, place: float) -> None:
    assert position_at(np.array([moment]), ONSETS, PLACES) == pytest.approx(place)


@given(st.lists(st.tuples(st.integers(0, 99), st.floats(0, 5000)), min_size=1, max_size=20))
def test_the_music_is_between_its_onsets(onsets: list[tuple[int, float]]) -> None:
    frame, x = (np.array(column) for column in zip(*sorted(onsets), strict=True))
    at = position_at(np.arange(120.0), frame, x)
    assert (at >= x.min()).all()
    assert (at <= x.max()).all()
    newest = [x[frame == f][-1] for f in np.unique(frame)]
    np.testing.assert_array_equal(at[np.unique(frame)], newest)


@pytest.mark.parametrize("rate", [0.5, 0.77, 1.0, 1.3, 2.0])
def test_at_another_tempo_the_same_is_heard_at_other_times(pages: list[StripPage], rate: float) -> None:
    page = pages[0]
    playing = page.played(np.arange(np.ceil(page.frames / rate)) * rate)
    assert len(playing.spectrum) == len(playing.at_frame) == int(np.ceil(page.frames / rate))
    whole = np.flatnonzero(np.isclose(np.arange(len(playing.at_frame)) * rate % 1, 0))
    there = np.round(whole * rate).astype(int)
    np.testing.assert_allclose(playing.at_frame[whole], page.at_frame[there], atol=1e-6)
    np.testing.assert_allclose(playing.spectrum[whole], page.spectrum[there], atol=1e-3)
    moments = playing.onset_frame * rate
    nearest = np.abs(moments[:, None] - page.onset_frame).min(axis=1)
    assert (nearest < rate).all(), "an onset falls into the first frame that is not before it"
    assert (np.diff(playing.at_frame) >= 0).all(), "this piece is played straight through"


def test_louder_is_more_of_the_same(pages: list[StripPage]) -> None:
    page = pages[0]
    gain = np.linspace(0.5, 2.0, page.frames)
    as_magnitudes = 10.0 ** page.played(gain=gain).spectrum - 1
    np.testing.assert_allclose(as_magnitudes, (10.0**page.spectrum - 1) * gain[:, None], rtol=1e-4, atol=1e-4)


def test_pieces_can_be_chosen(small_mini: Dataset) -> None:
    name = small_mini.pieces("full")[1]
    assert {page.plan.page.piece for page in strip_pages(small_mini, "full", only=[name])} == {name}
    with pytest.raises(DataError, match="no page of full"):
        strip_pages(small_mini, "full", only=["nobody"])
    with pytest.raises(UsageError):
        strip_pages(small_mini, "nothing")
