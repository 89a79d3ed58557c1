"""What a dataset offers, and how a name or a folder becomes one."""

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from scorebench.errors import UsageError
from scorebench.files import cache_dir
from scorebench.score import Recording

CONDITIONS = ("full", "subset-synthetic", "subset-performance", "subset-direct", "subset-room")
"""The five sections of Table II, in its order."""


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


def open_dataset(name_or_path: str | None = None, progress: bool = True) -> Dataset:
    """The dataset called, or in the folder, ``name_or_path``; built first where that is needed.

    None stands for the environment variable SCOREBENCH_DATASET, or else ``mini``. A folder is a page store
    (it holds dataset.json) or has the authors' layout (npz and wav files).

    Args:
        progress: show a bar while building.

    Raises:
        UsageError: neither a known name nor a dataset's folder.
        DataError: the dataset is damaged.
        MissingDependencyError: building it needs something that is not installed.
    """
    wanted = name_or_path or os.environ.get("SCOREBENCH_DATASET") or DEFAULT
    if wanted in BUILT:
        return _built(wanted, progress)
    folder = Path(wanted).expanduser()
    if not folder.is_dir():
        near = difflib.get_close_matches(wanted, BUILT, n=1)
        hint = f"did you mean {near[0]}?" if near else f"give a folder, or one of: {', '.join(BUILT)}"
        raise UsageError(f"no dataset called {wanted!r}, and no such folder; {hint}")
    if (folder / "dataset.json").is_file():
        from scorebench.store import StoreDataset

        return StoreDataset(folder)
    from scorebench.authors_layout import AuthorsDataset

    return AuthorsDataset(folder)


def built_folder(name: str) -> Path:
    """Where the dataset ``name``, one of ``BUILT``, is or will be: its version is part of the folder's name."""
    from scorebench.build.corpus import read_card

    return cache_dir() / "datasets" / f"{name}-{read_card(name).version}"


def _built(name: str, progress: bool) -> Dataset:
    from scorebench.store import INDEX, StoreDataset

    folder = built_folder(name)
    if (folder / INDEX).is_file():
        return StoreDataset(folder)
    from scorebench.build.mini import build_mini

    return build_mini(folder, progress=progress)
