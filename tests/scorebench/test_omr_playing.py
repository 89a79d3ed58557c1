"""What sounds of what is printed."""

import pandas as pd
import pytest
from hypothesis import given

from scorebench.omr import Reading, as_reading, empty_reading
from scorebench.omr_playing import GRACE_QUARTERS, playing_order, repeated, sounding
from tests.scorebench.readings import head, measures_of, readings, small_reading, systems_of


def read(*notes: dict) -> Reading:
    measures = measures_of([4, 4, 4])
    return as_reading(pd.DataFrame(notes), measures, systems_of(measures), 1.0)


def played(reading: Reading) -> list[tuple[int, float, float]]:
    rows = sounding(reading)[["pitch", "onset_quarters", "duration_quarters"]]
    return [(int(pitch), onset, length) for pitch, onset, length in rows.itertuples(index=False)]


def test_a_tie_is_one_long_note_and_a_grace_note_comes_before_its_beat() -> None:
    each = GRACE_QUARTERS
    assert played(small_reading()) == [
        (72, 0, 1),
        (76, 0, 1),
        (46, 0, 4),
        (78, 1, 4),
        (81, 5 - each, each),
        (79, 5, 3),
    ]


def test_a_chain_of_ties_over_two_bar_lines_is_one_note() -> None:
    chain = [head("A4", 3, 1), head("A4", 4, 4, 1, tied=True), head("A4", 8, 2, 2, tied=True)]
    assert played(read(*chain)) == [(69, 3, 7)]


def test_a_tie_from_the_page_before_is_not_struck() -> None:
    assert played(read(head("A4", 0, 1, tied=True), head("C5", 1, 1))) == [(72, 1, 1)]


def test_of_two_notes_of_one_pitch_the_one_that_reaches_the_tie_is_held() -> None:
    notes = [head("A4", 2, 1), head("A4", 3, 1, voice=1), head("A4", 4, 1, 1, tied=True)]
    assert played(read(*notes)) == [(69, 2, 1), (69, 3, 2)]


def test_a_tie_that_was_read_a_little_late_still_holds() -> None:
    assert played(read(head("A4", 0, 1), head("A4", 1.05, 1, tied=True))) == [(69, 0, pytest.approx(2.05))]


def test_graces_keep_their_order_and_stay_behind_what_came_before() -> None:
    graces = [head(s, 2, 0, x_px=x) for s, x in (("E5", 91.0), ("C5", 80.0), ("D5", 85.0), ("G4", 80.5))]
    notes = sounding(read(head("C4", 1.9, 0.1), *graces, head("F5", 2, 1)))
    assert notes["spelling"].tolist() == ["C4", "G4", "C5", "D5", "E5", "F5"]
    onsets = notes["onset_quarters"].to_numpy()
    assert onsets[0] < onsets[1] == onsets[2] < onsets[3] < onsets[4] < onsets[5]


def test_graces_before_the_first_beat_begin_below_zero() -> None:
    assert played(read(head("B4", 0, 0), head("C5", 0, 1)))[0] == (71, -GRACE_QUARTERS, GRACE_QUARTERS)


def measures_with(begins: set[int], ends: set[int], count: int = 6) -> pd.DataFrame:
    signs = {"repeat_begins": [n in begins for n in range(count)], "repeat_ends": [n in ends for n in range(count)]}
    return measures_of(list(range(1, count + 1)), **signs)


@pytest.mark.parametrize(
    ("begins", "ends", "order"),
    [
        (set(), set(), [0, 1, 2, 3, 4, 5]),
        ({1}, {2}, [0, 1, 2, 1, 2, 3, 4, 5]),
        (set(), {1}, [0, 1, 0, 1, 2, 3, 4, 5]),
        (set(), {1, 3}, [0, 1, 0, 1, 2, 3, 2, 3, 4, 5]),
        ({2}, {1, 5}, [0, 1, 0, 1, 2, 3, 4, 5, 2, 3, 4, 5]),
        ({4}, {4}, [0, 1, 2, 3, 4, 4, 5]),
        ({1, 3}, set(), [0, 1, 2, 3, 4, 5]),
    ],
)
def test_a_repeat_goes_back_once(begins: set[int], ends: set[int], order: list[int]) -> None:
    assert playing_order(measures_with(begins, ends)) == order


def test_what_is_repeated_sounds_again_later() -> None:
    notes = [head("C4", 0, 1), head("D4", 1, 2, 1), head("E4", 2.5, 0.5, 1), head("B4", 3, 0, 2), head("F4", 3, 3, 2)]
    measures = measures_with({1}, {1}, 3)
    reading = as_reading(pd.DataFrame(notes), measures, systems_of(measures), 1.0)
    played = repeated(sounding(reading), reading.measures.iloc[playing_order(reading.measures)])
    each = [(row.spelling, row.onset_quarters) for row in played.itertuples()]
    grace = 5 - GRACE_QUARTERS
    assert each == [("C4", 0), ("D4", 1), ("E4", 2.5), ("D4", 3), ("E4", 4.5), ("B4", grace), ("F4", 5)]


@given(readings())
def test_without_signs_nothing_is_repeated(reading: Reading) -> None:
    pd.testing.assert_frame_equal(
        repeated(sounding(reading), reading.measures.iloc[playing_order(reading.measures)])[list(reading.notes)],
        sounding(reading)[list(reading.notes)],
    )


def test_nothing_sounds_of_nothing() -> None:
    assert sounding(empty_reading()).empty
