"""Files of strangers: read where they are sound, refused where they are not, and never unpacked."""

import io
import zipfile
from pathlib import Path

import pytest

from baselines.omr.engines import documents
from baselines.omr.engines.documents import read_document
from scorebench.errors import DataError
from tests.baselines.omr.engines.scores import HOMR, OEMER

CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


def zipped(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("text", [HOMR, OEMER])
def test_plain_and_zipped_scores_are_the_same(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.musicxml").write_text(text)
    zipped(
        tmp_path / "b.mxl", **{"META-INF/container.xml": CONTAINER.format("x/s.xml"), "x/s.xml": text, "z.xml": "<a/>"}
    )
    zipped(tmp_path / "c.mxl", **{"s.musicxml": text})
    plain, contained, bare = (read_document(tmp_path / name) for name in ("a.musicxml", "b.mxl", "c.mxl"))
    assert plain.tag == "score-partwise"
    assert len(list(plain.iter("note"))) == len(list(contained.iter("note"))) == len(list(bare.iter("note"))) > 0


def test_other_encodings_are_read_as_declared(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><score-partwise><part/></score-partwise>'
    (tmp_path / "a.xml").write_bytes(text.encode("utf-16"))
    assert read_document(tmp_path / "a.xml").find("part") is not None


ENTITIES = '<!DOCTYPE score-partwise [<!ENTITY a "{}">]><score-partwise>&a;</score-partwise>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not XML"),
        (b"nonsense", "not XML"),
        (b"<score-partwise><part>", "not XML"),
        (b'<?xml version="1.0" encoding="no-such-code"?><score-partwise/>', "not XML"),
        (b"<score-timewise/>", "holds a score-timewise"),
        (ENTITIES.format("x").encode(), "entities"),
        (b'<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><score-partwise>&a;</score-partwise>', "entities"),
        (b'<!DOCTYPE s [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><score-partwise/>', "entities"),
        (b"<score-partwise>" + b"<a>" * 200 + b"</a>" * 200 + b"</score-partwise>", "inside each other"),
        (b"PK\x03\x04 and no more", "cannot be read"),
    ],
)
def test_what_is_no_sound_score_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "bad.xml").write_bytes(content)
    with pytest.raises(DataError, match=says) as refused:
        read_document(tmp_path / "bad.xml")
    assert "bad.xml" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.xml: cannot be read"):
        read_document(tmp_path / "no.xml")


@pytest.mark.parametrize(
    "members",
    [
        {"readme.txt": "hello"},
        {"META-INF/container.xml": CONTAINER.format("absent.xml")},
        {"META-INF/container.xml": "<container/>", "s.xml": HOMR},
    ],
)
def test_an_archive_without_its_score_is_said(tmp_path: Path, members: dict[str, str]) -> None:
    with pytest.raises(DataError, match="names no score"):
        read_document(zipped(tmp_path / "a.mxl", **members))


def test_names_that_lead_out_of_the_archive_lead_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    evil = "../evil.xml"
    zipped(folder / "a.mxl", **{"META-INF/container.xml": CONTAINER.format(evil), evil: HOMR})
    assert read_document(folder / "a.mxl").tag == "score-partwise"
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a.mxl"]


def test_what_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 10_000)
    bomb = zipped(tmp_path / "a.mxl", **{"s.xml": b"<score-partwise>" + b" " * 50_000_000})
    asked: list[int] = []
    read = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda self, n=-1: (asked.append(n), read(self, n))[1])
    with pytest.raises(DataError, match="no page of music"):
        read_document(bomb)
    assert asked == [10_001]
    (tmp_path / "b.xml").write_bytes(b"<score-partwise>" + b" " * 20_000)
    with pytest.raises(DataError, match="no page of music"):
        read_document(tmp_path / "b.xml")


def test_a_damaged_archive_is_said(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("s.xml", HOMR)
    content = bytearray(whole.getvalue())
    content[60] ^= 0xFF
    (tmp_path / "a.mxl").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.mxl: cannot be read"):
        read_document(tmp_path / "a.mxl")
