"""What an agent hears and sees, against excerpts made one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.rl.rounds import Board
from baselines.rl.views import LOUDEST, Sheet, Sound, sound_view
from baselines.strip.excerpt import excerpt, halved
from baselines.strip.material import StripPage
from baselines.strip.sound import windows_of

IMAGE = np.random.default_rng(0).integers(0, 256, (160, 701), dtype=np.uint8)
SHEET = Sheet(IMAGE)
PLACES = st.integers(0, IMAGE.shape[1] - 1)


@given(PLACES, PLACES)
def test_a_view_is_the_halved_excerpt_and_its_change(place: int, before: int) -> None:
    now, change = SHEET.view(place, before)
    expected, expected_before = halved(excerpt(IMAGE, place)), halved(excerpt(IMAGE, before))
    np.testing.assert_allclose(now, expected, atol=0.51 / 255)
    np.testing.assert_allclose(change, expected - expected_before, atol=1.02 / 255)


@given(PLACES)
def test_where_it_stays_nothing_changes(place: int) -> None:
    assert not SHEET.view(place, place)[1].any()


def test_beyond_the_ends_there_is_paper() -> None:
    black = Sheet(np.zeros((160, 600), np.uint8))
    first, last = black.view(0, 0)[0], black.view(599, 599)[0]
    assert not first[:, :128].any()
    assert (first[:, 128:] == 1).all()
    assert not last[:, 129:].any()
    assert (last[:, :128] == 1).all()


def test_what_is_heard_is_the_window_and_its_change(page: StripPage) -> None:
    spectrum = page.spectrum
    sound, windows = Sound(spectrum), windows_of(spectrum)
    assert sound.frames == len(spectrum)
    for frame in (0, 1, 39, 40, 100, len(spectrum) - 1):
        now, change = sound.view(frame)
        before = windows[frame - 1] if frame else np.zeros_like(windows[0])
        assert np.array_equal(now, windows[frame])
        assert np.array_equal(change, windows[frame] - before)


def test_it_is_heard_the_same_frame_by_frame(page: StripPage) -> None:
    spectrum, bands = page.spectrum, np.zeros((41, 78), np.float32)
    sound = Sound(spectrum)
    for frame, row in enumerate(spectrum[:90]):
        bands = np.concatenate([bands[1:], row[None]])
        assert np.array_equal(sound_view(bands), sound.view(frame))


def test_after_the_last_frame_nothing_changes(page: StripPage) -> None:
    """At another tempo the last onset may fall on the frame after the last."""
    sound = Sound(page.spectrum)
    np.testing.assert_array_equal(sound.view(sound.frames), sound.view(sound.frames - 1))


def test_nothing_is_louder_than_the_loudest() -> None:
    from scorebench.spectrogram import cunet_recipe, spectrogram

    for frequency in (0, 100, 1000, 5000):
        tone = np.sign(np.cos(2 * np.pi * frequency * np.arange(22_050) / 22_050)).astype(np.float32)
        assert spectrogram(tone, cunet_recipe()).max() < LOUDEST


def test_a_page_is_seen_in_the_size_of_its_strip(board: Board) -> None:
    assert board.sheet.columns == board.page.strip.image.shape[1]
    assert board.sheet.view(board.sheet.columns - 1, 0).shape == (2, 80, 256)
    with pytest.raises(ValueError, match="broadcast"):
        board.sheet.view(board.sheet.columns + 600, 0)
