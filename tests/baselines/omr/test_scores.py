import numpy as np
import pandas as pd
import pytest

from baselines.omr.scores import COUNTS, PageScore, page_counts, summary
from scorebench.omr import as_reading, empty_reading


def tune():
    """True notes of eight positions, two notes each, a quarter of a second apart."""
    rows = [
        {"position": p, "pitch": 60 + p + 12 * v, "x_px": 50.0 + 20 * p, "y_px": 100.0 + 40 * v, "score_onset_s": p / 4}
        for p in range(8)
        for v in range(2)
    ]
    return pd.DataFrame(rows)


def reading(true, change=lambda notes: notes):
    notes = pd.DataFrame(
        {
            "system": 0,
            "measure": 0,
            "staff": 0,
            "voice": 0,
            "x_px": true["x_px"] + 1,
            "y_px": true["y_px"] - 1,
            "pitch": true["pitch"],
            "onset_quarters": true["score_onset_s"] * 2,
            "duration_quarters": 0.5,
            "tied": False,
            "confidence": 1.0,
        }
    )
    notes = change(notes)
    names = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
    notes["spelling"] = [f"{names[p % 12]}{p // 12 - 1}" for p in notes["pitch"]]
    measures = pd.DataFrame(
        [[0, 0, 0.0, 800.0, 0.0, 8.0, 4, 4, 0, False, False, "G"]],
        columns=[
            *("measure", "system", "left_px", "right_px", "onset_quarters", "duration_quarters"),
            *("beats", "beat_type", "fifths", "repeat_begins", "repeat_ends", "clefs"),
        ],
    )
    systems = pd.DataFrame({"system": [0], "page": 0, "x_px": 400.0, "y_px": 100.0, "w_px": 800.0, "h_px": 80.0})
    return as_reading(notes, measures, systems, 1.0)


def counts(change):
    return page_counts(tune(), reading(tune(), change), 835)


def test_a_perfect_reading_has_everything():
    assert counts(lambda notes: notes) == dict.fromkeys(COUNTS, 16)


def test_nothing_read_has_nothing():
    found = page_counts(tune(), empty_reading(), 835)
    assert found == {**dict.fromkeys(COUNTS, 0), "true": 16}


def test_a_note_half_an_interline_away_is_another():
    found = counts(lambda notes: notes.assign(y_px=notes["y_px"] + np.where(notes.index == 3, 5.0, 0)))
    assert (found["heads"], found["pitches"]) == (15, 15)


def test_a_wrong_pitch_is_still_a_head_in_time():
    found = counts(lambda notes: notes.assign(pitch=notes["pitch"] + (notes.index == 3)))
    assert (found["heads"], found["pitches"], found["timed"], found["notes"]) == (16, 15, 16, 15)


def test_a_note_out_of_place_in_time_is_out_of_order():
    late = {7: 0.6}
    found = counts(lambda notes: notes.assign(onset_quarters=notes["onset_quarters"] + notes.index.map(late).fillna(0)))
    assert found["pitches"] == 16
    assert 10 <= found["ordered"] <= 14


def test_order_does_not_ask_for_the_rhythm_but_timing_does():
    found = counts(lambda notes: notes.assign(onset_quarters=np.sqrt(notes["onset_quarters"])))
    assert found["ordered"] == 16
    assert found["timed"] < 12


def test_right_ends_of_ties_do_not_count():
    found = counts(lambda notes: notes.assign(tied=notes.index == 0))
    assert (found["read"], found["heads"]) == (15, 15)


def test_a_grace_note_comes_before_the_note_it_leads_to():
    true = tune()
    true = true[(true["position"] != 4) | (true["pitch"] == 64)].reset_index(drop=True)  # a grace note, alone
    at = true.index[true["position"] == 4]

    def graced(notes):
        notes.loc[at, ["onset_quarters", "duration_quarters"]] = [2.5, 0.0]
        return notes

    found = page_counts(true, reading(true, graced), 835)
    assert found["ordered"] == found["true"]


def test_groups_are_summed():
    scores = [PageScore(n, 0, dict.fromkeys(COUNTS, k)) for n, k in (("a", 4), ("a", 6), ("b", 2))]
    table = summary(scores, lambda s: s.piece).set_index("group")
    assert table.loc["a", "notes"] == 10
    assert table.loc["b", "pitch_f1"] == pytest.approx(1)
