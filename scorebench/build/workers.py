"""Several processes that build pieces, each started as ``python -m scorebench.build.workers``.

Not ``multiprocessing``: its spawned children run the caller's script again, which opens the dataset again. A worker
reads names from stdin and answers each with one line; it ends when its parent does.
"""

import importlib
import json
import os
import queue
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from scorebench import errors
from scorebench.errors import ScorebenchError
from scorebench.processes import environment


@dataclass
class _Work:
    """What the threads that drive the workers share."""

    root: Path
    builder: str
    options: Mapping[str, str]
    failures: dict[str, str] | None
    waiting: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)
    stopped: list[ScorebenchError] = field(default_factory=list)

    def failed(self, name: str, error: ScorebenchError) -> None:
        """Note the failure, or stop everything where failures are not wanted."""
        if self.failures is None:
            self.stopped.append(error)
        else:
            self.failures[name] = str(error)


def build_all(
    root: Path,
    names: Iterable[str],
    jobs: int,
    done: Callable[[str], None],
    builder: str = "scorebench.build.mini",
    options: Mapping[str, str] | None = None,
    failures: dict[str, str] | None = None,
) -> None:
    """Build the pieces called ``names`` into the store in ``root`` with ``jobs`` processes.

    Args:
        done: called with the name of each piece that is dealt with.
        builder: module with ``build_piece(root, name, **options)``.
        failures: filled with piece -> what was wrong with it; without it, the first failure ends the build.

    Raises:
        ScorebenchError: a piece could not be built (the first such error), or a worker died; ``failures`` is None.
    """
    work = _Work(root, builder, options or {}, failures)
    for name in names:
        work.waiting.put(name)
    count = min(jobs, work.waiting.qsize())
    with ThreadPoolExecutor(max(1, count)) as pool:
        for future in [pool.submit(_drive, work, done) for _ in range(count)]:
            future.add_done_callback(lambda f: f.result())
    if work.stopped:
        raise work.stopped[0]


def _drive(work: _Work, done: Callable[[str], None]) -> None:
    """Keep one worker busy until nothing waits, or the build is stopped. A worker that dies is replaced."""
    while not work.waiting.empty() and not work.stopped:
        with _start(work) as worker:
            asked, answers = cast("IO[str]", worker.stdin), cast("IO[str]", worker.stdout)
            while not work.stopped:
                try:
                    name = work.waiting.get_nowait()
                except queue.Empty:
                    break
                answer = _ask(name, asked, answers)
                if answer is None:
                    work.failed(name, ScorebenchError(f"{name}: the process that built it died; run again to go on"))
                elif answer["error"]:
                    work.failed(name, getattr(errors, answer["kind"])(answer["error"]))
                done(name)
                if answer is None:
                    break


def _ask(name: str, asked: IO[str], answers: IO[str]) -> dict[str, str] | None:
    """Have a worker build ``name``: its answer, or None where it died."""
    try:
        asked.write(f"{name}\n")
        asked.flush()
        answer: dict[str, str] | None = json.loads(answers.readline() or "null")
    except (OSError, ValueError):
        return None
    return answer


def _start(work: _Work) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603  # this very interpreter, this very package
        [sys.executable, "-m", __name__, str(work.root), work.builder, json.dumps(dict(work.options))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def main() -> None:
    """Build what stdin names, one piece a line, until it closes."""
    root, options = Path(sys.argv[1]), json.loads(sys.argv[3])
    build_piece = importlib.import_module(sys.argv[2]).build_piece
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries in C write to stdout; answers have it to themselves
    for line in sys.stdin:
        error = None
        try:
            build_piece(root, line.strip(), **options)
        except ScorebenchError as raised:
            error = raised
        answer = {"error": str(error) if error else "", "kind": type(error).__name__}
        try:
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
        except BrokenPipeError:  # the build was killed; the piece is kept for the next
            os._exit(1)


if __name__ == "__main__":
    main()
