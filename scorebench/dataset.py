"""What a dataset offers, and how a name or a folder becomes one."""

import difflib
import importlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from scorebench.errors import UsageError
from scorebench.files import cache_dir
from scorebench.score import Recording

CONDITIONS = ("full", "subset-synthetic", "subset-performance", "subset-direct", "subset-room")
"""The five sections of Table II, in its order."""


def in_order(splits: Iterable[str]) -> tuple[str, ...]:
    """Names of splits, Table II's first and in its order."""
    found = set(splits)
    return (*(split for split in CONDITIONS if split in found), *sorted(found - set(CONDITIONS)))


class Dataset(Protocol):
    """Pages and sounds, by split.

    Attributes:
        name: what tables call it.
        hash: sha256 (hex) over everything it holds; results of two hashes are never mixed.
    """

    name: str

    @property
    def hash(self) -> str:
        """As said above; it may be computed when it is first asked for."""
        ...

    def splits(self) -> Sequence[str]:
        """Names of the splits, Table II's first and in its order."""
        ...

    def pieces(self, split: str) -> Sequence[str]:
        """Names of the pieces of ``split``, sorted. UsageError for an unknown split."""
        ...

    def load(self, split: str, piece: str) -> Recording:
        """One piece in the condition of ``split``. Reads images and tables, not yet the sound."""
        ...


DEFAULT = "mini"
"""What every command works on, unless told otherwise (--dataset, or SCOREBENCH_DATASET)."""

BUILT = ("mini",)
"""Datasets that scorebench builds by itself when they are first used."""

FROM_SOURCE: Mapping[str, str] = {
    "msmd-rebuild": "scorebench.build.msmd_rebuild:build_msmd_rebuild",
    "performed": "scorebench.build.performed:build_performed",
    "recordings": "scorebench.build.recordings:build_recordings",
}
"""Datasets that ``scorebench data build NAME --source DIR`` builds: the function (store folder, source) that does."""

SOURCE_FETCHED: Mapping[str, str] = {"msmd-rebuild": "scorebench.build.mutopia_fetch:fetch_sources"}
"""Those whose sources can be fetched when ``--source`` is left out: the function that gives their folder."""

FETCHED = ("msmd",)
"""Datasets that ``scorebench data get NAME`` fetches."""

COMPOSED = ("open",)
"""Datasets whose splits are splits of others; each of those is built by itself."""


def open_dataset(name_or_path: str | None = None, progress: bool = True) -> Dataset:
    """The dataset called, or in the folder, ``name_or_path``; built first where that is needed.

    None stands for the environment variable SCOREBENCH_DATASET, or else ``mini``. A folder is a page store
    (it holds dataset.json) or has the authors' layout (npz and wav files, or a folder of them for each split).

    Args:
        progress: show a bar while building.

    Raises:
        UsageError: neither a known name nor a dataset's folder, or one that must be built from its sources first.
        DataError: the dataset is damaged.
        MissingDependencyError: building it needs something that is not installed.
    """
    wanted = name_or_path or os.environ.get("SCOREBENCH_DATASET") or DEFAULT
    if wanted in BUILT:
        return _built(wanted, progress)
    if wanted in COMPOSED:
        from scorebench.build.corpus import card_facts
        from scorebench.composite import CompositeDataset

        return CompositeDataset(card_facts(wanted)[1], lambda part: open_dataset(part, progress))
    folder = built_folder(wanted) if wanted in FROM_SOURCE else Path(wanted).expanduser()
    if wanted in FROM_SOURCE and not (folder / "dataset.json").is_file():
        raise UsageError(f"{wanted} is not built yet: scorebench data build {wanted} --source DIR")
    if wanted in FETCHED:
        folder = _unpacked(built_folder(wanted))
    if not folder.is_dir():
        known = (*BUILT, *FROM_SOURCE, *FETCHED, *COMPOSED)
        near = difflib.get_close_matches(wanted, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"give a folder, or one of: {', '.join(known)}"
        raise UsageError(f"no dataset called {wanted!r}, and no such folder; {hint}")
    if (folder / "dataset.json").is_file():
        from scorebench.store import StoreDataset

        return StoreDataset(folder)
    from scorebench.authors_layout import AuthorsDataset
    from scorebench.msmd import MsmdDataset, is_msmd

    return MsmdDataset(folder) if is_msmd(folder) else AuthorsDataset(folder)


def _unpacked(folder: Path) -> Path:
    """The folder with the package itself: archives may hold it in one folder of their own."""
    if not folder.is_dir():
        raise UsageError("msmd is not here yet: scorebench data get msmd (or pass --dataset FOLDER)")
    inner = [path for path in folder.iterdir() if path.is_dir()]
    return inner[0] if len(inner) == 1 and not (folder / "msmd_test").is_dir() else folder


def built_folder(name: str) -> Path:
    """Where a dataset that is built here is or will be: its version is part of the folder's name."""
    from scorebench.build.corpus import card_facts

    return cache_dir() / "datasets" / f"{name}-{card_facts(name)[1]['version']}"


def build_from_source(name: str, source: Path | None, progress: bool = True, train: int | None = None) -> Dataset:
    """Build the dataset ``name``, one of ``FROM_SOURCE``, from the folder ``source``, or open it where it is complete.

    Args:
        train: how many pieces of the train split to build; by default all. Of ``msmd-rebuild`` alone.

    Raises:
        UsageError: ``source`` is not what it must be, or is left out where nothing can be fetched.
        ScorebenchError: see the builder.
    """
    if source is None and name not in SOURCE_FETCHED:
        raise UsageError(f"{name} is built from sources that you have: --source DIR; its card.toml says which")
    if train is not None and name != "msmd-rebuild":
        raise UsageError(f"{name} has no train split to build a part of: leave out --train")
    some = {} if train is None else {"train": train}
    place: Path = source if source is not None else _function(SOURCE_FETCHED[name])()
    dataset: Dataset = _function(FROM_SOURCE[name])(built_folder(name), place, progress=progress, **some)
    return dataset


def _function(target: str) -> Any:
    """What ``module:function`` names."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _built(name: str, progress: bool) -> Dataset:
    from scorebench.store import INDEX, StoreDataset

    folder = built_folder(name)
    if (folder / INDEX).is_file():
        return StoreDataset(folder)
    from scorebench.build.mini import build_mini

    return build_mini(folder, progress=progress)
