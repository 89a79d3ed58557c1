"""The built-in trackers' scores, proved by hand."""

import numpy as np
import pandas as pd
import pytest

from scorebench.authors_layout import AuthorsDataset
from scorebench.protocol.pages import plan_pages, view_of
from scorebench.protocol.scoring import score_page
from scorebench.registry import load
from scorebench.samplepage import LEAD_IN_S, NOTE_S, sample_recording
from scorebench.score import ONSET_COLUMNS, SYSTEM_COLUMNS, Page, Recording, ScoreView, as_table
from scorebench.timebase import HOP_SAMPLES, SAMPLE_RATE, frame_count, onset_frame, samples_heard
from scorebench.tracker import follow
from tests.scorebench.helpers import PIECES, TINY
from tests.scorebench.protocol.test_strict import recording_of


def strict_errors(name: str, recording: Recording) -> np.ndarray:
    audio = recording.read_audio()
    plan = plan_pages(recording, len(audio))[0]
    tracker = load(name)
    said = follow(tracker, view_of(recording, plan, tracker.given), plan.sound(audio), plan.frames, 0)
    answers = pd.DataFrame({"frame": plan.frames, "x_px": said.x_px, "y_px": said.y_px})
    rows = score_page(plan, answers, frame_count(len(audio)))
    return rows.loc[rows["protocol"] == "strict", "error_s"].to_numpy()


def test_the_oracle_is_never_wrong() -> None:
    assert not strict_errors("oracle", sample_recording()).any()


@pytest.mark.parametrize("piece", PIECES)
def test_the_oracle_is_never_wrong_on_pages_in_the_authors_layout(piece: str) -> None:
    dataset = AuthorsDataset(TINY)
    recording = dataset.load("full", piece)
    audio, tracker = recording.read_audio(), load("oracle")
    for plan in plan_pages(recording, len(audio)):
        local = plan.frames - plan.start_frame
        said = follow(tracker, view_of(recording, plan, tracker.given), plan.sound(audio), local, 0)
        answers = pd.DataFrame({"frame": plan.frames, "x_px": said.x_px, "y_px": said.y_px})
        rows = score_page(plan, answers, frame_count(len(audio)))
        assert (rows.loc[rows["protocol"] == "strict", "error_s"].abs() <= 0.05).all()


def test_the_protocol_asks_some_onsets_on_a_border_a_frame_early() -> None:
    assert onset_frame(161 * HOP_SAMPLES / SAMPLE_RATE) == 160


@pytest.mark.parametrize("start_frame", [0, 13, 4711])
def test_the_oracle_is_in_time_for_onsets_on_the_border_of_two_frames(start_frame: int) -> None:
    """Rounding decides on which side of the border the protocol asks: none may be missed."""
    at_s = (start_frame + np.arange(0, 3000, 7)) * HOP_SAMPLES / SAMPLE_RATE
    asked = onset_frame(at_s) - start_frame
    place = np.arange(len(at_s))
    truth = pd.DataFrame(
        {
            "onset_s": at_s - start_frame * HOP_SAMPLES / SAMPLE_RATE,
            "page": 0,
            "system": 0,
            "position": place,
            "x_px": place,
            "y_px": 5.0,
        }
    )
    view = ScoreView((np.zeros((10, 700), np.uint8),), {"truth": as_table(truth, ONSET_COLUMNS, "test")})
    audio = np.zeros(samples_heard(3000), np.float32)
    np.testing.assert_array_equal(follow(load("oracle"), view, audio, np.maximum(asked, 0), 0).x_px, place)
    half_way = follow(load("oracle"), view, audio, asked[1:] + 2, 0)
    np.testing.assert_array_equal(half_way.x_px, place[1:])


def test_the_oracle_knows_an_onset_in_a_frame_that_the_sound_does_not_complete() -> None:
    recording = recording_of([0, 0], [100.0, 200.0], [0.5, 2.0])
    cut = Recording("cut", "full", recording.pages, recording.notes, lambda: np.zeros(int(2.08 * SAMPLE_RATE), "f4"))
    assert not strict_errors("oracle", cut).any()


def test_still_is_wrong_by_the_time_since_the_first_onset() -> None:
    recording = sample_recording()
    onset_s = recording.onsets()["onset_s"].to_numpy()
    np.testing.assert_allclose(strict_errors("still", recording), onset_s[0] - onset_s, atol=1e-12)


def test_steady_is_right_where_the_music_is_steady() -> None:
    """Three systems of 12 notes, equally spaced in time and along the systems, each in the middle of its slot."""
    slot_px, slot_s, slots = 50.0, 0.5, 12
    xs = [50.0 + slot_px * (i + 0.5) for i in range(slots)] * 3
    times = [slot_s * (i + 0.5) for i in range(3 * slots)]
    recording = recording_of([0] * slots + [1] * slots + [2] * slots, xs, times)
    boxes = recording.pages[0].systems.assign(x_px=50.0 + slot_px * slots / 2, w_px=slot_px * slots)
    page = Page("steady", 0, recording.pages[0].image, as_table(boxes, SYSTEM_COLUMNS, "test"))
    samples = round(3 * slots * slot_s * SAMPLE_RATE)
    steady = Recording("steady", "full", (page,), recording.notes, lambda: np.zeros(samples, np.float32))
    assert not strict_errors("steady", steady).any()


def test_steady_is_one_note_behind_where_the_notes_stand_half_a_note_to_the_right() -> None:
    """On the sample page without its lead-in, half a note is between where Steady is and where the notes are."""
    recording = sample_recording()
    early = recording.notes.assign(onset_s=recording.notes["onset_s"] - LEAD_IN_S)
    shifted = Recording("early", "full", recording.pages, early, recording.read_audio)
    errors = strict_errors("steady", shifted)
    assert errors[0] == 0
    # It is asked within the frame in which a note begins, so up to 50 ms early: still nearer to the note before.
    np.testing.assert_allclose(errors[1:], -NOTE_S)


def test_steady_is_right_on_the_sample_page() -> None:
    assert not strict_errors("steady", sample_recording()).any()


def test_steady_arrives_as_the_sound_ends() -> None:
    recording = sample_recording()
    audio = recording.read_audio()
    plan = plan_pages(recording, len(audio))[0]
    tracker = load("steady")
    last = tracker.open(view_of(recording, plan, tracker.given), 0).hear(np.zeros(2 * len(audio), np.float32))
    system = plan.page.systems.iloc[-1]
    assert (last.x_px, last.y_px) == (system["x_px"] + system["w_px"] / 2, system["y_px"])
