"""Benchmarks: how fast and how exact the parts are on the machine at hand. Not tests: nothing here can fail by time."""

import difflib
import importlib
import importlib.metadata
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scorebench.errors import UsageError

BENCHMARKS: dict[str, tuple[str, str]] = {
    # name: (module:function, one line of help)
    "protocol": ("scorebench.bench.protocol:run", "A million positions to errors, under both protocols."),
    "warping": (
        "scorebench.bench.warping:run",
        "score-dtw's alignment, beside Dixon's forward path and librosa's off-line warping.",
    ),
    "cyolo": ("cyolo.bench:run", "CYOLO on one core, beside a plain rendering of the authors' schedule."),
    "cunet": ("baselines.cunet.bench:run", "CUNet on one core, beside the plain network."),
    "mm-loc": ("baselines.mmloc.bench:run", "MM-Loc on one core: opening a page, and each hop."),
    "rl": ("baselines.rl.bench:run", "The RL agent on one core: opening a page, and each hop."),
    "omr": ("baselines.omr.bench:run", "Reading a page, and following it, on one core."),
}
_LIBRARIES = ("scorebench", "numpy", "scipy", "pandas", "numba", "librosa", "torch")


Rows = list[dict[str, Any]]
"""What a benchmark gives: the lines of its table, each with the same keys, units in them."""


def load(name: str) -> Callable[[], Rows]:
    """Import the benchmark called ``name``.

    Raises:
        UsageError: there is none.
    """
    if name not in BENCHMARKS:
        near = difflib.get_close_matches(name, BENCHMARKS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(BENCHMARKS)}"
        raise UsageError(f"no benchmark called {name!r}; {hint}")
    module, _, attribute = BENCHMARKS[name][0].partition(":")
    run: Callable[[], Rows] = getattr(importlib.import_module(module), attribute)
    return run


def machine() -> dict[str, str | int]:
    """The machine at hand: processor, cores, and versions of what computes."""
    told: dict[str, str | int] = {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "system": platform.system(),
        "python": platform.python_version(),
    }
    for library in _LIBRARIES:
        try:
            told[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return told


def _processor() -> str:
    """The processor's name as well as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
