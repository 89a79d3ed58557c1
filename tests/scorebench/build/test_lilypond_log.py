"""LilyPond's log by itself: what its lines mean, in ticks and seconds. No LilyPond is needed."""

from fractions import Fraction

import pytest

from scorebench.build.lilypond_log import Clock, LoggedNote, Music, read_log, tempo_source
from scorebench.build.lilypond_score import sounding_notes
from scorebench.errors import DataError

LOG = """printed
note\t1\t0\t-1/16\t60\t1/16
note\t2\t0\t0\t62\t1/4
note\t3\t1/4\t0\t62\t1/4
tie\t2\t3
tempo\t0\t0\t30
end\t1/2\t0
played
note\t0\t0\t0\t123/2\t1/4
end\t1/4\t0
book\tx\t1
"""


def test_scores_are_read_in_order() -> None:
    printed, played = read_log(LOG)
    assert [len(music.notes) for music in (*printed, *played)] == [3, 1]
    assert printed[0].ties == [(2, 3)]
    assert printed[0].tempos == [(0, Fraction(30))]
    assert printed[0].end == 768
    assert played[0].notes[0].pitch == 62  # quarter tones to the nearest even key


def test_ties_and_grace_notes_sound_as_they_should() -> None:
    grace, tied = sounding_notes(*read_log(LOG))
    # 1/16 of a whole note is 96 ticks; 9/40 of that is 21.6, cut off towards 0.
    assert (grace.tick, grace.end_tick, grace.is_grace) == (-21, 0, True)
    assert (tied.tick, tied.end_tick, tied.is_grace) == (0, 768, False)
    assert grace.onset_s == 0
    assert tied.duration_s == pytest.approx(1.0)  # half a whole note, 30 of which make a minute


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "note\t1\t0",
        "note\t1\t0\t0\tc\t1/4",
        "note\t1\t1/0\t0\t60\t1/4",
        "tie\t1",
        "tempo\t0\t0\tAllegro",
        "end",
    ],
)
def test_a_damaged_line_is_named(line: str) -> None:
    with pytest.raises(DataError, match="is not a line of LilyPond's log"):
        read_log(f"printed\n{line}\n")


def test_a_note_before_any_score_is_damage() -> None:
    with pytest.raises(DataError, match="is not a line"):
        read_log("note\t1\t0\t0\t60\t1/4\n")


def test_the_clock_adds_up_the_tempos_it_passes() -> None:
    clock = Clock([(384, Fraction(30)), (768, Fraction(15, 2))], first_tick=-96)
    assert [clock.seconds(tick) for tick in (-96, 0, 384, 576, 768, 960)] == pytest.approx(
        [0, 0.25, 1.25, 1.5, 1.75, 2.75]
    )
    assert clock.seconds(-200) == 0


def music(*notes: tuple[int, int], tempo: int = 15) -> Music:
    written = [
        LoggedNote(i, Fraction(at, 4), Fraction(0), pitch, Fraction(1, 4)) for i, (at, pitch) in enumerate(notes)
    ]
    return Music(written, [], [(0, Fraction(tempo))], 0)


def test_a_tempo_is_taken_from_the_likest_played_score_or_from_the_page() -> None:
    printed = music((0, 60), (1, 62), (2, 64), (3, 65))
    like, unlike = music((0, 60), (1, 62), (2, 64)), music((0, 60), (1, 70), (2, 71))
    assert tempo_source(printed, [unlike, like]) is like
    assert tempo_source(printed, [unlike]) is printed
    assert tempo_source(printed, []) is printed
