"""What LilyPond's scores sound like to us: the same as in LilyPond's own MIDI files, and as the conventions say."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from scorebench.build.lilypond_log import read_log
from scorebench.build.lilypond_score import MOVEMENT_GAP_S, sounding_notes
from tests.scorebench.build.lilypond_source import engraved, midi_notes, needs_lilypond, score, staff

pytestmark = needs_lilypond

CASES = {
    "acciaccatura": staff("c'4 \\acciaccatura d'8 e'4 f'2"),
    "appoggiatura": staff("c'4 \\appoggiatura d'8 e'4 f'2"),
    "grace notes first of all": staff("\\grace { c'16 d' } e'4 f' g'2"),
    "grace notes first in one of two staves": (
        "<< \\new Staff { \\grace { c'16 d' } e'4 f' g'2 } \\new Staff { \\clef bass c4 d e2 } >>"
    ),
    "grace notes after": staff("c'2 \\afterGrace d'2 { e'16 f' } g'1"),
    "chord of grace notes": staff("c'4 \\grace <d' f'>16 e'2."),
    "ornaments": staff("c'4\\trill d'\\mordent e'\\turn f'\\prall"),
    "tempo": staff("\\tempo 4 = 120 c'4 d' \\tempo 4 = 30 e' f' | g'1"),
    "tempo of dotted notes": staff("\\tempo 4. = 80 \\time 6/8 c'4. d' e'2."),
    "tempo in words": staff("\\tempo \"Presto\" c'4 d' \\tempo \"Lento\" e' f'"),
    "tempo in words and numbers": staff("\\tempo \"Presto\" 2 = 60 c'4 d' e' \\tempo \"a tempo\" f'"),
    "tempo as a range": staff("\\tempo 4 = 100 - 120 c'4 d' e' f'"),
    "tempo within a note": staff("<< { c'1 d'1 } { s2 \\tempo 4 = 120 s2 } >>"),
    "tempo on a grace note": staff("c'2 d' \\grace { \\tempo 4 = 120 c'16 d' } e'2 f'"),
    "tuplets": staff("\\tuplet 3/2 { c'8 d' e' } \\tuplet 5/4 { c'16 d' e' f' g' } r2"),
    "many tuplets": staff("\\repeat unfold 8 { \\tuplet 7/4 { c'16 d' e' f' g' a' b' } }"),
    "tremolo": staff("\\repeat tremolo 4 { c'16 e' } d'2:16"),
    "repeat": staff("\\repeat volta 2 { c'4 d' e' f' } \\alternative { { g'1 } { a'1 } }"),
    "percent repeat": staff("\\repeat percent 2 { c'4 d' e' f' }"),
    "voices": staff("<< { c''4 d''2 e''4 } \\\\ { e'4 f' g' a' } >>"),
    "hidden note": staff("c'4 \\hideNotes d' \\unHideNotes e' f'"),
    "upbeat": staff("\\partial 4 c'4 d'1"),
    "octave sign": staff("\\ottava #1 c''''4 d'''' \\ottava #0 e'2"),
    "change of staff": (
        "\\new PianoStaff << \\new Staff = up { c''4 e' \\change Staff = down g c \\change Staff = up c'1 } "
        "\\new Staff = down { \\clef bass s1 c1 } >>"
    ),
}
"""Each a score; all in one file, the n-th transposed up by n semitones so that no two have the same notes."""

STEPS = ("c", "des", "d", "ees", "e", "f", "ges", "g", "aes", "a", "bes", "b")
KEYS = [*STEPS, *(f"{step}'" for step in STEPS)]


@dataclass(frozen=True)
class Heard:
    """One of ``CASES``, transposed back, in its own time: notes, and (second, pitch) of all that sounds."""

    notes: pd.DataFrame
    ours: list[tuple[float, int]]
    midi: list[tuple[float, int]]


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Heard]:
    folder = tmp_path_factory.mktemp("together")
    text = "".join(score(f"\\transpose c {key} {{ {music} }}") for key, music in zip(KEYS, CASES.values(), strict=True))
    engraving = engraved(folder, text)
    assert engraving.movements == len(CASES)
    sounding = sounding_notes(*read_log((folder / "scorebench.tsv").read_text()))
    movement = {f"n{s.number}": s.movement for s in sounding}
    files = midi_notes(folder)
    found = {}
    for index, name in enumerate(CASES):
        own = [s for s in sounding if s.movement == index]
        begin_s = min(s.onset_s for s in own)
        notes = engraving.notes[engraving.notes["note_id"].map(movement) == index].reset_index(drop=True)
        notes["pitch"] -= index
        notes["score_onset_s"] -= begin_s
        notes["position"] -= notes["position"].min()
        ours = sorted((round(s.onset_s - begin_s, 4), s.pitch - index) for s in own)
        found[name] = Heard(notes, ours, [(second, pitch - index) for second, pitch in files[index]])
    return found


@pytest.mark.parametrize("name", CASES)
def test_notes_and_times_are_those_of_lilyponds_midi(heard: dict[str, Heard], name: str) -> None:
    case = heard[name]
    assert [pitch for _, pitch in case.ours] == [pitch for _, pitch in case.midi]
    assert [second for second, _ in case.ours] == pytest.approx([second for second, _ in case.midi], abs=1e-3)


def test_a_grace_note_is_a_score_position_of_its_own(heard: dict[str, Heard]) -> None:
    for name in ("acciaccatura", "appoggiatura"):
        notes = heard[name].notes
        assert notes["pitch"].tolist() == [60, 62, 64, 65]
        assert notes["position"].tolist() == [0, 1, 2, 3]
        # An eighth note played as 9/40 of one, before the beat.
        assert notes["score_onset_s"].tolist() == pytest.approx([0, 1 - 0.5 * 9 / 40, 1, 2], abs=3e-3)
        assert notes["score_duration_s"].tolist() == pytest.approx([1, 0.5 * 9 / 40, 1, 2], abs=3e-3)
        assert notes["x_px"].is_monotonic_increasing


def test_a_piece_that_begins_with_grace_notes_begins_with_them(heard: dict[str, Heard]) -> None:
    first = heard["grace notes first in one of two staves"].notes.query("position <= 2")
    assert first["pitch"].tolist() == [60, 62, 48, 64]
    assert first["position"].tolist() == [0, 1, 2, 2]
    step = 0.25 * 9 / 40
    assert first["score_onset_s"].tolist() == pytest.approx([0, step, 2 * step, 2 * step], abs=4e-3)


def test_ornaments_sound_as_the_printed_note(heard: dict[str, Heard]) -> None:
    notes = heard["ornaments"].notes
    assert notes["pitch"].tolist() == [60, 62, 64, 65]
    assert notes["score_duration_s"].tolist() == pytest.approx([1.0] * 4)


def test_ornaments_sound_as_printed_even_if_the_midi_plays_them_out(tmp_path: Path) -> None:
    music = staff("\\tempo 4 = 120 c'4\\trill d'\\mordent e'\\turn f'\\prall")
    played = score(f"\\articulate {music}", "\\midi {}")
    notes = engraved(tmp_path, '\\include "articulate.ly"\n' + score(music, "\\layout {}") + played).notes
    assert len(midi_notes(tmp_path)[0]) > 8
    assert notes["pitch"].tolist() == [60, 62, 64, 65]
    assert notes["score_onset_s"].tolist() == pytest.approx([0, 0.5, 1, 1.5])
    assert notes["score_duration_s"].tolist() == pytest.approx([0.5] * 4)


@pytest.mark.parametrize(
    ("name", "onset_s", "last_s"),
    [
        ("tempo", [0, 0.5, 1, 3, 5], 8.0),
        ("tempo in words", [0, 1, 2, 3], 1.0),
        ("tempo in words and numbers", [0, 0.5, 1, 1.5], 0.5),
        ("tempo within a note", [0, 3], 2.0),
    ],
)
def test_the_tempo_changes_where_it_is_written(
    heard: dict[str, Heard], name: str, onset_s: list[float], last_s: float
) -> None:
    notes = heard[name].notes
    assert notes["score_onset_s"].tolist() == pytest.approx(onset_s, abs=1e-3)
    assert notes["score_duration_s"].iloc[-1] == pytest.approx(last_s, abs=1e-3)


def test_a_note_that_sounds_through_a_change_of_tempo_lasts_as_long_as_it_does(heard: dict[str, Heard]) -> None:
    assert heard["tempo within a note"].notes["score_duration_s"].iloc[0] == pytest.approx(3.0, abs=1e-3)


def test_a_score_without_midi_keeps_the_tempo_that_it_prints(tmp_path: Path) -> None:
    notes = engraved(tmp_path, score(staff("\\tempo 4 = 240 c'4 d' e' f'"), "\\layout {}")).notes
    assert midi_notes(tmp_path) == []
    assert notes["score_onset_s"].tolist() == pytest.approx([0, 0.25, 0.5, 0.75], abs=1e-3)


def test_the_tempo_comes_from_the_played_score_with_the_same_notes(tmp_path: Path) -> None:
    one, two = staff("c'4 d' e' f'"), staff("g'4 a' b' c''")
    text = score(one, "\\layout {}") + score(two, "\\layout {}")
    text += score(two, "\\midi { \\tempo 4 = 30 }") + score(one, "\\midi { \\tempo 4 = 120 }")
    engraving = engraved(tmp_path, text)
    assert engraving.movements == 2
    begin_s = 4 * 0.5 + MOVEMENT_GAP_S
    expected = [0, 0.5, 1, 1.5, *(begin_s + second for second in (0, 2, 4, 6))]
    assert engraving.notes["score_onset_s"].tolist() == pytest.approx(expected, abs=1e-3)
    assert engraving.notes["position"].tolist() == list(range(8))


def test_tuplets_do_not_drift(heard: dict[str, Heard]) -> None:
    onset_s = heard["many tuplets"].notes["score_onset_s"]
    assert onset_s.tolist() == pytest.approx([i / 7 for i in range(56)], abs=3e-3)
    assert onset_s.iloc[::7].tolist() == pytest.approx(range(8), abs=1e-6)


def test_a_note_of_two_voices_is_heard_once_where_they_share_its_head(tmp_path: Path) -> None:
    merged = staff("\\mergeDifferentlyHeadedOn << { c''8 d'' c'' b' } \\\\ { c''2 } >> r2")
    notes = engraved(tmp_path, score(merged)).notes
    assert notes["pitch"].tolist() == [72, 74, 72, 71]
    assert notes["position"].tolist() == [0, 1, 2, 3]
    assert notes["score_duration_s"].iloc[0] == pytest.approx(2.0)


def test_what_has_no_head_is_heard_and_not_shown(tmp_path: Path) -> None:
    engraving = engraved(tmp_path, score(staff("c'4 \\hideNotes d' \\unHideNotes e' f'")))
    assert engraving.notes["pitch"].tolist() == [60, 64, 65]
    assert engraving.unprinted.round(3).to_numpy().tolist() == [[1, 1, 62]]


def test_ticks_are_those_of_the_score_whatever_the_tempo_and_leave_grace_notes_out(tmp_path: Path) -> None:
    music = staff("\\tempo 4 = 90 c'4 \\acciaccatura d'8 e'4 \\tempo 4 = 33 f'2~ f'1")
    engraving = engraved(tmp_path, score(music))
    ticks = dict(zip(engraving.notes["note_id"], engraving.notes["pitch"], strict=True))
    assert {ticks[name]: span for name, span in engraving.ticks.items()} == {
        60: (0, 384),
        64: (384, 768),
        65: (768, 1536 * 2),
    }
