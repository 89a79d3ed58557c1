"""Published weights: where they are looked for, and when they are refused."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from scorebench.errors import DataError, MissingDependencyError, UsageError
from scorebench.published import PublishedFile, PublishedWeights, all_published, install, published

torch = pytest.importorskip("torch")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint and its config in a folder of the user's; the cache is empty."""
    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "mine"
    folder.mkdir()
    torch.save({"weight": torch.ones(3)}, folder / "mine.pt")
    (folder / "net_config.json").write_text("{}")
    return folder / "mine.pt"


def know(monkeypatch: pytest.MonkeyPatch, known_sha256: str = "") -> PublishedWeights:
    """Let there be the weights `some`, of two files."""
    files = (
        PublishedFile("best_model.pt", "http://127.0.0.1:9/a/best_model.pt", known_sha256),
        PublishedFile("net_config.json", "http://127.0.0.1:9/a/net_config.json", ""),
    )
    weights = PublishedWeights("some", "some weights", files)
    table: Mapping[str, PublishedWeights] = {"some": weights}
    monkeypatch.setattr("scorebench.published.all_published", lambda: table)
    return weights


def put(weights: PublishedWeights, source: Path, known: str | None = None) -> dict[Path, str]:
    return install(weights, None, known, source, lambda done, total: None)


def test_what_is_published_is_said_completely() -> None:
    assert list(all_published()) == ["cunet-published", "cyolo-published", "cyolo-ir-published"]
    for weights in all_published().values():
        assert weights.files[0].name == "best_model.pt"
        for file in weights.files:
            assert file.url.startswith("https://raw.githubusercontent.com/CPJKU/")
            assert file.url.endswith("/" + file.name)


def test_the_published_cunet_is_the_one_its_numbers_are_known_of(shared: Path) -> None:
    known = all_published()["cunet-published"].files[0].sha256
    assert sha256(shared / "reference/cunet/CB_TA/best_model.pt") == known


def test_absent_weights_say_how_to_get_them(source: Path) -> None:
    with pytest.raises(MissingDependencyError, match=r"scorebench weights get cunet-published$"):
        published("cunet-published")
    with pytest.raises(UsageError, match=r"'cnet'; there is: cunet-published, cyolo-published"):
        published("cnet")


def test_a_file_of_the_users_is_installed_and_found(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = know(monkeypatch)
    found = put(weights, source)
    assert list(found.values()) == [sha256(source), sha256(source.with_name("net_config.json"))]
    assert published("some").read_bytes() == source.read_bytes()
    assert published("some").with_name("net_config.json").read_text() == "{}"


@pytest.mark.parametrize("name", ["best_model.pt", "net_config.json"])
def test_a_file_that_changed_in_the_cache_is_refused(source: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    weights = know(monkeypatch)
    put(weights, source)
    (weights.folder / name).write_bytes(b"something else")
    with pytest.raises(DataError, match=rf"{name}: not the file that was fetched; .*weights get some"):
        published("some")


def test_another_checkpoint_than_the_known_one(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = know(monkeypatch, known_sha256="0" * 64)
    with pytest.raises(DataError, match=r"mine\.pt: sha256 is .*, expected 0000.*not installed"):
        put(weights, source)
    with pytest.raises(UsageError, match="and no others"):
        put(weights, source, known=sha256(source))
    assert not weights.present


def test_another_checkpoint_than_the_locked_one(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = know(monkeypatch)
    put(weights, source)
    torch.save({"weight": torch.zeros(3)}, source)
    with pytest.raises(DataError, match="not installed"):
        put(weights, source)
    assert torch.load(published("some"))["weight"].sum() == 3


def test_what_is_no_checkpoint_is_not_kept(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = know(monkeypatch)
    good = source.read_bytes()
    source.write_bytes(b"<html>Not found</html>")
    with pytest.raises(DataError, match="damaged, or not a checkpoint"):
        put(weights, source)
    assert list(weights.folder.iterdir()) == []
    source.write_bytes(good)
    put(weights, source)
    assert published("some").is_file()


def test_a_config_that_is_missing_or_none(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, config = know(monkeypatch), source.with_name("net_config.json")
    config.write_text("[]")
    with pytest.raises(DataError, match=r"net_config\.json: holds a JSON list"):
        put(weights, source)
    config.unlink()
    with pytest.raises(UsageError, match=r"net_config\.json is missing; it belongs beside"):
        put(weights, source)
    with pytest.raises(MissingDependencyError):
        published("some")
