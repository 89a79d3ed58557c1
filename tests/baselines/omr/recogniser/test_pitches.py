from hypothesis import given
from hypothesis import strategies as st

from baselines.omr.recogniser.keys import clef_of
from baselines.omr.recogniser.layout import Placed, System
from baselines.omr.recogniser.marks import UNIT
from baselines.omr.recogniser.pitches import Pitch, Shift, StaffState, read_pitches
from baselines.omr.recogniser.staves import Staff
from scorebench.omr import pitch_of

SYSTEM = System((Staff(100.0, UNIT, 0.0, 600.0),), (0.0, 300.0, 600.0))


def place(mark, measure, position):
    return Placed(mark, 0, 0, measure, position)


def at(position):
    return 100.0 - position * UNIT / 2


def read(marks, fifths=0, shifts=()):
    state = StaffState(clef_of("clef-G", -2), fifths)
    pitches = read_pitches(SYSTEM, marks, shifts, [state])
    return [pitches[id(m)].spelling for m in marks if id(m) in pitches]


@given(st.integers(8, 57), st.integers(-2, 2), st.integers(-1, 1))
def test_spelling_and_number_say_the_same(step, alter, octaves):
    pitch = Pitch(step, alter, octaves)
    assert pitch_of(pitch.spelling) == pitch.midi


def test_an_accidental_lasts_to_the_bar_line_on_its_own_octave(mark):
    marks = [
        place(mark("sharp", 100.0, at(1)), 0, 1),
        place(mark("filled", 115.0, at(1), log=2), 0, 1),
        place(mark("filled", 150.0, at(1), log=2), 0, 1),
        place(mark("filled", 180.0, at(8), log=2), 0, 8),
        place(mark("filled", 350.0, at(1), log=2), 1, 1),
    ]
    assert read(marks) == ["C#5", "C#5", "C6", "C5"]


def test_a_tie_carries_an_accidental_over_the_bar_line_for_itself_only(mark):
    marks = [
        place(mark("flat", 100.0, at(0)), 0, 0),
        place(mark("filled", 115.0, at(0), log=2), 0, 0),
        place(mark("filled", 350.0, at(0), log=2, tied=1), 1, 0),
        place(mark("filled", 400.0, at(0), log=2), 1, 0),
    ]
    assert read(marks) == ["Bb4", "Bb4", "B4"]


def test_a_clef_counts_from_where_it_stands(mark):
    marks = [
        place(mark("filled", 100.0, at(0), log=2), 0, 0),
        place(mark("clef-F", 130.0, at(2)), 0, 2),
        place(mark("filled", 150.0, at(0), log=2), 0, 0),
    ]
    assert read(marks) == ["B4", "D3"]


def test_octave_signs_lift_what_is_below_them(mark):
    marks = [place(mark("filled", x, at(4), log=2), 0, 4) for x in (50.0, 100.0, 200.0)]
    assert read(marks, shifts=[Shift(0, 95.0, 120.0, 1)]) == ["F5", "F6", "F5"]


def test_the_key_alters_what_has_no_accidental(mark):
    marks = [
        place(mark("filled", 150.0, at(4), log=2), 0, 4),
        place(mark("natural", 185.0, at(4)), 0, 4),
        place(mark("filled", 200.0, at(4), log=2), 0, 4),
    ]
    system_marks = [place(mark("key-sharp", 40.0, at(4)), 0, 4), *marks]
    assert read(system_marks) == ["F#5", "F5"]
