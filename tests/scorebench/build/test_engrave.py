"""Engraving: what is printed, what sounds, and that the two are tied."""

import base64

import numpy as np
import pytest

from scorebench.build.corpus import read_card, score_text
from scorebench.build.engrave import Engraving, engrave, open_score, sounding_notes
from scorebench.build.musicxml import prepare
from scorebench.errors import DataError

HEAD = """<score-partwise version="3.1"><part-list><score-part id="P1"><part-name/></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>4</divisions><key><fifths>0</fifths></key>
<time><beats>4</beats><beat-type>4</beat-type></time><staves>2</staves><clef number="1"><sign>G</sign><line>2</line>
</clef><clef number="2"><sign>F</sign><line>4</line></clef></attributes>"""
TAIL = "</measure></part></score-partwise>"
NEXT = '</measure><measure number="{}">'


def note(step: str, octave: int, quarters: float, more: str = "", staff: int = 1, before: str = "") -> str:
    kind = {4: "whole", 2: "half", 1: "quarter", 0.5: "eighth"}[quarters]
    return (
        f"<note>{before}<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
        f"<duration>{int(quarters * 4)}</duration>{tie(more)}<voice>1</voice><type>{kind}</type>"
        f"<staff>{staff}</staff>{more}</note>"
    )


def tie(notations: str) -> str:
    return "".join(f'<tie type="{kind}"/>' for kind in ("stop", "start") if f'tied type="{kind}"' in notations)


def grace(step: str, octave: int, slash: bool = False) -> str:
    mark = '<grace slash="yes"/>' if slash else "<grace/>"
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{mark}{pitch}<voice>1</voice><type>eighth</type><staff>1</staff></note>"


def tied(*kinds: str) -> str:
    return "<notations>" + "".join(f'<tied type="{k}"/>' for k in kinds) + "</notations>"


def page(music: str, tempo_bpm: float = 60) -> Engraving:
    return engrave(prepare(HEAD + music + TAIL, "Title", "Composer", tempo_bpm), "snippet")


def midi_note_ons(toolkit: object) -> int:
    """Count note-ons in Verovio's MIDI: chunks, variable-length times, running status."""
    data = base64.b64decode(toolkit.renderToMIDI())  # type: ignore[attr-defined]
    at, count = 14, 0
    while at < len(data):
        end, at, status = at + 8 + int.from_bytes(data[at + 4 : at + 8]), at + 8, 0
        while at < end:
            while data[at] & 0x80:
                at += 1
            at += 1
            if data[at] & 0x80:
                status, at = data[at], at + 1
            if status in (0xFF, 0xF0):
                at += status == 0xFF
                size = 0
                while data[at] & 0x80:
                    size, at = (size << 7) | (data[at] & 0x7F), at + 1
                at += 1 + ((size << 7) | data[at])
                continue
            count += status & 0xF0 == 0x90 and data[at + 1] > 0
            at += 1 if status & 0xF0 in (0xC0, 0xD0) else 2
    return count


def test_scale_is_timed_and_placed() -> None:
    made = page("".join(note(s, 4, 1) for s in "CDEF"))
    notes, systems = made.notes, made.pages[0].systems
    assert made.pages[0].image.shape == (1181, 835)
    assert made.pages[0].image.dtype == np.uint8
    assert list(notes["pitch"]) == [60, 62, 64, 65]
    assert list(notes["position"]) == [0, 1, 2, 3]
    np.testing.assert_allclose(notes["score_onset_s"], [0, 1, 2, 3])
    np.testing.assert_allclose(notes["score_duration_s"], 1)
    assert (np.diff(notes["x_px"]) > 10).all()
    np.testing.assert_allclose(np.diff(notes["y_px"]), -3.5)  # one step is half a staff space: 7 px
    assert len(systems) == 1
    # two staves of 28 px, the upper's top line is 5 steps above E4, its bottom line
    assert notes["y_px"][2] - (systems["y_px"][0] - systems["h_px"][0] / 2) == pytest.approx(28)


def test_every_head_is_dark_on_the_page() -> None:
    made = page("".join(note(s, 4, 1) for s in "CDEF"))
    for x, y in made.notes[["x_px", "y_px"]].round().astype(int).to_numpy():
        assert made.pages[0].image[y - 1 : y + 2, x - 2 : x + 3].max() < 128


