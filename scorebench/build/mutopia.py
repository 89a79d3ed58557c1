"""LilyPond sources of the Mutopia project, copied into a work folder and made ready for a present LilyPond."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from scorebench.build.lilypond import convert
from scorebench.errors import DataError

_INCLUDE = re.compile(r'^[^%\n]*?\\include\s+"([^"]+)"', re.MULTILINE)
_VERSION = re.compile(r'\\version\s+"([\d.]+)"')
OLDEST = "2.6.0"
"""Taken as the version of a file that states none: nothing of MSMD is older."""

REPLACEMENTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\\unfoldRepeats\b"), ""),  # MSMD: played straight through, as printed
    (re.compile(r"\\applyMusic\s*#\s*unfold-repeats\b"), ""),
    (re.compile(r'(set-(?:default-)?paper-size)\s+"[^"]*"(?:\s*\'landscape)?'), r'\1 "a4"'),
    (re.compile(r"\bpaper-(?:width|height)\s*=\s*[\d.]+(?:\s*\\(?:mm|cm|in|pt)\b)?"), ""),
    (re.compile(r"(\\ottava\s*#-?\d+)\|"), r"\1 |"),  # convert-ly leaves no space, and Scheme reads on
    (re.compile(r'"\s*\+\s*\\\w+\s*\+\s*"'), ""),  # words pasted together, in headers of the oldest files
)


def ready_source(root: Path, path: str, work: Path) -> Path:
    """Copy the piece at ``path`` below ``root`` into ``work``, and make it ready; the copy of the file itself.

    It and what it includes are brought up to date, repeats that only sound are stripped, and A4 is forced.

    Args:
        root: holds ftp/ of the Mutopia project, which keeps a piece in ``ftp/<composer>/<work>/<piece>/``; files
            include others from all over that folder.

    Raises:
        DataError: the file is missing or lies outside ``root``, or takes too long to convert.
        MissingDependencyError: convert-ly is not installed.
    """
    source = (root / path).resolve()
    if not source.is_file() or not source.is_relative_to(root.resolve()):
        raise DataError(f"{path}: not in the source folder; it must hold ftp/ of the Mutopia project")
    home = Path(*Path(path).parts[: min(4, len(Path(path).parts) - 1)])
    work = work.resolve()
    shutil.copytree(root / home, work / home, copy_function=shutil.copyfile)
    _prepare(_with_includes(work / path, work))
    return work / path


def _prepare(files: Sequence[Path]) -> None:
    """Convert and edit ``files`` in place; those that state no version are of that of the first."""
    texts = {path: _read(path) for path in files}
    stated = _VERSION.search(texts[files[0]])
    default = stated[1] if stated else OLDEST
    for path, text in texts.items():
        missing = "" if _VERSION.search(text) else f'\\version "{default}"\n'
        path.write_text(missing + text, encoding="utf-8")
    convert(files)
    for path in files:
        text = path.read_text(encoding="utf-8")
        for pattern, new in REPLACEMENTS:
            text = pattern.sub(new, text)
        path.write_text(text, encoding="utf-8")


def _with_includes(main: Path, work: Path) -> list[Path]:
    """``main`` and the files below ``work`` that it includes, theirs too; LilyPond's own are left out."""
    found = [main]
    for path in found:  # grows on the way
        for name in _INCLUDE.findall(_read(path)):
            places = [(folder / name).resolve() for folder in (path.parent, path.parent.parent)]
            here = [place for place in places if place.is_file() and place.is_relative_to(work)]
            found += [place for place in here[:1] if place not in found]
    return found


def _read(path: Path) -> str:
    """The text of a file; the oldest are Latin-1."""
    content = path.read_bytes().replace(b"\r\n", b"\n")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
