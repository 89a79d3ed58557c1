import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.omr.recogniser.keys import clef_of, key_alter, keys
from baselines.omr.recogniser.layout import Placed
from baselines.omr.recogniser.marks import UNIT, Mark

G, F = clef_of("clef-G", -2), clef_of("clef-F", 2)
SHARPS, FLATS = (4, 1, 5, 2, -1, 3, 0), (0, 3, -1, 2, -2, 1, -3)


def signs(fifths, x, staff, shift, chance=1.0):
    kind, places = ("key-sharp", SHARPS) if fifths > 0 else ("key-flat", FLATS)
    row = enumerate(places[: abs(fifths)])
    return [Placed(Mark(kind, x + i * UNIT, 0.0, chance), 0, staff, 0, place + shift) for i, place in row]


@given(st.integers(-7, 7), st.integers(-7, 7))
def test_a_key_is_read_from_both_staves(fifths, before):
    marks = signs(fifths, 50, 0, 0) + signs(fifths, 50, 1, -2)
    assert keys(marks, [G, F], [0, 500], before) == [(0, fifths)]


@given(st.integers(-7, 7).filter(bool))
def test_a_sign_that_was_missed_changes_nothing(fifths):
    marks = signs(fifths, 50, 0, 0)[1:] + signs(fifths, 50, 1, -2)
    assert keys(marks, [G, F], [0, 500], 0) == [(0, fifths)]


def test_signs_seen_faintly_count_where_the_key_goes_on():
    marks = signs(3, 50, 0, 0, 0.15) + signs(3, 50, 1, -2, 0.15)
    assert keys(marks, [G, F], [0, 500], 3) == [(0, 3)]


def test_the_shadow_of_a_sign_is_none():
    marks = signs(4, 50, 0, 0) + signs(4, 50, 1, -2)
    shadows = [Placed(Mark("key-sharp", 51 + UNIT, 0.0, 0.3), 0, staff, 0, -1 - 2 * staff) for staff in range(2)]
    assert keys(marks + shadows, [G, F], [0, 500], None) == [(0, 4)]


def test_a_key_changes_at_a_bar_line_on_all_staves_only():
    both = signs(-2, 305, 0, 0) + signs(-2, 305, 1, -2)
    assert keys(both, [G, F], [0, 300, 600], 0) == [(0, 0), (305 - UNIT, -2)]
    assert keys(both[:2], [G, F], [0, 300, 600], 0) == [(0, 0)]
    within = signs(-2, 400, 0, 0) + signs(-2, 400, 1, -2)
    assert keys(within, [G, F], [0, 300, 600], 0) == [(0, 0)]


@pytest.mark.parametrize(
    ("fifths", "step", "alter"), [(1, 3, 1), (1, 0, 0), (-1, 6, -1), (-7, 3, -1), (7, 6, 1), (0, 3, 0), (-2, 2, -1)]
)
def test_a_key_alters_its_steps_in_every_octave(fifths, step, alter):
    assert key_alter(fifths, step) == key_alter(fifths, step + 28) == alter


@pytest.mark.parametrize(
    ("kind", "position", "name", "middle"),
    [("clef-G", -2, "G", 34), ("clef-F", 2, "F", 22), ("clef-C", 0, "C", 28), ("clef-C", 2, "C4", 26)],
)
def test_clefs_name_the_middle_line(kind, position, name, middle):
    clef = clef_of(kind, position)
    assert (clef.name, clef.middle) == (name, middle)
