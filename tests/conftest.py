"""What all tests share."""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: tests run side by side, one a core

import pytest
from hypothesis import HealthCheck, settings

from scorebench.store import StoreDataset

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared source data, or skip: its licences keep it out of the repository."""
    folder = os.environ.get("SCOREBENCH_SHARED")
    if not folder or not (Path(folder) / "data").is_dir():
        pytest.skip("needs the shared source data: set SCOREBENCH_SHARED to the folder that holds data/")
    return Path(folder) / "data"


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
