"""Weights that others published: where they are, what they must be, and the copies kept in the cache."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scorebench.errors import DataError, MissingDependencyError, UsageError
from scorebench.files import cache_dir, sha256_file

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


def locked_sha256(path: Path) -> str | None:
    """The sha256 that was seen when ``path`` was fetched first; None where nothing was locked."""
    lock = path.with_name(path.name + ".sha256")
    words = lock.read_text(encoding="utf-8").split() if lock.is_file() else []
    return words[0] if words else None
