"""MusicXML to bars and heads."""

from fractions import Fraction

import pytest

from baselines.omr.engines.clefs import Clef
from baselines.omr.engines.documents import parse
from baselines.omr.engines.partwise import Sheet, read_sheet, without_empty
from scorebench.errors import DataError
from tests.baselines.omr.engines.scores import HOMR, OEMER


def sheet(text: str) -> Sheet:
    return read_sheet(parse(text.encode(), "test"), "test")


def part(*measures: str) -> str:
    inner = "".join(f'<measure number="{n}">{m}</measure>' for n, m in enumerate(measures))
    return f'<part id="P1">{inner}</part>'


def score(*measures: str) -> Sheet:
    return sheet(f"<score-partwise>{part(*measures)}</score-partwise>")


def note(step: str = "C", octave: int = 4, duration: str = "1", more: str = "") -> str:
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration>{more}</note>"


def told(of: Sheet) -> list[list[tuple]]:
    return [[(h.spelling, h.staff, h.onset, h.length, h.tied) for h in bar.heads] for bar in of.bars]


def test_a_score_as_homr_writes_it() -> None:
    read = sheet(HOMR)
    assert read.bars[-1].empty
    half = Fraction(1, 2)
    assert told(read) == [
        [("F#5", 0, 0, 1, False), ("D3", 1, 0, 2, False), ("G5", 0, 1, half, False)],
        [("A5", 0, 0, 0, False), ("G5", 0, 0, 2, False), ("B4", 0, 0, 2, False)],
        [("G5", 0, 0, 2, True)],
        [],
    ]
    assert [(bar.length, bar.new_system, bar.fifths, bar.beats) for bar in read.bars] == [
        (2, False, 1, 2),
        (2, True, 1, 2),
        (2, False, 1, 2),
        (0, False, 0, 2),
    ]
    assert read.part_staves == [2]


def test_a_score_as_oemer_writes_it() -> None:
    read = sheet(OEMER)
    assert told(read) == [[("Bb4", 0, 0, 1, False), ("Eb5", 0, 1, 1, False)], [("Bb2", 1, 0, 2, False)]]
    assert [(bar.length, bar.new_system, bar.fifths) for bar in read.bars] == [(2, False, -2), (2, True, -2)]


def test_parts_are_staves_one_below_the_other() -> None:
    two = part("<attributes><staves>2</staves></attributes>" + note(more="<staff>2</staff>")), part(note("D", 3))
    read = sheet(f"<score-partwise>{two[0]}{two[1]}</score-partwise>")
    assert read.part_staves == [2, 1]
    assert [(h.spelling, h.staff) for h in read.bars[0].heads] == [("C4", 1), ("D3", 2)]
    assert sorted(read.bars[0].clefs) == [0, 1, 2]


def test_a_measure_is_as_long_as_its_longest_part() -> None:
    read = sheet(f"<score-partwise>{part(note(), note())}{part(note(duration='3'))}</score-partwise>")
    assert [bar.length for bar in read.bars] == [3, 1]


def test_tuplets_are_exact() -> None:
    thirds = "<attributes><divisions>3</divisions></attributes>" + note() * 3
    assert [h.onset for h in score(thirds).bars[0].heads] == [0, Fraction(1, 3), Fraction(2, 3)]


def test_a_line_that_begins_with_an_empty_measure_begins_with_the_next() -> None:
    read = score(note(), '<print new-system="yes"/>', note(), note())
    assert [bar.new_system for bar in without_empty(read.bars)] == [False, True, False]


def test_clefs_at_the_beginning_of_a_measure_and_within() -> None:
    bass = '<attributes><clef number="1"><sign>F</sign><line>4</line></clef></attributes>'
    read = score(note("D", 3) + bass + note("D", 3), note("D", 3))
    assert [bar.clefs[0].name for bar in read.bars] == ["G", "F"]
    below = [h.below_top_tenths for bar in read.bars for h in bar.heads]
    assert below == [80, 20, 20]  # under a G clef far below the staff, under an F clef on its middle line


@pytest.mark.parametrize(
    ("clef", "name", "step", "octave", "below"),
    [
        (Clef(), "G", "F", 5, 0),
        (Clef(), "G", "E", 4, 40),
        (Clef("F", 4), "F", "A", 3, 0),
        (Clef("F", 4, -1), "F8vb", "A", 2, 0),
        (Clef("G", 2, 1), "G8va", "F", 6, 0),
        (Clef("C", 3), "C", "C", 4, 20),
        (Clef("C", 4), "C4", "C", 4, 10),
        (Clef("C", 1), "C1", "C", 4, 40),
        (Clef("F", 3), "F", "F", 3, 20),
        (Clef("G", 2, 3), "G", "F", 8, 0),
    ],
)
def test_where_notes_stand_under_a_clef(clef: Clef, name: str, step: str, octave: int, below: float) -> None:
    assert (clef.name, clef.below_top_tenths(step, octave)) == (name, below)


def test_rests_cues_and_drums_are_no_heads_but_make_the_measure() -> None:
    rest = "<note><rest/><duration>2</duration></note>"
    drum = "<note><unpitched/><duration>1</duration></note>"
    read = score(rest + drum + note().replace("<note>", "<note><cue/>"))
    assert [(bar.heads, bar.length) for bar in read.bars] == [([], 4)]


@pytest.mark.parametrize(
    ("measure", "says"),
    [
        (note("H"), "no pitch"),
        (note(octave=40), "MIDI number"),
        (note(duration="long"), "Invalid literal"),
        (note(duration="-1"), "duration of -1"),
        (note(duration="nan"), "Invalid literal|nan"),
        ("<backup><duration>1</duration></backup>", "before its measure"),
        ("<attributes><divisions>0</divisions></attributes>" + note(), "0 divisions"),
        ("<attributes><time><beats>x</beats><beat-type>4</beat-type></time></attributes>", "invalid literal"),
        ("<attributes><time><beats>0</beats><beat-type>4</beat-type></time></attributes>", "time signature of 0/4"),
        (note().replace("<octave>", "<alter>3</alter><octave>"), "altered by 3"),
    ],
)
def test_nonsense_is_said(measure: str, says: str) -> None:
    with pytest.raises(DataError, match=f"test: not sound MusicXML .*(?:{says})"):
        score(measure)


def test_repeats_of_any_part_count() -> None:
    forward, backward = (f'<barline><repeat direction="{way}"/></barline>' for way in ("forward", "backward"))
    bars = score(forward + note(), note(), note() + backward, forward + note() + backward).bars
    assert [(bar.repeat_begins, bar.repeat_ends) for bar in bars] == [
        (True, False),
        (False, False),
        (False, True),
        (True, True),
    ]
