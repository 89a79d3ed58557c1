"""Run somebody's program on the picture of a page: in a folder of its own, for a limited time."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scorebench.errors import MissingDependencyError, ScorebenchError, UsageError

TIMEOUT_VARIABLE = "SCOREBENCH_OMR_TIMEOUT_S"
TIMEOUT_S = 900.0
"""A page takes these programs seconds to minutes."""
WIDTH_PX = 2500
"""Smaller pages are enlarged to about this width: the programs expect scans, about 20 px from line to line."""
_SHOWN_LINES = 3


@dataclass(frozen=True)
class Program:
    """A program that turns a picture into MusicXML.

    Attributes:
        name: of the engine; ``variable`` is an environment variable that names the program.
        called: what it is called where it is on the path; the first that is found counts.
        arguments: of the picture and the folder for results.
        results: patterns of the files it leaves in that folder; the first that matches any counts.
        remedy: how to install it.
    """

    name: str
    variable: str
    called: tuple[str, ...]
    arguments: Callable[[Path, Path], Sequence[str]]
    results: tuple[str, ...]
    remedy: str

    def find(self) -> str:
        """Where the program is.

        Raises:
            UsageError: the environment variable names no program.
            MissingDependencyError: it is not installed.
        """
        asked = os.environ.get(self.variable)
        if asked:
            found = shutil.which(Path(asked).expanduser())
            if found is None:
                raise UsageError(
                    f"{self.variable} is {asked}, which is no program; name the file that runs {self.name}"
                )
            return found
        for name in self.called:
            found = shutil.which(name)
            if found is not None:
                return found
        raise MissingDependencyError(
            f"{self.name} is not installed (there is no {self.called[0]} on the path): {self.remedy}; "
            f"or set {self.variable} to where it is"
        )


def timeout_s() -> float:
    """How long a program may take for a page.

    Raises:
        UsageError: the environment variable is no number of seconds.
    """
    asked = os.environ.get(TIMEOUT_VARIABLE, "")
    try:
        seconds = float(asked) if asked else TIMEOUT_S
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"{TIMEOUT_VARIABLE} is {asked}; give a number of seconds")
    return seconds


@contextmanager
def results_of(program: Program, page: NDArray[np.uint8]) -> Iterator[list[Path]]:
    """The files that ``program`` writes about ``page``, sorted; they are gone afterwards.

    Raises:
        ScorebenchError: it fails, takes too long or writes nothing.
    """
    command = program.find()
    with tempfile.TemporaryDirectory(prefix="scorebench-omr-") as folder:
        picture = Path(folder) / "in" / "page.png"
        out = Path(folder) / "out"
        picture.parent.mkdir()
        out.mkdir()
        _enlarged(page).save(picture)
        log = _run([command, *program.arguments(picture, out)], program.name, picture.parent)
        for pattern in program.results:
            found = sorted(path for path in Path(folder).glob(pattern) if path.is_file() and not path.is_symlink())
            if found:
                yield found
                return
        raise ScorebenchError(f"{program.name} read nothing from this page: it wrote no score{_tail(log)}")


def _enlarged(page: NDArray[np.uint8]) -> Image.Image:
    factor = max(1, round(WIDTH_PX / page.shape[1]))
    picture = Image.fromarray(page)
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.LANCZOS)


def _run(command: Sequence[str], name: str, folder: Path) -> str:
    """Run ``command`` in ``folder``; what it says."""
    limit_s, log = timeout_s(), folder.parent / "log.txt"
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its children can be ended with it
            )
        except OSError as error:
            raise ScorebenchError(f"{name} cannot be run: {command[0]}: {error.strerror}; install it again") from error
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired as error:
            raise ScorebenchError(
                f"{name} was ended: {limit_s:g} s were not enough for this page; {TIMEOUT_VARIABLE} allows more"
            ) from error
        finally:
            _end(process)
    said = log.read_bytes()[-4000:].decode(errors="replace")
    if code != 0:
        raise ScorebenchError(f"{name} failed on this page (exit code {code}){_tail(said)}")
    return said


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the program and whatever it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


def _tail(log: str) -> str:
    """The last lines of what a program said, for a message."""
    lines = [line.strip() for line in log.splitlines() if line.strip()][-_SHOWN_LINES:]
    return f"; its last words: {' | '.join(lines)}" if lines else "; it said nothing"
