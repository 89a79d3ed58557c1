"""Several processes that follow pages for ``run_all``, which then finds the answers there.

Each is a ``scorebench run`` of one tracker on one split, so that no two of them write into one folder.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scorebench.processes import environment
from scorebench.registry import NO_OPTIONS
from scorebench.run import RunSpec, is_current, run_folder


def run_ahead(
    groups: Sequence[Sequence[RunSpec]],
    out: Path,
    jobs: int,
    dataset: str | None,
    options: Mapping[str, str] = NO_OPTIONS,
    advance: Callable[[], None] = lambda: None,
) -> None:
    """Run ``groups`` with ``jobs`` processes, each of which computes with its share of the cores.

    What fails here fails again, and is told, when it is run once more: only pages without an answer are followed then.

    Args:
        groups: runs that differ in their seed alone. Their folders are prepared.
        out: folder of runs.
        dataset: as the command line has it.
        options: for the trackers.
        advance: called after each group.
    """
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    in_which = {"OMP_NUM_THREADS": threads, **environment()}

    def follow(group: Sequence[RunSpec]) -> None:
        if not all(is_current(run_folder(out, spec), spec) for spec in group):
            command = [sys.executable, "-m", "scorebench.cli", *_arguments(group, out, dataset, options)]
            subprocess.run(command, env=in_which, capture_output=True, check=False)  # noqa: S603  # ourselves
        advance()

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(follow, groups))


def _arguments(group: Sequence[RunSpec], out: Path, dataset: str | None, options: Mapping[str, str]) -> list[str]:
    spec = group[0]
    told = {"tracker": spec.tracker_name, "split": spec.split, "out": str(out), "seed": str(spec.seed), **options}
    if dataset is not None:
        told["dataset"] = dataset
    pairs = [*told.items(), ("seeds", str(len(group))), *(("piece", piece) for piece in spec.only)]
    return ["run", *(f"--{name}={value}" for name, value in pairs)]
