"""A small real dataset for the tests that need one: two pieces of mini, built once a session."""

from pathlib import Path

import pytest

from scorebench.store import StoreDataset

SMALL = ("BachJS__BWV26-6__bwv26-6", "SchoenbergA__O19__o19-2")
"""A chorale that is only in `full`, and a piano piece that is in all five splits; one page each."""


@pytest.fixture(scope="session")
def small_mini(tmp_path_factory: pytest.TempPathFactory) -> StoreDataset:
    """Two pieces of mini. Shared: copy the folder before you damage it."""
    from scorebench.build.mini import build_mini

    return build_mini(tmp_path_factory.mktemp("mini") / "small", SMALL, jobs=1, progress=False)


@pytest.fixture
def damaged(small_mini: StoreDataset, tmp_path: Path) -> Path:
    """A copy of ``small_mini`` to be damaged."""
    import shutil

    return Path(shutil.copytree(small_mini.root, tmp_path / "damaged"))
