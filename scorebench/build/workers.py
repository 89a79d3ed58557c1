"""Several processes that build pieces, each started as ``python -m scorebench.build.workers``.

Not ``multiprocessing``: its spawned children run the caller's script again, which opens the dataset again. A worker
reads names from stdin and answers each with one line; it ends when its parent does.
"""

import json
import os
import queue
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, cast

import scorebench
from scorebench import errors
from scorebench.errors import ScorebenchError


def build_all(root: Path, names: Iterable[str], jobs: int, done: Callable[[str], None]) -> None:
    """Build the pieces called ``names`` into the store in ``root`` with ``jobs`` processes.

    Args:
        done: called with the name of each finished piece.

    Raises:
        ScorebenchError: a piece could not be built (the first such error), or a worker died.
    """
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    count = 0
    for name in names:
        waiting.put(name)
        count += 1
    failed: list[ScorebenchError] = []
    with ThreadPoolExecutor(max(1, min(jobs, count))) as pool:
        for _ in range(min(jobs, count)):
            pool.submit(_drive, root, waiting, failed, done).add_done_callback(lambda f: f.result())
    if failed:
        raise failed[0]


def _drive(
    root: Path, waiting: "queue.SimpleQueue[str]", failed: list[ScorebenchError], done: Callable[[str], None]
) -> None:
    """Keep one worker busy until nothing waits, or a piece failed."""
    with _start(root) as worker:
        asked, answers = cast("IO[str]", worker.stdin), cast("IO[str]", worker.stdout)
        while not failed:
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                break
            try:
                asked.write(f"{name}\n")
                asked.flush()
                answer = json.loads(answers.readline() or "null")
            except (OSError, ValueError):
                answer = None
            if answer is None:
                failed.append(ScorebenchError(f"{name}: the process that built it died; run again to go on"))
            elif answer["error"]:
                failed.append(getattr(errors, answer["kind"])(answer["error"]))
            else:
                done(name)


def _start(root: Path) -> "subprocess.Popen[str]":
    home = str(Path(scorebench.__file__).resolve().parents[1])
    path = os.pathsep.join(p for p in (home, os.environ.get("PYTHONPATH", "")) if p)
    return subprocess.Popen(  # noqa: S603  # this very interpreter, this very package
        [sys.executable, "-m", __name__, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def main() -> None:
    """Build what stdin names, one piece a line, until it closes."""
    from scorebench.build.mini import build_piece

    root = Path(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries in C write to stdout; answers have it to themselves
    for line in sys.stdin:
        error = None
        try:
            build_piece(root, line.strip())
        except ScorebenchError as raised:
            error = raised
        answer = {"error": str(error) if error else "", "kind": type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
