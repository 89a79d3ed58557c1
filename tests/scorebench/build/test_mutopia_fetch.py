"""Sources from two commits become one folder."""

import functools
import http.server
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scorebench.build.msmd_rebuild import Source
from scorebench.build.mutopia_fetch import fetch_sources
from scorebench.errors import DataError


def piece(name: str, commit: str) -> Source:
    return Source(name, "test", f"ftp/Nobody/O1/{name}/{name}.ly", commit, "CC0", False)


PIECES = [piece("one", "aaaa"), piece("two", "aaaa"), piece("three", "bbbb")]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    served = tmp_path / "served"
    served.mkdir()
    for commit in ("aaaa", "bbbb"):
        with zipfile.ZipFile(served / f"{commit}.zip", "w") as file:
            for one in PIECES:
                file.writestr(f"MutopiaProject-{commit}/{one.path}", f"% of {commit}")
    zipfile.ZipFile(served / "cccc.zip", "w").close()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{{commit}}.zip"
        server.shutdown()


def test_each_piece_is_of_its_own_commit(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path / "cache"))
    home = fetch_sources(address, PIECES)
    assert {p.piece: (home / p.path).read_text() for p in PIECES} == {
        "one": "% of aaaa",
        "two": "% of aaaa",
        "three": "% of bbbb",
    }
    assert fetch_sources("http://127.0.0.1:9/{commit}.zip", PIECES) == home


def test_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError, match="no connection"):
        fetch_sources("http://127.0.0.1:9/{commit}.zip", PIECES)


def test_an_archive_of_something_else(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError):
        fetch_sources(address, [piece("one", "cccc")])
