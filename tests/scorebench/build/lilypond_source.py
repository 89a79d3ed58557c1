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


def write_source(folder: Path, music: str, output: str = "\\layout {} \\midi {}", head: str = "") -> Path:
    """A file with one score of ``music`` (a music expression), printed and played unless ``output`` says otherwise."""
    source = folder / "x.ly"
    source.write_text(f'\\version "2.24.0"\n{head}\n\\score {{ {music} {output} }}\n')
    return source


def engraved(folder: Path, music: str, output: str = "\\layout {} \\midi {}", head: str = "") -> LilypondEngraving:
    """The same, engraved in ``folder``."""
    return engrave_lilypond(write_source(folder, music, output, head), "x")
