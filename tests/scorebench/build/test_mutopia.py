"""Sources of the Mutopia project, made ready: old syntax, odd paper, repeats that only sound, includes."""

from pathlib import Path

import pytest

from scorebench.build.engrave import PAGE_HEIGHT_PX, PAGE_WIDTH_PX
from scorebench.build.lilypond_score import LilypondEngraving, engrave_lilypond
from scorebench.build.mutopia import ready_source
from scorebench.errors import DataError
from tests.scorebench.build.lilypond_source import needs_lilypond

HOME = "ftp/NobodyN/O1/waltz"
PATH = f"{HOME}/waltz.ly"
SCORE = "\\score { \\new Staff { c'4 d' e' f' } \\layout {} \\midi {} }\n"


def write(root: Path, text: str, path: str = PATH) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("latin-1"))
    return file


def ready(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return ready_source(tmp_path / "source", PATH, tmp_path / "work")


def engraved(tmp_path: Path) -> LilypondEngraving:
    return engrave_lilypond(ready(tmp_path), "waltz")


PAPERS = [
    '#(set-default-paper-size "letter" \'landscape)\n',
    '\\paper { #(set-paper-size "a3landscape") paper-width = 8.5\\in paper-height = 11.0 \\in }\n',
    "\\paper {\n  paper-width = 280\\mm % landscape\n  paper-height = 200 }\n",
]


@needs_lilypond
@pytest.mark.parametrize("paper", PAPERS)
def test_every_paper_becomes_a4(tmp_path: Path, paper: str) -> None:
    write(tmp_path / "source", f'\\version "2.24.0"\n{paper}{SCORE}')
    engraving = engraved(tmp_path)
    assert engraving.pages[0].image.shape == (PAGE_HEIGHT_PX, PAGE_WIDTH_PX)
    assert engraving.notes["pitch"].tolist() == [60, 62, 64, 65]


@needs_lilypond
def test_repeats_that_only_sound_are_not_played(tmp_path: Path) -> None:
    music = "\\new Staff { \\repeat volta 2 { c'4 d' e' f' } }"
    played = f"\\score {{ \\unfoldRepeats {music} \\midi {{ \\tempo 4 = 120 }} }}"
    write(tmp_path / "source", f'\\version "2.24.0"\n\\score {{ {music} \\layout {{}} }}\n{played}')
    notes = engraved(tmp_path).notes
    assert notes["score_onset_s"].tolist() == pytest.approx([0, 0.5, 1, 1.5], abs=1e-3)


@needs_lilypond
def test_old_syntax_latin_1_and_no_version(tmp_path: Path) -> None:
    head = '\\header { title = "Fr\xe8re" }\r\n'
    write(tmp_path / "source", f"{head}\\score {{ {{ #(set-accidental-style 'modern) c'4 d' e' f' }} }}\r\n")
    assert engraved(tmp_path).notes["pitch"].tolist() == [60, 62, 64, 65]


@needs_lilypond
def test_what_convert_ly_leaves_behind(tmp_path: Path) -> None:
    head = '\\version "2.6.0"\n\\header { title = "by " + \\maker + "!" maker = "N" }\n'
    write(tmp_path / "source", f"{head}\\score {{ {{ #(set-octavation 1) c4 d #(set-octavation 0)| e'' f'' }} }}")
    assert engraved(tmp_path).notes["pitch"].tolist() == [48, 50, 76, 77]


@needs_lilypond
def test_includes_are_found_all_over_the_folder_of_the_piece(tmp_path: Path) -> None:
    source, deep = tmp_path / "source", f"{HOME}/lys/waltz.ly"
    write(source, '\\include "parts/right.ily"\n\\include "../common.ily"\n\\score { \\right }', deep)
    write(source, "right = { #(set-accidental-style 'modern) c'4 d' e' f' }", f"{HOME}/lys/parts/right.ily")
    write(source, '#(set-default-paper-size "letter")\n', f"{HOME}/common.ily")
    made = ready_source(source, deep, tmp_path / "work")
    assert "\\accidentalStyle modern" in (made.parent / "parts/right.ily").read_text()  # brought up to date too
    assert engrave_lilypond(made, "waltz").notes["pitch"].tolist() == [60, 62, 64, 65]


def test_files_that_include_each_other_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted: list[str] = []
    monkeypatch.setattr("scorebench.build.mutopia.convert", lambda files: converted.extend(path.name for path in files))
    write(tmp_path / "source", '\\include "a.ily"\n\\include "waltz.ly"\n% \\include "c.ily"\n')
    write(tmp_path / "source", '\\include "b.ily"\n', f"{HOME}/a.ily")
    write(tmp_path / "source", '\\include "a.ily"\n', f"{HOME}/b.ily")
    write(tmp_path / "source", "", f"{HOME}/c.ily")
    ready(tmp_path)
    assert converted == ["waltz.ly", "a.ily", "b.ily"]


def test_files_outside_the_work_folder_are_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scorebench.build.mutopia.convert", lambda files: None)
    (tmp_path / "work").mkdir()
    private, above = tmp_path / "private.ily", tmp_path / "source/ftp/NobodyN/O1/waltz/a.ily"
    for file in (private, above):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\\unfoldRepeats")
    up = "../" * 5
    write(tmp_path / "source", f'\\include "{private}"\n\\include "{up}private.ily"\n\\include "{above}"\n')
    ready_source(tmp_path / "source", PATH, tmp_path / "work")
    assert private.read_text() == above.read_text() == "\\unfoldRepeats"


@pytest.mark.parametrize("path", ["ftp/NobodyN/O1/none/none.ly", "../private.ly", "ftp/../../private.ly"])
def test_a_source_that_is_missing_or_elsewhere_is_named(tmp_path: Path, path: str) -> None:
    (tmp_path / "source/ftp").mkdir(parents=True)
    (tmp_path / "private.ly").write_text(SCORE)
    with pytest.raises(DataError, match="not in the source folder") as raised:
        ready_source(tmp_path / "source", path, tmp_path / "work")
    assert str(raised.value).startswith(path)


@needs_lilypond
def test_a_missing_include_is_one_line(tmp_path: Path) -> None:
    write(tmp_path / "source", f'\\version "2.24.0"\n\\include "nothing.ily"\n{SCORE}')
    with pytest.raises(DataError, match=r"^LilyPond: error: cannot find file: `nothing\.ily'.*$"):
        engraved(tmp_path)
