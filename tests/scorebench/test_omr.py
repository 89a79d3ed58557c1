"""Readings: their rules, and how pitches are spelled."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorebench.errors import DataError
from scorebench.omr import (
    MEASURE_COLUMNS,
    READ_COLUMNS,
    READING_ORDER,
    Reading,
    as_reading,
    empty_reading,
    pitch_of,
    split_spelling,
)
from tests.scorebench.readings import head, measures_of, small_reading, systems_of


@pytest.mark.parametrize(
    ("spelling", "pitch"),
    [
        ("C4", 60),
        ("A4", 69),
        ("F#4", 66),
        ("Bb3", 58),
        ("C-1", 0),
        ("G9", 127),
        ("Cb4", 59),
        ("B##3", 61),
        ("Ebb2", 38),
    ],
)
def test_spellings_are_midi_numbers(spelling: str, pitch: int) -> None:
    assert pitch_of(spelling) == pitch


@pytest.mark.parametrize("wrong", ["", "c4", "H4", "C", "C#b4", "C###4", "4", "C4 ", "Cb-1", "G#9", "C40"])
def test_what_is_no_pitch_is_refused(wrong: str) -> None:
    with pytest.raises(DataError, match=r"pitch|MIDI"):
        pitch_of(wrong)


@given(st.sampled_from("CDEFGAB"), st.sampled_from(["", "#", "##", "b", "bb"]), st.integers(0, 8))
def test_a_spelling_is_taken_apart(step: str, alter: str, octave: int) -> None:
    assert split_spelling(f"{step}{alter}{octave}") == (step, alter.count("#") - alter.count("b"), octave)


def make(notes: pd.DataFrame, confidence: float = 1.0, **measure: Any) -> Reading:
    measures = measures_of([4, 4], **measure)
    return as_reading(notes, measures, systems_of(measures), confidence, "tester")


NOTES = pd.DataFrame([head("C5", 4, 1, 1), head("E5", 0, 1), head("C5", 0, 1), head("C3", 0, 4, staff=1)])


def test_tables_are_typed_and_in_reading_order() -> None:
    reading = make(NOTES.assign(more=1))
    assert list(reading.notes.columns) == list(READ_COLUMNS)
    assert reading.notes["spelling"].tolist() == ["C5", "E5", "C3", "C5"]
    order = reading.notes[list(READING_ORDER)]
    pd.testing.assert_frame_equal(order, order.sort_values(list(READING_ORDER), ignore_index=True))
    assert list(reading.measures.columns) == list(MEASURE_COLUMNS)


def test_nothing_read_is_a_reading_without_confidence() -> None:
    empty = empty_reading()
    assert (len(empty.notes), len(empty.measures), len(empty.systems), empty.confidence) == (0, 0, 0, 0.0)
    again = as_reading(empty.notes, empty.measures, empty.systems, 0.0)
    assert dict(again.notes.dtypes) == dict(small_reading().notes.dtypes)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("x_px", float("nan"), "must be finite"),
        ("pitch", 61, "spelling and pitch differ"),
        ("spelling", "H4", "'H4' is no pitch"),
        ("measure", 7, "there is no such measure"),
        ("system", 1, "its measure is in another system"),
        ("staff", 2, "no clef for such a staff"),
        ("staff", -1, "no clef for such a staff"),
        ("voice", -1, "voice must be 0 or more"),
        ("onset_quarters", 3.5, "begin and end within its measure"),
        ("duration_quarters", -1.0, "begin and end within its measure"),
        ("confidence", 1.5, "confidence goes from 0 to 1"),
        ("pitch", "high", "wrong kind"),
    ],
)
def test_a_note_that_breaks_a_rule_is_named(column: str, value: Any, rule: str) -> None:
    with pytest.raises(DataError, match=rule) as refused:
        make(pd.DataFrame([head("C4", 0, 1) | {column: value}]))
    assert "tester" in str(refused.value) or column == "spelling"


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("measure", [0, 2], "measure must count from 0"),
        ("system", [0, 1], "there is no such system"),
        ("onset_quarters", [0.0, 3.0], "where the measure before it ends"),
        ("duration_quarters", [-1.0, 1.0], "0 or more"),
        ("beats", 0, "no time signature"),
        ("fifths", 8, "-7 to 7"),
        ("clefs", "G,H", "clefs must be of G, G8va"),
        ("right_px", float("inf"), "must be finite"),
    ],
)
def test_a_measure_that_breaks_a_rule_is_named(column: str, value: Any, rule: str) -> None:
    boxes = systems_of(measures_of([4, 4]))
    with pytest.raises(DataError, match=rule):
        as_reading(NOTES, measures_of([4, 4]).assign(**{column: value}), boxes, 1.0)


def test_measures_count_on_from_system_to_system() -> None:
    measures = measures_of([4, 4, 4, 4])
    with pytest.raises(DataError, match="count on from system"):
        as_reading(NOTES, measures.assign(system=[0, 1, 0, 1]), systems_of(measures), 1.0)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_confidence_outside_0_to_1_is_refused(confidence: float) -> None:
    with pytest.raises(DataError, match="goes from 0 to 1"):
        make(NOTES, confidence)


def test_notes_without_any_confidence_are_refused() -> None:
    with pytest.raises(DataError, match="nothing was read"):
        make(NOTES, 0.0)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="tester: column\\(s\\) voice missing"):
        make(NOTES.drop(columns="voice"))