def test_system_box_ends_at_its_staff_lines() -> None:
    made = page("".join(note(s, 4, 1) for s in "CDEF"))
    box, image = made.pages[0].systems.iloc[0], made.pages[0].image
    left, right = box["x_px"] - box["w_px"] / 2, box["x_px"] + box["w_px"] / 2
    bottom = round(box["y_px"] + box["h_px"] / 2 - 0.5)
    dark = np.flatnonzero(image[bottom - 1 : bottom + 2].min(axis=0) < 200)
    assert abs(dark[0] - left) < 12  # the brace stands left of the lines
    assert abs(dark[-1] - right) < 2
    assert image[bottom + 2 :, round(left) : round(right)].min() == 255  # nothing below


def test_bars_share_the_system() -> None:
    made = page(note("C", 4, 4) + NEXT.format(2) + note("D", 4, 4))
    bars, system = made.pages[0].bars, made.pages[0].systems.iloc[0]
    assert bars is not None
    assert list(bars["bar"]) == [0, 1]
    assert bars["w_px"].sum() == pytest.approx(system["w_px"], abs=1)
    assert (bars["h_px"] == system["h_px"]).all()


def test_tie_sounds_once_and_long() -> None:
    music = note("C", 4, 4, tied("start")) + NEXT.format(2) + note("C", 4, 4, tied("stop", "start"))
    made = page(music + NEXT.format(3) + note("C", 4, 2, tied("stop")) + note("D", 4, 2))
    assert list(made.notes["pitch"]) == [60, 62]
    np.testing.assert_allclose(made.notes["score_onset_s"], [0, 10])
    np.testing.assert_allclose(made.notes["score_duration_s"], [10, 2])
    bars = made.pages[0].bars
    assert bars is not None
    assert made.notes["x_px"][0] < bars["x_px"][0] + bars["w_px"][0] / 2  # at the first head


def test_chord_is_one_position() -> None:
    made = page(note("C", 4, 4) + note("E", 4, 4, before="<chord/>") + note("F", 4, 4, before="<chord/>"))
    assert list(made.notes["position"]) == [0, 0, 0]
    assert made.notes["x_px"][0] == made.notes["x_px"][1]
    assert made.notes["x_px"][2] > made.notes["x_px"][1] + 5  # a second stands on the other side of the stem


def test_arpeggio_begins_together() -> None:
    mark = "<notations><arpeggiate/></notations>"
    chord = note("C", 4, 4, mark) + note("E", 4, 4, mark, before="<chord/>") + note("G", 4, 4, mark, before="<chord/>")
    made = page(chord)
    assert list(made.notes["position"]) == [0, 0, 0]
    np.testing.assert_allclose(made.notes["score_onset_s"], 0)
    np.testing.assert_allclose(made.notes["score_duration_s"], 4)


@pytest.mark.parametrize(("slash", "begins", "main"), [(False, 2, 3), (True, 1.9707, 2)])
def test_grace_note_comes_first(slash: bool, begins: float, main: float) -> None:
    """Without a slash it takes half of the note that follows, with one it is a moment before it."""
    made = page(note("C", 4, 2) + grace("E", 4, slash) + note("D", 4, 2))
    assert list(made.notes["pitch"]) == [60, 64, 62]
    assert list(made.notes["position"]) == [0, 1, 2]
    np.testing.assert_allclose(made.notes["score_onset_s"], [0, begins, main], atol=1e-4)
    assert made.notes["x_px"][1] < made.notes["x_px"][2]


@pytest.mark.parametrize("slash", [False, True])
def test_grace_note_at_the_very_beginning(slash: bool) -> None:
    made = page(grace("E", 4, slash) + note("D", 4, 2))
    assert list(made.notes["pitch"]) == [64, 62]
    assert made.notes["score_onset_s"][0] == 0


def test_cross_staff_note_stands_where_it_is_drawn() -> None:
    made = page(note("G", 4, 2) + note("C", 3, 2, staff=2))
    system, upper, lower = made.pages[0].systems.iloc[0], *made.notes["y_px"]
    assert upper < system["y_px"] < lower
    assert list(made.notes["system"]) == [0, 0]


