"""``scorebench weights``: what it prints and how it ends, against a server on this machine."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scorebench.cli import COMMANDS
from scorebench.cli.weights import weights
from scorebench.errors import DataError, UsageError
from scorebench.published import published

torch = pytest.importorskip("torch")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a folder with a checkpoint and a config; the cache is empty."""
    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "served"
    folder.mkdir()
    torch.save({"weight": torch.ones(3)}, folder / "best_model.pt")
    (folder / "net_config.json").write_text("{}")
    (folder / "page.pt").write_text("<html>sign in</html>")
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def call(*words: object) -> Result:
    return CliRunner().invoke(weights, [str(w) for w in words])


@pytest.mark.parametrize("command", ["list", "get"])
def test_help_has_an_example(command: str) -> None:
    assert f"scorebench weights {command}" in call(command, "--help").output
    assert COMMANDS["weights"][0] == "scorebench.cli.weights:weights"


def test_list_says_what_is_here(server: str) -> None:
    assert "cyolo-published  CYOLO; Henkel & Widmer, EUSIPCO 2021  not here" in call("list").output
    assert call("get", "cyolo-published", "--url", f"{server}/best_model.pt").exit_code == 0
    assert "EUSIPCO 2021  in " in call("list").output


def test_get_fetches_the_checkpoint_and_what_is_beside_it(server: str) -> None:
    done = call("get", "cyolo-ir-published", "--url", f"{server}/best_model.pt")
    assert done.exit_code == 0
    path = published("cyolo-ir-published")
    assert [line.split()[2] for line in done.stdout.splitlines()] == [str(path), str(path.with_name("net_config.json"))]
    assert torch.load(path)["weight"].sum() == 3


def test_get_of_a_known_checkpoint_from_elsewhere_must_be_that_one(server: str) -> None:
    done = call("get", "cunet-published", "--url", f"{server}/best_model.pt")
    assert isinstance(done.exception, DataError)
    assert "expected a9dd8a26" in str(done.exception)


def test_get_of_something_else(server: str) -> None:
    done = call("get", "cyolo-published", "--url", f"{server}/page.pt")
    assert isinstance(done.exception, DataError)
    assert "damaged, or not a checkpoint" in str(done.exception)
    done = call("get", "cyolo-published", "--url", f"{server}/none.pt")
    assert isinstance(done.exception, DataError)
    assert "404" in str(done.exception)
    assert "--file FILE" in str(done.exception)
    assert call("get", "cyolo-published", "--url", f"{server}/best_model.pt").exit_code == 0


def test_get_of_a_file(server: str, shared: Path) -> None:
    source = shared / "reference/cunet/CB_TA/best_model.pt"
    done = call("get", "cunet-published", "--file", source)
    assert done.exit_code == 0
    assert done.stdout.startswith("sha256 a9dd8a26")
    assert published("cunet-published").read_bytes() == source.read_bytes()


def test_get_of_an_unknown_name() -> None:
    done = call("get", "cyolo")
    assert isinstance(done.exception, UsageError)
    assert "there is: cunet-published" in str(done.exception)
