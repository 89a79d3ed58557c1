"""Small LilyPond sources, engraved as pieces of MSMD are; and what LilyPond's own MIDI file says of them."""

from pathlib import Path

import pytest

from scorebench.build.lilypond_score import LilypondEngraving, engrave_lilypond
from scorebench.build.msmd_rebuild import tools
from scorebench.errors import MissingDependencyError


def _missing() -> str:
    try:
        tools()
    except MissingDependencyError as error:
        return str(error)
    return ""


needs_lilypond = pytest.mark.skipif(bool(_missing()), reason=_missing())

PRINTED_AND_PLAYED = "\\layout {} \\midi {}"


def score(music: str, output: str = PRINTED_AND_PLAYED) -> str:
    """One \\score of a music expression."""
    return f"\\score {{ {music} {output} }}\n"


def staff(notes: str) -> str:
    """Music on one staff."""
    return f"\\new Staff {{ {notes} }}"


def write_source(folder: Path, text: str) -> Path:
    """x.ly in ``folder``."""
    source = folder / "x.ly"
    source.write_text(f'\\version "2.24.0"\n{text}')
    return source


def engraved(folder: Path, text: str) -> LilypondEngraving:
    """The same, engraved in ``folder``."""
    return engrave_lilypond(write_source(folder, text), "x")


def midi_notes(folder: Path) -> list[list[tuple[float, int]]]:
    """(second, pitch) of every note-on, in order, of each MIDI file that LilyPond wrote beside x.ly."""
    import mido

    found = []
    for path in sorted(folder.glob("x*.mid*"), key=lambda p: (len(p.name), p.name)):
        notes, now = [], 0.0
        for message in mido.MidiFile(path):
            now += message.time
            if message.type == "note_on" and message.velocity:
                notes.append((round(now, 4), message.note))
        found.append(sorted(notes))
    return found
