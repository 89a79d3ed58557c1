"""Programs of other people, played by small scripts: what they write is read, how they fail is said."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from baselines.omr.engines.external import audiveris, homr, oemer
from baselines.omr.engines.running import TIMEOUT_VARIABLE, WIDTH_PX
from scorebench.errors import DataError, MissingDependencyError, ScorebenchError, UsageError
from scorebench.omr import OmrEngine
from tests.baselines.omr.engines.scores import HOMR, OEMER, audiveris_score
from tests.baselines.omr.engines.test_documents import CONTAINER, zipped
from tests.scorebench.readings import small_reading

PAGE = np.full((1181, 835), 255, np.uint8)
Script = Callable[[str, str], Path]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """A program that runs some lines of sh, in the place of an engine's."""

    def make(engine: str, lines: str) -> Path:
        path = tmp_path / f"{engine} program"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        monkeypatch.setenv(f"SCOREBENCH_{engine.upper()}", str(path))
        return path

    return make


def test_audiveris_is_asked_for_an_export_and_its_archive_is_read(tmp_path: Path, script: Script) -> None:
    text = audiveris_score(small_reading(), (835, 1181), 7.0)
    zipped(tmp_path / "score.mxl", **{"META-INF/container.xml": CONTAINER.format("s.xml"), "s.xml": text})
    script(
        "audiveris", f'echo "$@" > "{tmp_path}/asked"; mkdir "$5/page"; cp "{tmp_path}/score.mxl" "$5/page/page.mxl"'
    )
    reading = audiveris().read(PAGE)
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:4] == ["-batch", "-transcribe", "-export", "-output"]
    assert asked[5] == "--"
    assert reading.confidence == 1.0
    assert reading.notes["spelling"].tolist() == small_reading().notes["spelling"].tolist()
    np.testing.assert_allclose(reading.notes["x_px"], small_reading().notes["x_px"], atol=1)


def test_homr_writes_beside_the_picture(tmp_path: Path, script: Script) -> None:
    (tmp_path / "score").write_text(HOMR)
    script("homr", f'cp "$1" "{tmp_path}/seen.png"; cp "{tmp_path}/score" "${{1%.png}}.musicxml"')
    reading = homr().read(PAGE)
    assert reading.notes["spelling"].tolist() == ["F#5", "D3", "G5", "B4", "G5", "A5", "G5"]
    assert reading.confidence < 1
    seen = Image.open(tmp_path / "seen.png")
    assert abs(seen.width - WIDTH_PX) < 50
    assert seen.width / seen.height == pytest.approx(835 / 1181)


def test_oemer_writes_where_it_is_told(tmp_path: Path, script: Script) -> None:
    (tmp_path / "score").write_text(OEMER)
    script("oemer", f'cp "{tmp_path}/score" "$3/page.musicxml"')
    assert oemer().read(PAGE).notes["pitch"].tolist() == [70, 75, 46]


def test_nothing_is_left_behind(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "t").mkdir()
    (tmp_path / "score").write_text(HOMR)
    script("homr", f'cp "{tmp_path}/score" "${{1%.png}}.musicxml"; touch here')
    homr().read(PAGE)
    script("homr", "exit 1")
    with pytest.raises(ScorebenchError):
        homr().read(PAGE)
    assert list((tmp_path / "t").iterdir()) == []


@pytest.mark.parametrize("make", [audiveris, homr, oemer])
def test_what_is_not_installed_says_how_to_get_it(
    make: Callable[[], OmrEngine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(f"SCOREBENCH_{make.__name__.upper()}", raising=False)
    with pytest.raises(MissingDependencyError, match=f"{make.__name__} is not installed .*or set SCOREBENCH_"):
        make()


def test_a_variable_that_names_no_program_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOREBENCH_HOMR", str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match=r"SCOREBENCH_HOMR is .*nothing, which is no program"):
        homr()


def test_a_program_that_hangs_is_ended_with_its_children(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script("homr", f'sleep 300 & echo $! > "{tmp_path}/child"; sleep 300')
    monkeypatch.setenv(TIMEOUT_VARIABLE, "1.5")
    began = time.monotonic()
    with pytest.raises(ScorebenchError, match=r"homr was ended: 1\.5 s were not enough.*SCOREBENCH_OMR_TIMEOUT_S"):
        homr().read(PAGE)
    assert time.monotonic() - began < 60
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _runs(child):
            return
        time.sleep(0.05)
    raise AssertionError("its child still runs")


def _runs(pid: int) -> bool:
    """Whether the process is there and no mere zombie that nobody has asked for yet."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("seconds", ["soon", "-1", "0", "nan", "inf"])
def test_a_limit_that_is_none_is_said(script: Script, monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    script("homr", "true")
    monkeypatch.setenv(TIMEOUT_VARIABLE, seconds)
    with pytest.raises(UsageError, match="give a number of seconds"):
        homr().read(PAGE)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("echo first; echo no GPU here >&2; exit 3", r"failed on this page \(exit code 3\).*no GPU here"),
        ("exit 1", r"exit code 1\); it said nothing"),
        ("kill -9 $$", r"exit code -9"),
        ("echo no staff found", "wrote no score; its last words: no staff found"),
        ('echo nonsense > "${1%.png}.musicxml"', r"page\.musicxml: not XML"),
        (': > "${1%.png}.musicxml"', r"page\.musicxml: not XML"),
        ('ln -s /etc/hostname "${1%.png}.musicxml"', "wrote no score"),
    ],
)
def test_how_a_program_fails_is_said(script: Script, lines: str, says: str) -> None:
    script("homr", lines)
    with pytest.raises(ScorebenchError, match=says):
        homr().read(PAGE)


def test_a_score_without_notes_is_nothing_read(tmp_path: Path, script: Script) -> None:
    (tmp_path / "score").write_text('<score-partwise><part id="P1"><measure/></part></score-partwise>')
    script("homr", f'cp "{tmp_path}/score" "${{1%.png}}.musicxml"')
    assert homr().read(PAGE).confidence == 0


@pytest.mark.parametrize("page", [np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5)), np.zeros((0, 5), np.uint8)])
def test_what_is_no_grey_picture_is_refused(script: Script, page: np.ndarray) -> None:
    script("homr", "true")
    with pytest.raises(DataError, match="homr reads a grey picture"):
        homr().read(page)
