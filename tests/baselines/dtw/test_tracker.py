"""score-dtw on generated pages: follows, survives, and answers the same however it is asked."""

import functools

import numpy as np
import pandas as pd
import pytest

from baselines.dtw.tracker import ScoreDtw
from scorebench.errors import ScorebenchError
from scorebench.score import PRINTED_COLUMNS, ScoreView, as_table
from scorebench.synth import render
from scorebench.timebase import SAMPLE_RATE, onset_frame
from scorebench.tracker import FastFollower, Tracker, follow, stream

NOTES_A_SYSTEM = 12
PAGE = np.full((1181, 835), 255, np.uint8)
Notes = pd.DataFrame


@functools.cache
def printed(count: int = 40, pages: int = 1) -> Notes:
    """A melody in eighth notes over a bass, four per system, spread over ``pages``."""
    rng = np.random.default_rng(11)
    position = np.arange(count)
    melody = pd.DataFrame({"position": position, "pitch": 67 + np.cumsum(rng.integers(-3, 4, count)) % 13})
    bass = pd.DataFrame({"position": position[::4], "pitch": 40 + rng.integers(0, 12, len(position[::4]))})
    notes = pd.concat([melody, bass], ignore_index=True).sort_values("position", kind="stable", ignore_index=True)
    line = notes["position"] // NOTES_A_SYSTEM
    lines_a_page = int(np.ceil((line.max() + 1) / pages))
    return as_table(
        notes.assign(
            note_id=[f"n{i}" for i in range(len(notes))],
            page=line // lines_a_page,
            system=line,
            x_px=80.0 + 60 * (notes["position"] % NOTES_A_SYSTEM),
            y_px=150.0 + 200 * (line % lines_a_page) + np.where(notes["pitch"] > 60, 0, 60),
            score_onset_s=3.0 + 0.25 * notes["position"],
            score_duration_s=np.where(notes["pitch"] > 60, 0.25, 1.0),
        ),
        PRINTED_COLUMNS,
        "test",
    )


def view(notes: Notes, pages: int = 1) -> ScoreView:
    return ScoreView((PAGE,) * pages, {"notes": notes})


def played(notes: Notes, rate: float = 1.0, wait_s: float = 0.2, sound: str = "piano") -> np.ndarray:
    """The notes at ``rate`` times their tempo, which swings by a fifth."""
    score_s = np.linspace(0, 60, 6000)
    swing = 1 + 0.2 * np.sin(2 * np.pi * score_s / 7)
    at = wait_s + np.concatenate([[0], np.cumsum(swing[:-1] * np.diff(score_s))]) / rate
    onset = notes["score_onset_s"] - notes["score_onset_s"].min()
    times = {"onset_s": np.interp(onset, score_s, at), "duration_s": notes["score_duration_s"] / rate}
    return render(notes.assign(velocity=70, **times), sound)


def onsets_s(notes: Notes, rate: float = 1.0, wait_s: float = 0.2) -> np.ndarray:
    """(positions,) when ``played`` plays them."""
    score_s = np.linspace(0, 60, 6000)
    swing = 1 + 0.2 * np.sin(2 * np.pi * score_s / 7)
    at = wait_s + np.concatenate([[0], np.cumsum(swing[:-1] * np.diff(score_s))]) / rate
    first = notes.groupby("position")["score_onset_s"].min().to_numpy()
    return np.interp(first - first[0], score_s, at)


def position_index(answers: object, notes: Notes) -> np.ndarray:
    """Which score position each answer points at."""
    where = notes.groupby("position")[["page", "x_px", "system"]].first()
    middle = notes.groupby("system")["y_px"].agg(lambda y: (y.min() + y.max()) / 2)
    spots = np.column_stack([where["page"] * 1e4, where["x_px"], where["system"].map(middle)])
    asked = np.column_stack([answers.page * 1e4, answers.x_px, answers.y_px])
    distance = np.abs(asked[:, None] - spots[None]).sum(axis=2)
    assert distance.min(axis=1).max() < 1e-9  # an answer is always a notehead's x and its system's middle
    return distance.argmin(axis=1)


