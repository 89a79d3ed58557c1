"""LilyPond sources of the Mutopia project, copied into a work folder and made ready for a present LilyPond."""

import re
import shutil
from collections.abc import Iterator
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
    (re.compile(r"^\s*paper-(?:width|height)\s*=.*$", re.MULTILINE), ""),
)


def copy_source(root: Path, path: str, work: Path) -> Path:
    """Copy the folder of the piece at ``path`` below ``root`` into ``work``; the copy of the file itself.

    Mutopia keeps a piece in ``ftp/<composer>/<work>/<piece>/``, and files include others from all over that folder.

    Raises:
        DataError: the file is missing.
    """
    source = root / path
    if not source.is_file():
        raise DataError(f"{path}: not in the source folder; it must hold ftp/ of the Mutopia project")
    depth = min(4, len(Path(path).parts) - 1)
    home = Path(*Path(path).parts[:depth])
    shutil.copytree(root / home, work / home, copy_function=shutil.copyfile)
    return work / path


def prepare(main: Path) -> None:
    """Bring ``main`` and what it includes up to date, strip repeats that only sound, and force A4. In place.

    Raises:
        DataError: a file cannot be converted.
        MissingDependencyError: convert-ly is not installed.
    """
    files = list(dict.fromkeys(_with_includes(main)))
    texts = {path: _read(path) for path in files}
    stated = _VERSION.search(texts[main])
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


def _with_includes(path: Path) -> Iterator[Path]:
    """``path`` and the files it includes, theirs too; LilyPond's own files left out."""
    yield path
    for name in _INCLUDE.findall(_read(path)):
        for folder in (path.parent, *path.parent.parents[:1]):
            included = folder / name
            if included.is_file() and included.resolve() != path.resolve():
                yield from _with_includes(included)
                break


def _read(path: Path) -> str:
    """The text of a file; the oldest are Latin-1."""
    content = path.read_bytes().replace(b"\r\n", b"\n")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
