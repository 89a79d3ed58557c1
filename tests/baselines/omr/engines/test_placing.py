"""Places: exact where the score tells them, spread in order where it does not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from baselines.omr.engines.documents import parse
from baselines.omr.engines.external import reading_of
from baselines.omr.engines.partwise import Sheet, read_sheet
from baselines.omr.engines.placing import GUESSED, PLACED, SPREAD
from scorebench.omr import Reading, as_reading
from tests.baselines.omr.engines.scores import HOMR, OEMER, audiveris_score
from tests.scorebench.readings import head, measures_of, readings, systems_of

PAGE = np.full((1000, 700), 255, np.uint8)
INTERLINE_PX = 7.0


def sheet(text: str) -> Sheet:
    return read_sheet(parse(text.encode(), "test"), "test")


def exact(reading: Reading) -> Reading:
    return reading_of([sheet(audiveris_score(reading, (700, 1000), INTERLINE_PX))], PAGE, "test")


def on_staff(spelling: str, onset: float, length: float, measure: int, staff: int, steps_below_top: int) -> dict:
    """A head of the first system (top line at 100 px) so many half spaces below the top line of its staff."""
    y = 100 + (72 if staff else 0) + steps_below_top * INTERLINE_PX / 2
    return head(spelling, onset, length, measure, staff=staff, y_px=y)


def test_places_that_the_score_tells_are_found_again() -> None:
    measures = measures_of([4, 4, 4])
    notes = [
        on_staff("F5", 0, 1, 0, 0, 0),
        on_staff("C4", 1, 3, 0, 0, 10),
        on_staff("A3", 4, 4, 1, 1, 0),
        on_staff("G2", 4, 2, 1, 1, 8),
    ]
    before = as_reading(pd.DataFrame(notes), measures, systems_of(measures), 1.0)
    after = exact(before)
    assert after.confidence == PLACED
    columns = ["system", "measure", "staff", "pitch", "spelling", "onset_quarters", "duration_quarters", "tied"]
    pd.testing.assert_frame_equal(after.notes[columns], before.notes[columns])
    for column in ("x_px", "y_px"):
        np.testing.assert_allclose(after.notes[column], before.notes[column], atol=1.0)
    pd.testing.assert_frame_equal(after.systems, before.systems, atol=1.0)
    np.testing.assert_allclose(after.measures["left_px"], before.measures["left_px"], atol=1.0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reading=readings(fifths=False, most_staves=2))  # the test's writer knows no more
def test_what_audiveris_writes_of_a_reading_is_that_reading(reading: Reading) -> None:
    after = exact(reading)
    columns = ["measure", "staff", "pitch", "onset_quarters", "duration_quarters", "tied"]
    order = ["onset_quarters", "staff", "pitch", "duration_quarters"]
    pd.testing.assert_frame_equal(
        after.notes[columns].sort_values(order, ignore_index=True),
        reading.notes[columns].sort_values(order, ignore_index=True),
    )
    before = reading.notes.sort_values([*order, "x_px"])["x_px"]
    np.testing.assert_allclose(after.notes.sort_values([*order, "x_px"])["x_px"], before, atol=1.5)


def staves(tops: tuple[int, ...], left: int = 50, right: int = 650) -> np.ndarray:
    """A page with systems of two staves at these heights."""
    page = PAGE.copy()
    for top in tops:
        for first in (top, top + 70):
            page[first : first + 29 : 7, left:right] = 0
        page[top : top + 99, [left, right - 1]] = 0
    return page


@pytest.mark.parametrize("text", [HOMR, OEMER])
def test_what_has_no_places_is_spread_over_the_systems_that_are_found(text: str) -> None:
    reading = reading_of([sheet(text)], staves((100, 400)), "test")
    assert reading.confidence == SPREAD
    assert reading.notes["confidence"].eq(SPREAD).all()
    assert reading.systems["y_px"].tolist() == pytest.approx([149, 449], abs=3)
    boxes = reading.systems.set_index("system").loc[reading.notes["system"]].reset_index()
    assert ((reading.notes["y_px"] - boxes["y_px"]).abs() < boxes["h_px"] / 2).all()
    bars = reading.measures.set_index("measure").loc[reading.notes["measure"]].reset_index()
    assert reading.notes["x_px"].between(bars["left_px"], bars["right_px"]).all()
    for _, line in reading.notes.groupby("system"):
        by_onset = line.groupby("onset_quarters")["x_px"]
        assert by_onset.nunique().eq(1).all()
        assert by_onset.first().is_monotonic_increasing


@pytest.mark.parametrize("tops", [(100,), (100, 300, 500), ()])
def test_where_other_systems_are_found_the_measures_are_shared_out(tops: tuple[int, ...]) -> None:
    reading = reading_of([sheet(HOMR)], staves(tops), "test")
    assert reading.confidence == GUESSED
    assert len(reading.systems) == (len(tops) or 2)
    assert reading.measures["system"].is_monotonic_increasing
    assert set(reading.measures["system"]) == set(reading.systems["system"])
    assert reading.notes["y_px"].between(0, 1000).all()


def test_movements_follow_one_another() -> None:
    measures = measures_of([4, 4])
    one = as_reading(pd.DataFrame([head("C5", 0, 4), head("D5", 4, 4, 1)]), measures, systems_of(measures), 1.0)
    text = audiveris_score(one, (700, 1000), INTERLINE_PX)
    both = reading_of([sheet(text), sheet(text)], PAGE, "test")
    assert both.confidence == PLACED
    assert both.notes["onset_quarters"].tolist() == [0, 4, 8, 12]
    assert both.measures["system"].tolist() == [0, 0, 1, 1]
    spread = reading_of([sheet(HOMR), sheet(text)], staves((100, 300, 500)), "test")
    assert spread.confidence == SPREAD
    assert spread.measures["system"].tolist() == [0, 1, 1, 2, 2]


def test_a_score_without_notes_is_nothing_read() -> None:
    rest = '<score-partwise><part id="P1"><measure><note><rest/><duration>4</duration></note></measure></part>'
    assert reading_of([sheet(f"{rest}</score-partwise>")], PAGE, "test").confidence == 0
