"""What all builders of page stores share: one build at a time, a killed one goes on, pieces are built side by side.

A builder is a module with ``build_piece(root, name, **options)``, which puts one piece into the store in ``root``.
"""

import contextlib
import hashlib
import importlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scorebench.build.workers import build_all
from scorebench.errors import ScorebenchError
from scorebench.files import write_json
from scorebench.store_writer import PIECES

PLAN = "building.json"
"""What a build that is under way is made from: a build from anything else starts afresh."""


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Wait until no other process builds ``root``. The system drops the lock of a process that dies.

    Raises:
        ScorebenchError: the folder cannot be made or written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        file = (root / ".lock").open("w")
    except OSError as error:
        raise ScorebenchError(f"{root}: cannot be written ({error.strerror}); set SCOREBENCH_CACHE") from error
    with file:
        with contextlib.suppress(ImportError):  # not on Windows: two builds there do the work twice
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start(root: Path, plan: Mapping[str, Any]) -> None:
    """Keep the finished pieces of a killed build of the same plan; clear away everything else."""
    digest = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    try:
        same = json.loads((root / PLAN).read_text())["sha256"] == digest
    except (OSError, ValueError, KeyError, TypeError):
        same = False
    for folder in (root / PIECES).glob("*"):
        if not same or folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)
    if not same:
        shutil.rmtree(root / "splits", ignore_errors=True)
    write_json(root / PLAN, {"sha256": digest})


def build_pieces(
    root: Path,
    names: Sequence[str],
    builder: str,
    jobs: int | None = None,
    progress: bool = True,
    options: Mapping[str, str] | None = None,
    failures: dict[str, str] | None = None,
) -> None:
    """Build those of ``names`` that the store in ``root`` does not have yet.

    Args:
        builder: module with ``build_piece(root, name, **options)``.
        jobs: worker processes; by default one a core, at most four.
        options: handed to ``build_piece``.
        failures: filled with piece -> what was wrong with it; without it, the first piece that fails ends the build.

    Raises:
        ScorebenchError: a piece could not be built, and ``failures`` is None.
    """
    from scorebench.progress import progress_bar

    jobs = jobs or min(4, os.cpu_count() or 1)
    left = [n for n in names if not (root / PIECES / n / "piece.json").is_file()]
    with progress_bar(progress) as bar:
        task = bar.add_task(
            f"building {builder.rpartition('.')[2]}", total=len(names), completed=len(names) - len(left)
        )
        if jobs > 1:
            build_all(root, left, jobs, lambda _: bar.advance(task), builder, options, failures)
            return
        build_piece = importlib.import_module(builder).build_piece
        for name in left:
            try:
                build_piece(root, name, **(options or {}))
            except ScorebenchError as error:
                if failures is None:
                    raise
                failures[name] = str(error)
            bar.advance(task)


def lettering() -> str:
    """sha256 of words as they come out here: they are set in the system's font for Times, whichever that is."""
    from scorebench.build.engrave import rasterise

    style = 'font-family="Times, serif" font-size="90"'
    words = f'<text y="200" {style}>Adagio 1234567890</text><text y="400" {style} font-style="italic">espressivo</text>'
    words += f'<text y="600" {style} font-weight="bold">Allegro</text>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 835 1181">{words}</svg>'
    return hashlib.sha256(rasterise(svg).tobytes()).hexdigest()
