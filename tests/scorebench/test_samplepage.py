"""The page made in code is what it says."""

import numpy as np
import pandas as pd

from scorebench.protocol.pages import plan_pages
from scorebench.samplepage import DURATION_S, LEAD_IN_S, NOTE_S, sample_recording
from scorebench.timebase import SAMPLE_RATE


def test_it_is_the_same_at_every_call() -> None:
    one, other = sample_recording(), sample_recording()
    np.testing.assert_array_equal(one.pages[0].image, other.pages[0].image)
    pd.testing.assert_frame_equal(one.notes, other.notes)
    np.testing.assert_array_equal(one.read_audio(), other.read_audio())


def test_its_notes_are_equally_spaced_in_time_and_on_the_systems() -> None:
    onsets = sample_recording().onsets()
    np.testing.assert_allclose(onsets["onset_s"], LEAD_IN_S + NOTE_S * np.arange(24))
    spaces = np.diff(onsets["x_px"].to_numpy().reshape(3, 8))
    np.testing.assert_allclose(spaces, spaces[0, 0])
    assert len(plan_pages(sample_recording(), round(DURATION_S * SAMPLE_RATE))[0].frames) == 24


def test_it_is_inked_where_its_notes_are_and_sounds_when_they_begin() -> None:
    recording = sample_recording()
    image, audio, notes = recording.pages[0].image, recording.read_audio(), recording.notes
    assert not image[notes["y_px"].astype(int), notes["x_px"].astype(int)].any()
    assert len(audio) == round(DURATION_S * SAMPLE_RATE)
    assert not audio[: int(LEAD_IN_S * SAMPLE_RATE)].any()
    for onset_s in notes["onset_s"]:
        begin = round(onset_s * SAMPLE_RATE)
        assert np.abs(audio[begin + 100 : begin + 400]).max() > 2 * np.abs(audio[max(begin - 300, 0) : begin]).max()


def test_everything_printed_is_on_the_page_and_on_its_system() -> None:
    recording = sample_recording()
    page = recording.pages[0]
    notes = recording.notes.merge(page.systems, on="system", suffixes=("", "_system"))
    assert ((notes["x_px"] - notes["x_px_system"]).abs() <= notes["w_px"] / 2).all()
    assert ((notes["y_px"] - notes["y_px_system"]).abs() <= notes["h_px"] / 2 + 10).all()
    assert page.bars is not None
    np.testing.assert_allclose(page.bars.groupby("system")["w_px"].sum(), page.systems["w_px"])
