"""The simulated performance keeps the order of the score, is the same for the same seed, and is expressive."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorebench.build.expression import PIANIST
from scorebench.build.perform import perform
from scorebench.build.seeds import generator
from scorebench.build.tempo import arch, drift, phrase_bounds, ritardando, time_map
from scorebench.errors import DataError
from scorebench.score import NOTE_COLUMNS, as_table

EXACT = replace(PIANIST, missed=0.0, wrong_instead=0.0, wrong_beside=0.0)


def score(chords, gap_s=0.5, begin_s=0.25):
    """Chords (lists of pitches), one each ``gap_s`` or at the times given."""
    times = np.arange(len(chords)) * gap_s if np.isscalar(gap_s) else np.asarray(gap_s, float)
    rows = [(i, t, p) for i, (t, chord) in enumerate(zip(times, chords, strict=True)) for p in chord]
    table = pd.DataFrame(rows, columns=["position", "score_onset_s", "pitch"])
    lengths = {"score_duration_s": 0.5, "duration_s": 0.5, "onset_s": table["score_onset_s"] + begin_s}
    place = {"page": 0, "system": 0, "x_px": 0.0, "y_px": 0.0, "velocity": 64}
    names = [f"n{i}" for i in range(len(table))]
    return as_table(table.assign(note_id=names, **place, **lengths), NOTE_COLUMNS, "test")


def firsts(performance):
    return performance.notes.groupby("position")["onset_s"].min().to_numpy()


chords = st.lists(st.sets(st.integers(21, 108), min_size=1, max_size=6).map(sorted), min_size=1, max_size=60)
LONG = score([[45, 57, 64, 72]] * 400)


@settings(max_examples=60, deadline=None)
@given(chords, st.integers(0, 10**6), st.data())
def test_score_positions_stay_in_order_and_apart(piece, seed, data):
    steps = data.draw(st.lists(st.sampled_from([0.0, 0.01, 0.1, 0.5, 4.0]), min_size=len(piece), max_size=len(piece)))
    notes = score(piece, np.cumsum(steps))
    performance = perform(notes, seed, "p", replace(PIANIST, missed=0.2, wrong_instead=0.1))
    first = firsts(performance)
    assert (np.diff(first[~np.isnan(first)]) >= PIANIST.closest_s - 1.1e-6).all()  # times are whole microseconds
    assert not np.isnan(first[[0, -1]]).any()
    many = notes.groupby("position").size().to_numpy() > 1
    assert not np.isnan(first[many]).any()  # never a whole chord
    printed = ["note_id", "position", "pitch", "score_onset_s", "page"]
    pd.testing.assert_frame_equal(performance.notes[printed], notes[printed])
    played = performance.notes.dropna(subset="onset_s")
    assert (played["onset_s"] >= 0).all()
    assert (played["duration_s"] >= PIANIST.shortest_s).all()
    assert performance.notes["velocity"].between(*PIANIST.velocities).all()
    assert performance.extra["pitch"].between(21, 108).all()
    assert len(performance.sounding()) == len(played) + len(performance.extra)


def test_seed_and_piece_decide_everything():
    first = perform(LONG, 7, "waltz")
    again = perform(LONG, 7, "waltz")
    pd.testing.assert_frame_equal(first.notes, again.notes)
    pd.testing.assert_frame_equal(first.extra, again.extra)
    for other in (perform(LONG, 8, "waltz"), perform(LONG, 7, "march")):
        assert abs(firsts(other)[-1] - firsts(first)[-1]) > 0.1


def test_another_process_draws_the_same_numbers():
    code = "from scorebench.build.seeds import generator; print(generator(3, 'a', 'b').integers(2**60))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": salt, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert found == {f"{generator(3, 'a', 'b').integers(2**60)}\n".encode()}


def test_the_last_bits_of_a_cpu_do_not_decide(monkeypatch):
    here = perform(LONG, 5, "x")
    changed = []

    def other_cpu(name):
        exact, chance = getattr(np, name), np.random.default_rng(1)

        def computed(x):
            ours = np.asarray(exact(x))
            theirs = np.nextafter(ours, chance.choice([-np.inf, np.inf], ours.shape))
            changed.append(name)
            return theirs

        return computed

    for name in ("exp", "sin", "log", "log2"):
        monkeypatch.setattr(np, name, other_cpu(name))
    there = perform(LONG, 5, "x")
    assert set(changed) == {"exp", "sin", "log", "log2"}
    pd.testing.assert_frame_equal(here.notes, there.notes, check_exact=True)
    pd.testing.assert_frame_equal(here.extra, there.extra, check_exact=True)


def test_it_begins_where_the_deadpan_begins():
    assert firsts(perform(LONG, 1, "p"))[0] == pytest.approx(0.25, abs=0.03)


def test_mistakes_are_as_many_as_said():
    performances = [perform(LONG, seed, "p") for seed in range(10)]
    silent = np.mean([p.notes["onset_s"].isna().mean() for p in performances])
    wrong = np.mean([len(p.extra) / len(LONG) for p in performances])
    assert silent == pytest.approx(PIANIST.missed + PIANIST.wrong_instead, abs=0.004)
    assert wrong == pytest.approx(PIANIST.wrong_instead + PIANIST.wrong_beside, abs=0.004)


def test_a_melody_alone_rarely_loses_a_position():
    tune = score([[60 + i % 12] for i in range(2000)])
    lost = perform(tune, 1, "p").notes["onset_s"].isna().mean()
    assert 0 < lost < 0.01


def test_a_wrong_note_is_a_neighbour_that_is_not_in_the_chord():
    performance = perform(LONG, 1, "p", replace(PIANIST, missed=0.0, wrong_instead=0.0, wrong_beside=0.3))
    assert performance.notes["onset_s"].notna().all()
    assert len(performance.extra) > 300
    away = [min((abs(p - q), p != q) for q in (45, 57, 64, 72)) for p in performance.extra["pitch"]]
    assert {distance for distance, _ in away} <= {1, 2}


def test_the_melody_leads_and_is_louder():
    notes = perform(LONG, 3, "p", EXACT).notes
    high, low = notes[notes["pitch"] == 72], notes[notes["pitch"] == 45]
    lead = low["onset_s"].to_numpy() - high["onset_s"].to_numpy()
    assert 0.018 < lead.mean() < 0.032
    assert lead.std() == pytest.approx(PIANIST.jitter_s * np.sqrt(2), rel=0.2)
    assert 6 < high["velocity"].mean() - low["velocity"].mean() < 10


def test_the_tempo_varies_within_its_bounds_and_slows_down_at_the_end():
    whole = []
    for seed in range(8):
        curve = time_map(np.arange(0, 121.0, 8), 119.0, PIANIST, np.random.default_rng(seed))
        tempo = np.diff(curve.score_s) / np.diff(curve.performed_s)
        body = tempo[curve.score_s[:-1] < 115]
        whole.append(np.median(body))
        low, high = PIANIST.piece_tempo[0] * PIANIST.local_tempo[0], PIANIST.piece_tempo[1] * PIANIST.local_tempo[1]
        assert low - 1e-6 <= body.min() < 0.85 * np.median(body)
        assert 1.05 * np.median(body) < body.max() <= high + 1e-6
        assert tempo[curve.score_s[:-1] > 119].mean() < 0.8 * np.median(body)
    assert np.ptp(whole) > 0.15


def test_the_performance_follows_the_tempo_map():
    notes = perform(LONG, 5, "p", EXACT)
    curve = time_map(
        phrase_bounds(np.arange(400) * 0.5, 200.0, PIANIST.phrase_s), 199.5, PIANIST, generator(5, "p", "tempo")
    )
    assert np.abs(firsts(notes) - 0.25 - curve(np.arange(400) * 0.5)).max() < 0.025


def test_phrases_end_with_long_notes():
    times = np.cumsum([0, *([0.5] * 7 + [2.0]) * 4])
    bounds = phrase_bounds(times[:-1], float(times[-1]), (3.0, 10.0))
    assert bounds.tolist() == pytest.approx([0, 5.5, 11.0, 16.5, 22.0])


@given(st.lists(st.floats(0, 30), min_size=1, max_size=80), st.floats(0, 20))
def test_phrases_cover_the_piece(steps, rest):
    times = np.cumsum([0, *steps[1:]])
    bounds = phrase_bounds(times, float(times[-1]) + rest, (3.0, 10.0))
    assert bounds[0] == times[0]
    assert bounds[-1] == times[-1] + rest
    assert (np.diff(bounds) > 0).all()
    longest = max([*np.diff(times), rest])
    assert np.diff(bounds).max(initial=0) <= 10 + longest


def test_building_blocks_have_the_shapes_they_say():
    t = np.linspace(0, 100, 20001)
    bounds = np.array([0.0, 40.0, 100.0])
    shape = arch(t, bounds)
    assert (shape.max(), shape.min()) == (pytest.approx(1 / 3), pytest.approx(-2 / 3))
    assert shape.mean() == pytest.approx(0, abs=1e-3)
    spread = [drift(t, (5.0, 20.0), np.random.default_rng(seed)).std() for seed in range(20)]
    assert np.mean(spread) == pytest.approx(1, abs=0.15)
    slow = ritardando(t, 80.0, 10.0, 0.5)
    assert (slow[t < 70] == 1).all()
    assert (slow[t >= 80] == 1).all()
    assert slow[t < 80][-1] == pytest.approx(0.5, abs=0.01)
    assert (np.diff(slow[t < 80]) <= 0).all()


def test_scores_that_cannot_be_performed():
    with pytest.raises(DataError, match="waltz: no notes"):
        perform(LONG[:0], 1, "waltz")
    with pytest.raises(DataError, match="without score time"):
        perform(LONG.assign(score_onset_s=np.nan), 1, "waltz")
    with pytest.raises(DataError, match="back in score time"):
        perform(LONG.assign(score_onset_s=-LONG["score_onset_s"]), 1, "waltz")
    with pytest.raises(DataError, match="velocity"):
        perform(LONG.drop(columns="velocity"), 1, "waltz")
