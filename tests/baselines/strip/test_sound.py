"""What is heard piece by piece is what is heard at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.strip.sound import CONTEXT_FRAMES, FRAMES_PER_SECOND, SNIPPET, Listener, frames_heard, windows_of
from scorebench.spectrogram import SpectrogramStream, cunet_recipe, spectrogram

SOUND = np.random.default_rng(0).normal(0, 0.1, 70_000).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9000), max_size=20))
def test_how_the_sound_is_cut_changes_nothing(cuts: list[int]) -> None:
    listener, at, windows = Listener(), 0, []
    for size in cuts:
        windows.append(listener.hear(SOUND[at : at + size]))
        at = min(at + size, len(SOUND))
        assert listener.frames == frames_heard(np.array([at]))[0]
    windows.append(listener.hear(SOUND[at:]))
    whole = windows_of(SpectrogramStream(cunet_recipe()).push(SOUND))
    np.testing.assert_array_equal(np.concatenate(windows), whole)
    np.testing.assert_array_equal(listener.newest, whole[-1])


def test_a_window_ends_with_its_frame_and_begins_in_silence() -> None:
    spectrum = spectrogram(SOUND, cunet_recipe())
    windows = windows_of(spectrum)
    assert windows.shape == (len(spectrum), *SNIPPET)
    np.testing.assert_array_equal(windows[5][:, -6:], spectrum[:6].T)
    assert (windows[5][:, :-6] == 0).all()
    np.testing.assert_array_equal(windows[50], spectrum[50 - CONTEXT_FRAMES + 1 : 51].T)


def test_nothing_heard_is_silence() -> None:
    listener = Listener()
    assert listener.hear(np.zeros(0, np.float32)).shape == (0, *SNIPPET)
    assert listener.newest.shape == SNIPPET
    assert not listener.newest.any()


def test_frames_are_complete_when_the_stream_gives_them() -> None:
    stream, given_so_far = SpectrogramStream(cunet_recipe()), []
    for sample in range(0, 6000, 1):
        stream.push(SOUND[sample : sample + 1])
        given_so_far.append(stream.frames)
    np.testing.assert_array_equal(frames_heard(np.arange(1, 6001)), given_so_far)


def test_twenty_frames_a_second() -> None:
    assert pytest.approx(20) == FRAMES_PER_SECOND
    assert frames_heard(np.array([22050 * 60 + 1024]))[0] == 60 * 20 + 1
