import numpy as np
import pytest

from baselines.omr.recogniser.columns import QUARTER, in_columns, values, written
from baselines.omr.recogniser.layout import Placed
from baselines.omr.recogniser.rhythm import time_marks, time_measure


def notes(mark, staff, rows):
    """Marks from (x, log, further answers)."""
    return [Placed(mark("filled", float(x), 100.0, log=log, **more), 0, staff, 0, 0) for x, log, more in rows]


def onsets(marks, expected=4 * QUARTER, short=False):
    columns = in_columns(sorted(marks, key=lambda m: m.mark.x))
    return [t / QUARTER for t in time_measure(columns, expected, short).onsets]


def test_two_staves_are_read_together(mark):
    upper = notes(mark, 0, [(0, 2, {}), (60, 3, {}), (90, 3, {}), (120, 2, {}), (180, 2, {})])
    lower = notes(mark, 1, [(0, 1, {}), (121, 1, {})])
    assert onsets(upper + lower) == [0, 1, 1.5, 2, 3]


def test_a_head_beside_its_stem_belongs_to_its_column(mark):
    aside = notes(mark, 0, [(0, 1, {}), (100, 1, {})]) + notes(mark, 0, [(10, 1, {"aside": -1.2})])
    assert onsets(aside) == [0, 2]


def test_triplets_take_two_thirds(mark):
    three = notes(mark, 0, [(x, 3, {"tuplet": 1}) for x in (0, 20, 40)]) + notes(mark, 0, [(60, 1, {"dots": 1})])
    assert onsets(three) == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_triplets_without_a_number_are_found_where_they_fill_the_measure(mark):
    upper = notes(mark, 0, [(20 * k, 3, {}) for k in range(12)])
    lower = notes(mark, 1, [(60 * k, 2, {}) for k in range(4)])
    columns, timing = time_marks(upper + lower, 4 * QUARTER, False)
    assert [t / QUARTER for t in timing.onsets] == pytest.approx([k / 3 for k in range(12)])
    assert len(columns.events) == 16


def test_what_does_not_fit_the_measure_is_read_another_way(mark):
    marks = notes(mark, 0, [(0, 1, {}), (60, 2, {}), (120, 2, {})])
    doubtful = marks[0].mark.says["log"]
    doubtful[:] = 0.01
    doubtful[1], doubtful[2] = 0.45, 0.55  # a quarter, if it is asked alone
    assert onsets(marks) == [0, 2, 3]
    assert onsets(marks, expected=3 * QUARTER) == [0, 1, 2]


def test_an_upbeat_may_be_short(mark):
    marks = notes(mark, 0, [(0, 3, {}), (30, 3, {})])
    timing = time_measure(in_columns(marks), 4 * QUARTER, may_be_short=True)
    assert timing.total == QUARTER


def test_onsets_never_go_back(mark):
    random = np.random.default_rng(1)
    for _ in range(30):
        rows = [(float(x), int(random.integers(0, 6)), {}) for x in np.cumsum(random.uniform(8, 40, 12))]
        found = onsets(notes(mark, 0, rows[::2]) + notes(mark, 1, rows[1::2]))
        assert found == sorted(set(found))


def test_an_empty_measure_is_as_long_as_the_metre_says():
    assert time_measure(in_columns([]), 3 * QUARTER, False).total == 3 * QUARTER


@pytest.mark.parametrize(("log", "dots", "quarters"), [(0, 0, 4), (2, 1, 1.5), (3, 2, 0.875), (6, 0, 1 / 16)])
def test_written_values(log, dots, quarters):
    assert written(log, dots) == quarters * QUARTER


def test_the_likeliest_value_comes_first(mark):
    chord = notes(mark, 0, [(0, 3, {}), (0, 3, {})])
    assert values(chord)[0][0] == QUARTER // 2