def test_repeats_and_voltas_are_not_played() -> None:
    end = '<barline location="right">{}<repeat direction="backward"/></barline>'
    first = note("C", 4, 4) + NEXT.format(2) + '<barline location="left"><ending number="1" type="start"/></barline>'
    first += note("D", 4, 4) + end.format('<ending number="1" type="stop"/>') + NEXT.format(3)
    second = '<barline location="left"><ending number="2" type="start"/></barline>' + note("E", 4, 4)
    made = page(first + second)
    assert list(made.notes["pitch"]) == [60, 62, 64]
    np.testing.assert_allclose(made.notes["score_onset_s"], [0, 4, 8])


def test_trill_sounds_as_printed() -> None:
    made = page(note("C", 4, 4, "<notations><ornaments><trill-mark/></ornaments></notations>"))
    assert list(made.notes["pitch"]) == [60]
    np.testing.assert_allclose(made.notes["score_duration_s"], 4)


def test_hidden_note_is_left_out() -> None:
    hidden = note("D", 4, 2).replace("<note>", '<note print-object="no">')
    made = page(note("C", 4, 2) + hidden)
    assert list(made.notes["pitch"]) == [60]
    assert len(made.left_out) == 1


def test_tempo_changes_move_later_notes() -> None:
    change = '<direction><direction-type><words/></direction-type><sound tempo="120"/></direction>'
    start = change.replace("120", "60")
    made = engrave(
        prepare(HEAD + start + note("C", 4, 4) + NEXT.format(2) + change + note("D", 4, 4) + TAIL, "", ""), "x"
    )
    np.testing.assert_allclose(made.notes["score_onset_s"], [0, 4])
    np.testing.assert_allclose(made.notes["score_duration_s"], [4, 2])


def test_first_stated_tempo_holds_from_the_start_else_80() -> None:
    change = '<direction><direction-type><words/></direction-type><sound tempo="120"/></direction>'
    late = HEAD + note("C", 4, 4) + NEXT.format(2) + change + note("D", 4, 4) + TAIL
    np.testing.assert_allclose(engrave(prepare(late, "", ""), "x").notes["score_onset_s"], [0, 2])
    np.testing.assert_allclose(
        engrave(prepare(HEAD + note("C", 4, 4) + TAIL, "", ""), "x").notes["score_duration_s"], 3
    )


def test_words_are_freed_of_marks_that_cannot_be_drawn() -> None:
    mark = "<metronome><beat-unit>quarter</beat-unit><per-minute>50</per-minute></metronome>"
    kinds = "".join(
        f"<direction-type>{k}</direction-type>" for k in ("<words>Largo (</words>", mark, "<words>)</words>")
    )
    lyric = note("C", 4, 4).replace("</note>", "<lyric><text>sung</text></lyric></note>")
    text = prepare(HEAD + f'<direction>{kinds}<sound tempo="50"/></direction>' + lyric + TAIL, "Title", "Composer")
    assert ">Largo<" in text
    assert not any(word in text for word in ("(", "metronome", "sung"))
    np.testing.assert_allclose(engrave(text, "x").notes["score_duration_s"], 4 * 60 / 50)


def test_same_score_same_bytes() -> None:
    one, other = (page("".join(note(s, 4, 1) for s in "CDEF")) for _ in range(2))
    assert one.notes.equals(other.notes)
    assert np.array_equal(one.pages[0].image, other.pages[0].image)


def test_ids_of_the_score_are_kept() -> None:
    named = note("C", 4, 4).replace("<note>", '<note id="my-note">')
    assert list(page(named).notes["note_id"]) == ["my-note"]


@pytest.mark.parametrize("text", ["", "not a score", "<score-partwise/>"])
def test_not_a_score(text: str) -> None:
    with pytest.raises(DataError, match="piece"):
        engrave(text, "piece")


def test_score_of_rests() -> None:
    rest = "<note><rest/><duration>16</duration><voice>1</voice><staff>1</staff></note>"
    with pytest.raises(DataError, match="no notes"):
        engrave(HEAD + rest + TAIL, "piece")


@pytest.mark.parametrize("piece", read_card("mini").pieces, ids=lambda p: p.name)
def test_notes_are_verovios_own_note_ons(piece: object) -> None:
    """Ties sound once, nothing is lost. The MIDI alone plays tremolos out, as many strikes of one note."""
    toolkit = open_score(score_text(piece), piece.name)  # type: ignore[attr-defined, arg-type]
    notes = sounding_notes(toolkit)
    strikes = midi_note_ons(toolkit)
    if "bTrem" in toolkit.getMEI():
        assert strikes > len(notes)
    else:
        assert strikes == len(notes)
