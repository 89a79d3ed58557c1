"""A score that was written says what was read: music21 reads it back."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scorebench.errors import MissingDependencyError, ScorebenchError, UsageError
from scorebench.omr import Reading, as_reading, empty_reading
from scorebench.omr_export import to_music21, write_score
from scorebench.omr_voices import FINEST, quarters, values_of
from tests.scorebench.readings import head, measures_of, readings, small_reading, systems_of

music21 = pytest.importorskip("music21")

Head = tuple[int, int, Fraction, Fraction, bool]


def parsed(reading: Reading, folder: Path) -> Any:
    write_score(reading, folder / "score.musicxml")
    return music21.converter.parseFile(folder / "score.musicxml", forceSource=True)


def heads_of(score: Any) -> list[Head]:
    """staff, pitch, onset, duration, and whether it is the right end of a tie."""
    found = []
    for staff, part in enumerate(score.parts):
        for element in part.flatten().notes:
            for note in element.notes if element.isChord else [element]:
                held = note.tie is not None and note.tie.type != "start"
                times = Fraction(element.offset), Fraction(element.quarterLength)
                found.append((staff, note.pitch.midi, *(t.limit_denominator(FINEST) for t in times), held))
    return sorted(found)


def heads_read(reading: Reading) -> list[Head]:
    columns = ["staff", "pitch", "onset_quarters", "duration_quarters", "tied"]
    rows = reading.notes[columns].itertuples(index=False)
    return sorted((staff, pitch, quarters(onset), quarters(length), held) for staff, pitch, onset, length, held in rows)


def sounding(heads: list[Head]) -> list[tuple[int, int, Fraction, Fraction]]:
    """Heads with what is tied to them in one."""
    whole: list[list[Any]] = []
    for staff, pitch, onset, length, held in sorted(heads, key=lambda h: (h[2], h[2] + h[3])):
        before = [w for w in whole if held and w[:2] == [staff, pitch] and w[3] == onset and w[2] < onset]
        if before:
            before[0][3] = onset + length
        else:
            whole.append([staff, pitch, onset, onset + length])
    return sorted(map(tuple, whole))


@given(st.integers(1, 8 * FINEST), st.integers(1, FINEST))
def test_every_length_is_a_few_note_values(n: int, d: int) -> None:
    length = Fraction(n, d)
    values = values_of(length)
    assert sum(value.length for value in values) == length
    assert all(value.plain.denominator <= 256 for value in values)
    assert len(values) <= 10 + length // 8


def test_what_a_note_value_can_say_is_one() -> None:
    plain = [Fraction(2) ** k for k in range(-8, 4)]
    for value in [*plain, *(v * Fraction(3, 2) for v in plain), *(v * Fraction(7, 4) for v in plain)]:
        for tuplet in (Fraction(1), Fraction(2, 3), Fraction(4, 5), Fraction(4, 7)):
            assert len(values_of(value * tuplet)) == 1, (value, tuplet)


SETTINGS = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@SETTINGS
@given(reading=readings())
def test_what_is_written_reads_back_as_it_was(reading: Reading, tmp_path: Path) -> None:
    assert heads_of(parsed(reading, tmp_path)) == heads_read(reading)


@SETTINGS
@given(reading=readings(odd=True))
def test_what_no_note_value_can_say_sounds_the_same(reading: Reading, tmp_path: Path) -> None:
    assert sounding(heads_of(parsed(reading, tmp_path))) == sounding(heads_read(reading))


@pytest.mark.parametrize("beats", [2, 3, 4, 5, 8])
def test_empty_measures_last_as_long_as_they_were_read(beats: int, tmp_path: Path) -> None:
    measures = measures_of([1, 4, 2, 8, 4, 3, 6, 1], staves=1, beats=beats)
    notes = pd.DataFrame([head("C4", 28, 1, 7, system=2)])
    score = parsed(as_reading(notes, measures, systems_of(measures), 1.0), tmp_path)
    assert [m.offset for m in score.parts[0].getElementsByClass("Measure")] == measures["onset_quarters"].tolist()


def test_a_score_looks_like_its_page(tmp_path: Path) -> None:
    measures = measures_of([1, 4, 4, 4], beats=3, fifths=[2, 2, 2, -1], clefs=["G,F", "G,F", "G,G8va", "G,C4"])
    notes = pd.DataFrame([head("C5", 0, 1), head("C5", 9, 2, 3, system=1, staff=1)])
    score = parsed(as_reading(notes, measures, systems_of(measures), 1.0), tmp_path)
    upper, lower = score.parts
    breaks = [m.number for m in upper.getElementsByClass("Measure") if m.getElementsByClass("SystemLayout")]
    assert breaks == [4]
    assert [m.offset for m in upper.getElementsByClass("Measure")] == [0, 1, 5, 9]
    assert [(c.sign, c.line, c.octaveChange) for c in lower.recurse().getElementsByClass("Clef")] == [
        ("F", 4, 0),
        ("G", 2, 1),
        ("C", 4, 0),
    ]
    assert [(k.measureNumber, k.sharps) for k in upper.recurse().getElementsByClass("KeySignature")] == [
        (1, 2),
        (4, -1),
    ]
    assert [t.ratioString for t in upper.recurse().getElementsByClass("TimeSignature")] == ["3/4"]
    assert len(score.getElementsByClass("StaffGroup")) == 1


def test_repeats_are_written(tmp_path: Path) -> None:
    reading = small_reading()
    reading.measures["repeat_begins"], reading.measures["repeat_ends"] = [False, True], [True, True]
    for part in parsed(reading, tmp_path).parts:
        first, second = part.getElementsByClass("Measure")
        assert [bar and bar.direction for bar in (first.rightBarline, second.rightBarline)] == ["end", "end"]
        assert second.leftBarline.direction == "start"
        assert first.leftBarline is None


def test_a_tie_begins_at_the_note_it_holds_on(tmp_path: Path) -> None:
    score = parsed(small_reading(), tmp_path)
    kinds = {(n.measureNumber, n.tie.type) for n in score.recurse().notes if not n.isChord and n.tie is not None}
    assert kinds == {(1, "start"), (2, "stop")}


def test_midi_sounds_what_was_read_and_strikes_no_tie_again(tmp_path: Path) -> None:
    write_score(small_reading(), tmp_path / "score.mid")
    stream = music21.converter.parseFile(tmp_path / "score.mid", forceSource=True)
    elements = [e for e in stream.flatten().notes if e.tie is None or e.tie.type == "start"]  # it cuts them at bars
    struck = sorted(p.midi for e in elements for p in e.pitches)
    assert struck == [46, 72, 76, 78, 79, 81]


def test_the_same_reading_gives_the_same_bytes(tmp_path: Path) -> None:
    for ending in ("musicxml", "mid"):
        first, second = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
        write_score(small_reading(), first)
        write_score(small_reading(), second)
        assert first.read_bytes() == second.read_bytes()


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"score\.pdf: a score is written as \.musicxml, \.xml, \.mid"):
        write_score(small_reading(), tmp_path / "score.pdf")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScorebenchError, match="cannot be written"):
        write_score(small_reading(), tmp_path / "file" / "score.musicxml")


def test_nothing_read_is_a_score_without_parts() -> None:
    assert len(to_music21(empty_reading()).parts) == 0


def test_without_music21_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "music21.stream", None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        write_score(small_reading(), tmp_path / "score.mid")
