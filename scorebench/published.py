"""Weights that others published: where they are, what they must be, and the copies kept in the cache."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scorebench.download import Report, fetch
from scorebench.errors import DataError, MissingDependencyError, UsageError
from scorebench.files import cache_dir, sha256_file, write_bytes

REGISTRY = Path(__file__).with_name("published.toml")


@dataclass(frozen=True)
class PublishedFile:
    """One file of published weights.

    Attributes:
        name: what it is called in the cache.
        sha256: hex; empty where it is not known and locked on first sight.
    """

    name: str
    url: str
    sha256: str


@dataclass(frozen=True)
class PublishedWeights:
    """Weights by their name. The first of ``files`` is the checkpoint."""

    name: str
    about: str
    files: tuple[PublishedFile, ...]

    @property
    def folder(self) -> Path:
        """Where in the cache they are, or will be."""
        return cache_dir() / "weights" / self.name

    @property
    def present(self) -> bool:
        """Whether all files are in the cache; says nothing about what is in them."""
        return all((self.folder / file.name).is_file() for file in self.files)


@cache
def all_published() -> Mapping[str, PublishedWeights]:
    """Everything that ``scorebench weights get`` can fetch, by name."""
    entries = tomllib.loads(REGISTRY.read_text(encoding="utf-8"))
    return {
        name: PublishedWeights(name, entry["about"], tuple(PublishedFile(**file) for file in entry["file"]))
        for name, entry in entries.items()
    }


def find_published(name: str) -> PublishedWeights:
    """The weights called ``name``; UsageError where there are none."""
    known = all_published()
    if name not in known:
        raise UsageError(f"no published weights are called {name!r}; there is: {', '.join(known)}")
    return known[name]


def published(name: str) -> Path:
    """The checkpoint of the weights called ``name`` in the cache, checked; other files of it are beside it.

    Raises:
        UsageError: there are no such weights.
        MissingDependencyError: they were not fetched yet; the message says how.
        DataError: a file has changed since.
    """
    weights = find_published(name)
    if not weights.present:
        raise MissingDependencyError(f"the weights {name!r} are not here: scorebench weights get {name}")
    for file in weights.files:
        path = weights.folder / file.name
        wanted = file.sha256 or locked_sha256(path)
        if wanted is not None and sha256_file(path) != wanted:
            raise DataError(f"{path}: not the file that was fetched; delete it and run scorebench weights get {name}")
    return weights.folder / weights.files[0].name


def install(
    weights: PublishedWeights, url: str | None, sha256: str | None, source: Path | None, report: Report
) -> dict[Path, str]:
    """Put ``weights`` into the cache: fetched, or copied from ``source``; checked, and read once.

    Args:
        url, sha256, source: of the checkpoint, in place of what is known; its other files are looked for beside it.
        report: called with bytes done and bytes in all while fetching.

    Returns:
        The sha256 of each file.

    Raises:
        DataError: no answer, another checksum, or not what weights should be; the message says what to do.
        UsageError: a file is not beside ``source``, or ``sha256`` is not what is known.
    """
    checkpoint, *others = weights.files
    if sha256 and checkpoint.sha256 not in ("", sha256):
        raise UsageError(f"the weights {weights.name!r} are those of sha256 {checkpoint.sha256}, and no others")
    wanted = {
        checkpoint: sha256 or checkpoint.sha256,
        **{file: "" if url or source else file.sha256 for file in others},
    }
    found = {}
    for file, expected in wanted.items():
        path = weights.folder / file.name
        if source is not None:
            found[path] = _copy(source if file is checkpoint else source.with_name(file.name), path, expected)
        else:
            address = (
                file.url if url is None else url if file is checkpoint else f"{url.rpartition('/')[0]}/{file.name}"
            )
            found[path] = fetch(address, path, expected or None, report, "--file FILE")
        _read_once(path)
    return found


def _copy(source: Path, path: Path, expected: str) -> str:
    """Install ``source`` as ``path``; its sha256, which is locked."""
    if not source.is_file():
        raise UsageError(f"{source} is missing; it belongs beside the checkpoint")
    found, wanted = sha256_file(source), expected or locked_sha256(path)
    if wanted and found != wanted:
        raise DataError(f"{source}: sha256 is {found}, expected {wanted}; it was not installed")
    write_bytes(path, source.read_bytes())
    write_bytes(_lock(path), f"{found}  {path.name}\n".encode())
    return found


def _read_once(path: Path) -> None:
    """Refuse a file that is not what it should be, say an error page, before its sha256 is trusted."""
    from scorebench.weights import read_checkpoint, read_config

    try:
        if path.suffix == ".json":
            read_config(path)
        else:
            read_checkpoint(path)
    except DataError:
        path.unlink()
        _lock(path).unlink()
        raise


def _lock(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def locked_sha256(path: Path) -> str | None:
    """The sha256 that was seen when ``path`` was fetched first; None where nothing was locked."""
    lock = _lock(path)
    words = lock.read_text(encoding="utf-8").split() if lock.is_file() else []
    return words[0] if words else None
