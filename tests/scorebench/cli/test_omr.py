"""`scorebench omr`, with an engine that knows what is on the page."""

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from scorebench import omr_engines, registry
from scorebench.cli import cli
from scorebench.errors import DataError, ScorebenchError
from scorebench.omr import Reading, empty_reading
from tests.scorebench.readings import small_reading

music21 = pytest.importorskip("music21")


class Reads:
    def read(self, page: np.ndarray) -> Reading:
        assert page.shape == (500, 400)
        assert page.dtype == np.uint8
        return small_reading() if page.min() < 128 else empty_reading()


class Blind:
    def read(self, page: np.ndarray) -> Reading:
        raise DataError("this page is upside down; turn it")


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {"reads": "Reads", "blind": "Blind"}
    found = EntryPoints(EntryPoint(n, f"{__name__}:{c}", omr_engines.GROUP) for n, c in points.items())
    monkeypatch.setattr(registry, "entry_points", lambda group: found)
    omr_engines.engines.cache_clear()
    yield
    omr_engines.engines.cache_clear()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    picture = np.full((500, 400), 255, np.uint8)
    picture[100:200:20] = 0
    Image.fromarray(picture).save(tmp_path / "page.png")
    return tmp_path / "page.png"


def invoke(*words: Any) -> Result:
    return CliRunner().invoke(cli, ["omr", *map(str, words)])


def test_writes_score_midi_and_overlay(page: Path, tmp_path: Path) -> None:
    score, midi, overlay = tmp_path / "new" / "s.musicxml", tmp_path / "s.mid", tmp_path / "o.png"
    done = invoke(page, "-o", score, "-o", midi, "--overlay", overlay, "--engine", "reads")
    assert done.exit_code == 0, done.output
    assert "7 notes, 2 measures, 1 systems, confidence 0.90" in done.output
    assert len(music21.converter.parseFile(score, forceSource=True).parts) == 2
    assert midi.read_bytes()[:4] == b"MThd"
    drawn = np.asarray(Image.open(overlay).convert("RGB"))
    assert drawn.shape[0] / drawn.shape[1] == 500 / 400
    assert (drawn == (200, 30, 30)).all(axis=2).any()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "say what to write"),
        (("-o", "score.pdf"), "is written as .musicxml"),
        (("--overlay", "picture.jpg"), "an overlay is a .png"),
        (("-o", "s.mid", "--engine", "raeds"), "no OMR engine called 'raeds'; did you mean reads?"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_read(page: Path, words: tuple[str, ...], says: str) -> None:
    error = invoke(page, *words).exception
    assert isinstance(error, ScorebenchError)
    assert (error.exit_code, says in str(error)) == (2, True)


def test_a_page_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    assert invoke(tmp_path / "no.png", "-o", "s.mid").exit_code == 2


def failure(*words: Any) -> str:
    error = invoke(*words).exception
    assert isinstance(error, ScorebenchError)
    assert error.exit_code == 1
    return str(error)


def test_an_empty_page_and_what_an_engine_refuses_are_one_line(page: Path, tmp_path: Path) -> None:
    Image.new("L", (400, 500), 255).save(tmp_path / "empty.png")
    assert "found no music" in failure(tmp_path / "empty.png", "-o", tmp_path / "s.mid", "--engine", "reads")
    assert "upside down" in failure(page, "-o", tmp_path / "s.mid", "--engine", "blind")
    assert not (tmp_path / "s.mid").exists()


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_is_no_picture_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    assert "bad.png: not a picture" in failure(tmp_path / "bad.png", "-o", tmp_path / "s.mid", "--engine", "reads")


def test_the_engines_that_ship_are_named_in_the_help() -> None:
    done = CliRunner().invoke(cli, ["omr", "--help"])
    assert "audiveris, homr, oemer" in done.output
    assert "Example" in done.output