@pytest.mark.parametrize(
    ("rate", "wait_s", "sound"),
    [(1.0, 0.2, "piano"), (0.6, 0.2, "piano"), (1.5, 0.2, "piano"), (1.1, 4.0, "other-piano"), (0.9, 0.0, "piano")],
)
def test_follows_a_performance_of_another_tempo(rate: float, wait_s: float, sound: str) -> None:
    notes, onsets = printed(), onsets_s(printed(), rate, wait_s)
    answers = follow(ScoreDtw(), view(notes), played(notes, rate, wait_s, sound), onset_frame(onsets), 0)
    error_s = np.abs(onsets[position_index(answers, notes)] - onsets)
    assert np.median(error_s) <= 0.1
    assert (error_s <= 0.5).mean() > 0.9


def test_deadpan_is_followed_exactly_over_two_pages() -> None:
    notes = printed(60, pages=2)
    first = notes.groupby("position")["score_onset_s"].min().to_numpy() - 3.0 + 0.1
    audio = render(
        notes.assign(onset_s=notes["score_onset_s"] - 2.9, duration_s=notes["score_duration_s"], velocity=64)
    )
    answers = follow(ScoreDtw(), view(notes, 2), audio, onset_frame(first), 0)
    np.testing.assert_array_equal(position_index(answers, notes), np.arange(60))
    assert answers.page[0] == 0
    assert answers.page[-1] == 1
    assert answers.confidence[10:].min() > 0.8


def test_fast_path_equals_streaming_in_any_chunks() -> None:
    notes = printed()
    audio, tracker = played(notes), ScoreDtw()
    frames = np.arange(0, len(audio) // 1102 + 3, dtype=np.int64)
    fast = tracker.open(view(notes), 0).follow(audio, frames).to_table()
    pd.testing.assert_frame_equal(
        fast, stream(tracker.open(view(notes), 1), audio, frames).to_table(), check_exact=True
    )
    follower, heard = tracker.open(view(notes), 0), 0
    for size in np.random.default_rng(0).integers(0, 4000, 60):
        position = follower.hear(audio[heard : heard + size])
        heard = min(heard + int(size), len(audio))
        assert position.heard_s == heard / SAMPLE_RATE
    again = tracker.open(view(notes), 0)
    assert again.hear(audio[:heard]) == position


def test_the_future_does_not_matter() -> None:
    notes, frames = printed(), np.arange(80)
    audio = played(notes)
    other = audio.copy()
    other[2048 + 1102 * 79 :] = np.random.default_rng(0).normal(0, 0.1, len(audio) - 2048 - 1102 * 79)
    one, two = (ScoreDtw().open(view(notes), 0).follow(sound, frames).to_table() for sound in (audio, other))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_before_anything_is_heard_it_stands_at_the_first_position() -> None:
    follower = ScoreDtw().open(view(printed()), 0)
    position = follower.hear(np.zeros(0, np.float32))
    assert (position.x_px, position.page, position.heard_s, position.confidence) == (80.0, 0, 0.0, 0.0)


@pytest.mark.parametrize("kind", ["silence", "noise", "not numbers", "short", "loud"])
def test_survives(kind: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)
    audio = {
        "silence": np.zeros(3 * SAMPLE_RATE, np.float32),
        "noise": noise,
        "not numbers": np.where(noise > 0.1, np.nan, noise).astype(np.float32),
        "short": noise[: SAMPLE_RATE // 20],
        "loud": noise * np.float32(1e38),
    }[kind]
    answers = follow(ScoreDtw(), view(printed()), audio, np.arange(40), 0)
    if kind == "silence":
        assert set(answers.x_px) == {80.0}


def test_one_note_without_a_known_height() -> None:
    note = printed(1).head(1).assign(y_px=np.nan)
    answers = follow(ScoreDtw(), view(note), played(note), np.arange(10), 0)
    assert set(answers.x_px) == {80.0}
    assert set(answers.y_px) == {1181 / 2}


def test_notes_without_time_are_left_out_and_a_page_without_notes_is_refused() -> None:
    notes = printed()
    untimed = notes.assign(score_onset_s=notes["score_onset_s"].where(notes["position"] != 5))
    answers = follow(ScoreDtw(), view(untimed), played(notes), np.arange(100), 0)
    assert 80.0 + 60 * 5 not in answers.x_px[answers.y_px < 300]
    for empty in (notes.head(0), notes.assign(score_onset_s=np.nan)):
        with pytest.raises(ScorebenchError, match="score-dtw needs notes"):
            ScoreDtw().open(view(empty), 0)


def test_is_a_tracker_with_a_fast_path() -> None:
    assert isinstance(ScoreDtw(), Tracker)
    assert ScoreDtw.given == {"notes"}
    assert isinstance(ScoreDtw().open(view(printed()), 0), FastFollower)
