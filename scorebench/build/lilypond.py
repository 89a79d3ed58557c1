"""LilyPond as a program: found, run with a limit on its time, and asked what it meant while it drew.

One run gives three things for each page: the picture, the same page as SVG with marks on noteheads, staves and bar
lines, and a log of notes, ties and tempos (written by ``lilypond.ily``, which LilyPond reads before the score).
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scorebench.errors import DataError, MissingDependencyError

DPI = 101
"""A4 at 101 dpi is 835 x 1181 pixels."""

OVERSAMPLING = 4
"""Pages are drawn this much larger, then averaged down."""

TIMEOUT_S = 300
"""A piece that takes longer is given up; the slowest of MSMD takes about 30 s."""

MEMORY_BYTES = 6 * 2**30
"""What one run may allocate."""

_SETTINGS = Path(__file__).with_name("lilypond.ily")
_HOW_TO_GET = "install it: the system's package lilypond (with Ghostscript), or: pip install lilypond"
_ERROR = re.compile(r"(?:^|: )((?:fatal |programming )?error: .*)", re.MULTILINE)


@dataclass(frozen=True)
class Drawn:
    """What one run left behind.

    Attributes:
        log: the text of scorebench.tsv.
        drawings: one SVG a page, in order.
        pictures: one PNG a page, ``OVERSAMPLING`` times as large as the page.
    """

    log: str
    drawings: tuple[str, ...]
    pictures: tuple[Path, ...]


def find_program(name: str) -> list[str]:
    """The command that starts ``name`` (lilypond or convert-ly): the system's, or that of the wheel ``lilypond``.

    Raises:
        MissingDependencyError: neither is installed; says how to get it.
    """
    found = shutil.which(name)
    if found:
        return [found]
    try:
        import lilypond as wheel
    except ImportError as error:
        raise MissingDependencyError(f"{name} is not installed; {_HOW_TO_GET}") from error
    program = Path(wheel.executable()).with_name(name)
    if not program.is_file():
        raise MissingDependencyError(f"{program} is missing; {_HOW_TO_GET}")
    return [str(program)]


def version() -> str:
    """Version of the LilyPond at hand, as "2.24.1". Raises MissingDependencyError."""
    command = [*find_program("lilypond"), "--version"]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603  # found above
    found = re.search(r"\d+\.\d+\.\d+", text)
    if found is None:
        raise MissingDependencyError(f"{command[0]} does not say its version; {_HOW_TO_GET}")
    return found[0]


def convert(files: Sequence[Path]) -> None:
    """Bring ``files`` up to the syntax of the LilyPond at hand, in place, as far as convert-ly knows how.

    It stops at the first thing it cannot convert and keeps what it has done; whether that is enough, LilyPond says.

    Raises:
        DataError: it takes too long.
        MissingDependencyError: convert-ly is not installed.
    """
    _run([*find_program("convert-ly"), "-e", *map(str, files)], files[0].parent, TIMEOUT_S)


def draw(source: Path, timeout_s: float = TIMEOUT_S) -> Drawn:
    """Engrave ``source``, a LilyPond file of the present syntax; what is made lies beside it.

    Raises:
        DataError: LilyPond reports an error or takes too long; the message is its first line of error.
        MissingDependencyError: LilyPond is not installed.
    """
    folder = source.parent
    options = [f"-dinclude-settings={_SETTINGS}", "-dno-point-and-click", "--loglevel=ERROR", "--png"]
    options += [f"-dresolution={DPI * OVERSAMPLING}", "-dpixmap-format=pnggray", "-danti-alias-factor=1"]
    code, text = _run([*find_program("lilypond"), *options, source.name], folder, timeout_s)
    log = folder / "scorebench.tsv"
    if code or not log.is_file():
        raise DataError(f"LilyPond: {_first_error(text) if code >= 0 else f'crashed (signal {-code})'}")
    words = log.read_text(encoding="utf-8")
    drawings = tuple(p.read_text(encoding="utf-8") for p in sorted(folder.glob("scorebench-*.svg")))
    pictures = _pictures(folder, words)
    if not drawings or len(pictures) != len(drawings):
        raise DataError(f"LilyPond drew {len(drawings)} pages and {len(pictures)} pictures: {_first_error(text)}")
    return Drawn(words, drawings, pictures)


def _pictures(folder: Path, log: str) -> tuple[Path, ...]:
    """The PNGs of each book, in the order of their pages."""
    books = [line.split("\t")[1] for line in log.splitlines() if line.startswith("book\t")]
    found: list[Path] = []
    for name in books:
        single = folder / f"{name}.png"
        pages = sorted(folder.glob(f"{name}-page*.png"), key=_natural)
        found += [single] if single.is_file() else pages
    return tuple(found)


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts x-page2 before x-page10, and x before x-1."""
    return [(int(part or 0), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", path.stem)]


def _first_error(text: str) -> str:
    found = _ERROR.search(text)
    lines = [line for line in text.splitlines() if line.strip()]
    return found[1].strip() if found else (lines[-1].strip() if lines else "ended without a word")


def _run(command: Sequence[str], folder: Path, timeout_s: float) -> tuple[int, str]:
    """Exit code and everything that ``command`` said. It and its children die when the time is up."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_CACHE_HOME") if name in os.environ}
    process = subprocess.Popen(  # noqa: S603  # the programs found above
        command,
        cwd=folder,
        env={**kept, "LANG": "C.UTF-8", "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=_limit_memory if os.name == "posix" else None,
    )
    try:
        text, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise DataError(f"{Path(command[0]).name} took more than {timeout_s:g} s and was stopped") from error
    finally:
        if process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, text


def _limit_memory() -> None:
    """In the child, before the program starts: a score is a program, and may be a hungry one."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
