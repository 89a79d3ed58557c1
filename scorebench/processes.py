"""Other processes that run this very package."""

import os
from pathlib import Path

import scorebench


def environment() -> dict[str, str]:
    """This process's environment, in which Python finds the package that runs here before any other."""
    home = str(Path(scorebench.__file__).resolve().parents[1])
    path = os.pathsep.join(p for p in (home, os.environ.get("PYTHONPATH", "")) if p)
    return {**os.environ, "PYTHONPATH": path}
