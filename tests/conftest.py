"""What all tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared source data, or skip: its licences keep it out of the repository."""
    folder = os.environ.get("SCOREBENCH_SHARED")
    if not folder or not (Path(folder) / "data").is_dir():
        pytest.skip("needs the shared source data: set SCOREBENCH_SHARED to the folder that holds data/")
    return Path(folder) / "data"
