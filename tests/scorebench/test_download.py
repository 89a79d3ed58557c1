"""Fetching and unpacking, against a server on this machine that can be nasty."""

import hashlib
import http.server
import stat
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scorebench.download import fetch, unpack
from scorebench.errors import DataError

CONTENT = bytes(range(256)) * 8000


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT; how is set on the class."""

    breaks_after: int | None = None
    ranges = True
    status = 200
    asked: list[str | None] = []  # noqa: RUF012 - shared on purpose

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        Server.asked.append(wanted)
        if Server.status != 200:
            self.send_error(Server.status)
            return
        begin = int(wanted.split("=")[1].rstrip("-")) if wanted and Server.ranges else 0
        if begin >= len(CONTENT):
            self.send_error(416)
            return
        rest = CONTENT[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: Server.breaks_after])

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    Server.breaks_after, Server.ranges, Server.status, Server.asked = None, True, 200, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/msmd.zip"
        server.shutdown()


def sha256() -> str:
    return hashlib.sha256(CONTENT).hexdigest()


def test_the_whole_file_with_progress(url: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = tmp_path / "a/msmd.zip"
    assert fetch(url, path, sha256(), lambda done, total: seen.append((done, total))) == sha256()
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert sorted(p.name for p in path.parent.iterdir()) == ["msmd.zip", "msmd.zip.sha256"]


@pytest.mark.parametrize("ranges", [True, False])
def test_broken_off_and_run_again(url: str, tmp_path: Path, ranges: bool) -> None:
    path = tmp_path / "msmd.zip"
    Server.breaks_after, Server.ranges = 1_000_000, ranges
    with pytest.raises(DataError, match=r"broke off.*run it again"):
        fetch(url, path, None)
    assert not path.exists()
    assert (tmp_path / "msmd.zip.part").stat().st_size == 1_000_000
    Server.breaks_after = None
    assert fetch(url, path, None) == sha256()
    assert path.read_bytes() == CONTENT
    assert Server.asked == [None, "bytes=1000000-"]


def test_a_part_that_is_already_whole(url: str, tmp_path: Path) -> None:
    (tmp_path / "msmd.zip.part").write_bytes(CONTENT)
    assert fetch(url, tmp_path / "msmd.zip", sha256()) == sha256()


def test_a_wrong_checksum_is_refused_and_nothing_kept(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"sha256 is {sha256()}, expected 0000"):
        fetch(url, tmp_path / "msmd.zip", "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_checksum_is_locked(url: str, tmp_path: Path) -> None:
    path = tmp_path / "msmd.zip"
    fetch(url, path, None)
    path.write_bytes(b"something else")
    with pytest.raises(DataError, match="expected"):
        fetch(url, path, None)
    assert fetch(url, path, None) == sha256()


def test_no_such_file_and_no_server(url: str, tmp_path: Path) -> None:
    Server.status = 404
    with pytest.raises(DataError, match=r"404.*--archive"):
        fetch(url, tmp_path / "msmd.zip", None)
    with pytest.raises(DataError, match=r"no connection.*--archive"):
        fetch("http://127.0.0.1:9/msmd.zip", tmp_path / "msmd.zip", None)


def archive(path: Path, *names: str, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, content)
    return path


def test_unpacking(tmp_path: Path) -> None:
    counted: list[int] = []
    unpack(archive(tmp_path / "a.zip", "m/a.npz", "m/b/c.wav"), tmp_path / "out", lambda: counted.append(1))
    assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")) == [
        "m/a.npz",
        "m/b/c.wav",
    ]
    assert len(counted) == 2


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:/evil", "a\\..\\evil"])
def test_a_member_that_would_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="would leave the folder"):
        unpack(archive(tmp_path / "a.zip", "good", name), tmp_path / "in/out")
    assert [p.name for p in tmp_path.rglob("*")] == ["a.zip"]


def test_links_and_doubles_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="would leave the folder"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    with pytest.raises(DataError, match="two members"):
        unpack(archive(tmp_path / "b.zip", "a", "A"), tmp_path / "out")


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scorebench.download.MAX_UNPACKED_BYTES", 10)
    with pytest.raises(DataError, match="unpacks to more than"):
        unpack(archive(tmp_path / "a.zip", "a", content=bytes(11)), tmp_path / "out")


def test_a_truncated_archive(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", "a", content=bytes(5000))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match=r"a\.zip: no complete zip archive"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
